//! Who agrees to hear of offers: of whichever store, as the token that names a customer names none.

use crate::SqlStore;
use crate::entities::Stored;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Actor, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::check::JsonObject;
use musubi_kernel::entity::{Entity as _, EntityStore as _};
use musubi_kernel::error::{Failure as _, StoreError};
use musubi_kernel::id::{CustomerId, IdGen};
use musubi_kernel::record::{Change, Record};
use musubi_notification::consent::{ConsentStore, Holder};
use musubi_notification::preferences::Preferences;
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

fn holder(id: CustomerId) -> SelectStatement {
    Query::select()
        .columns([("customers", "id"), ("customers", "tenant_id"), ("customers", "store_id")])
        .columns([("customers", "notification_settings"), ("stores", "name"), ("stores", "display_name")])
        .from("customers")
        .inner_join("stores", Expr::col(("stores", "id")).equals(("customers", "store_id")))
        .and_where(Expr::col(("customers", "id")).eq(id.0))
        .and_where(Expr::col(("customers", "is_active")).eq(true))
        .to_owned()
}

fn agrees(settings: Option<&JsonObject>) -> bool {
    Preferences::of(settings).agrees_to_offers.unwrap_or(false)
}

/// Who agrees to hear of offers, in a database.
#[derive(Clone)]
pub struct SqlConsents {
    store: SqlStore,
    ids: Arc<dyn IdGen>,
}

impl SqlConsents {
    /// Those of this database. Records get ids of `ids`.
    pub fn new(store: SqlStore, ids: Arc<dyn IdGen>) -> Self {
        Self { store, ids }
    }
}

#[async_trait]
impl ConsentStore for SqlConsents {
    async fn holder(&self, customer: CustomerId) -> Result<Option<Holder>, StoreError> {
        let Some(row) = self.store.db.optional(&holder(customer)).await? else { return Ok(None) };
        let row = Stored::of(&row, "customers", &*self.store.cipher)?;
        let at = StoreRef { store: row.id("store_id")?, tenant: row.id("tenant_id")?, open_to_public: false };
        let scope = Actor::System.on_store(&at, Permission::CustomerWrite);
        let scope = scope.map_err(|error| StoreError::Internal(error.code().to_owned()))?;
        let shown: Option<String> = row.get("display_name")?;
        let store_name = shown.map_or_else(|| row.get("name"), Ok)?;
        let settings: Option<JsonObject> = row.json_or_null("notification_settings")?;
        Ok(Some(Holder { scope, store_name, agrees: agrees(settings.as_ref()) }))
    }

    async fn withdraw(
        &self,
        scope: &StoreScope,
        customer: CustomerId,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let customers = self.store.entities::<Customer>();
        let Some(before) = customers.find(scope, customer).await? else { return Ok(()) };
        let settings = before.details.notification_settings.as_ref();
        if !agrees(settings) {
            return Ok(());
        }
        let settings = Some(Preferences::without_offers(settings));
        let after = before.revise(CustomerDetails { notification_settings: settings, ..before.details.clone() }, now);
        let change = Change {
            kind: Cow::Borrowed("customer.consent_withdrawn"),
            subject_kind: Customer::NOUN,
            subject: customer.0,
            tenant: Some(scope.tenant()),
            store: Some(scope.store()),
            caller,
            at: now,
        };
        let told = |agrees: bool, version: i64| json!({ "id": customer, "store_id": scope.store(), "agrees_to_offers": agrees, "version": version });
        let (was, is) = (told(true, before.version), told(false, after.version));
        let record = Record::of(&*self.ids, &change, Some(&was), Some(&is));
        customers.update(scope, &after, &record, None).await
    }
}
