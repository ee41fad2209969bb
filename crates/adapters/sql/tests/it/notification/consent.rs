//! Who agrees to hear of offers.

use super::at;
use crate::booking::ground::Ground;
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::entity::EntityStore as _;
use musubi_kernel::id::SystemIds;
use musubi_notification::consent::ConsentStore as _;
use musubi_sql::notification::SqlConsents;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::{Value, json};
use std::sync::Arc;

on_each_engine!(who_takes_it_back_agrees_no_more, whose_record_is_away_has_nothing_to_take_back);

fn agreeing() -> CustomerDetails {
    let settings = json!({ "language": "en", "kinds": { "promotional": true, "reminder": false } });
    CustomerDetails { notification_settings: settings.as_object().cloned(), ..CustomerDetails::named("花子") }
}

async fn who_takes_it_back_agrees_no_more(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let customer = ground.house.as_ref().unwrap().customer(&ground.ours, agreeing()).await;
    let consents = SqlConsents::new(test.store(), Arc::new(SystemIds));
    let holder = consents.holder(customer).await.unwrap().unwrap();
    assert_eq!((&holder.scope, holder.store_name.as_str(), holder.agrees), (&ground.ours, "Salon", true));
    assert!(!consents.holder(ground.customer).await.unwrap().unwrap().agrees);
    let caller = Caller { actor: Actor::Public, ..Caller::system() };
    for _ in 0..2 {
        consents.withdraw(&ground.ours, customer, &caller, at(0)).await.unwrap();
    }
    consents.withdraw(&ground.theirs, customer, &caller, at(0)).await.unwrap();
    assert!(!consents.holder(customer).await.unwrap().unwrap().agrees);
    let found = test.store().entities::<Customer>().find(&ground.ours, customer).await.unwrap().unwrap();
    let left = json!({ "language": "en", "kinds": { "promotional": false, "reminder": false } });
    assert_eq!((found.version, found.details.notification_settings.map(Value::Object)), (2, Some(left)));
    let query = Query::select()
        .column("after_data")
        .from("audit_log")
        .and_where(Expr::col("action").eq("customer.consent_withdrawn"))
        .to_owned();
    let noted = test.db.all(&query).await.unwrap();
    assert_eq!(noted.len(), 1, "once");
    assert!(noted[0].get::<String>("after_data").unwrap().contains("\"agrees_to_offers\":false"));
}

async fn whose_record_is_away_has_nothing_to_take_back(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let away = CustomerDetails { is_active: false, ..agreeing() };
    let customer = ground.house.as_ref().unwrap().customer(&ground.ours, away).await;
    let consents = SqlConsents::new(test.store(), Arc::new(SystemIds));
    assert_eq!(consents.holder(customer).await, Ok(None));
    assert_eq!(consents.holder(uuid::Uuid::nil().into()).await, Ok(None));
}
