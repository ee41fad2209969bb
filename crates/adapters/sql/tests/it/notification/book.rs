//! Stores, bookings and customers, as they are told of.

use crate::booking::ground::{Ground, change};
use chrono::{DateTime, TimeDelta};
use musubi_booking::booking::Status;
use musubi_booking::change::ChangeKind;
use musubi_booking::reach::Reach;
use musubi_catalog::store::{Store, StoresScope};
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Actor, Caller, Permission, StoreScope};
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_kernel::locale::Locale;
use musubi_kernel::secret::Secret;
use musubi_notification::channel::Channel;
use musubi_notification::chat::ports::{ChatStore as _, Code};
use musubi_notification::consent::token;
use musubi_notification::event::BookingEventKind;
use musubi_notification::facts::{Author, BookingLinks, BookingStatus, Links, Unsubscribe, UnsubscribeLinks};
use musubi_notification::kind::NotificationKind;
use musubi_notification::ports::Book as _;
use musubi_sql::notification::{SqlBook, SqlChats};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::json;
use std::sync::Arc;

on_each_engine!(
    a_house_stands_as_it_was_set,
    a_booking_has_its_history,
    addresses_are_those_that_the_store_has_set_up,
    whoever_shows_a_code_of_a_booking_is_told_of_it,
    a_booking_has_its_links_where_there_are_pages,
    customers_come_in_order_with_where_they_take_their_consent_back,
);

fn book(test: &TestDb, texts: bool) -> SqlBook {
    SqlBook::new(test.store(), Arc::new(SystemIds), texts)
}

async fn set(ground: &Ground, scope: &StoreScope, members: serde_json::Value) {
    let house = ground.house.as_ref().unwrap();
    let stores: StoresScope = Actor::System.on_tenant(scope.tenant(), Permission::TenantWrite).unwrap().into();
    let keeper = house.keeper::<Store>();
    let changed = keeper.update(&house.caller, &stores, scope.store(), None, |store| {
        let mut details = store.details.clone();
        details.is_active = members["is_active"].as_bool().unwrap_or(true);
        details.display_name = members["display_name"].as_str().map(str::to_owned);
        details.notification_settings = members["notification_settings"].as_object().cloned();
        details.line_integration_active = members["line"].as_bool().unwrap_or(false);
        details.line_access_token = members["token"].as_str().map(Secret::new);
        Ok(details)
    });
    changed.await.unwrap();
}

async fn a_house_stands_as_it_was_set(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let book = book(&test, true);
    let house = book.house(&ground.ours).await.unwrap().unwrap();
    assert_eq!((house.store, house.name.as_str(), house.email), (ground.ours.store(), "Salon", None));
    assert!(house.settings.tells(NotificationKind::Reminder) && house.settings.reminder_hours_before == 24);
    set(&ground, &ground.ours, json!({ "display_name": "花", "notification_settings": { "language": "en", "kinds": { "reminder": { "enabled": false } } } })).await;
    let house = book.house(&ground.ours).await.unwrap().unwrap();
    assert_eq!((house.name.as_str(), house.settings.language), ("花", Locale::En));
    assert!(!house.settings.tells(NotificationKind::Reminder));
    set(&ground, &ground.ours, json!({ "is_active": false })).await;
    assert_eq!(book.house(&ground.ours).await, Ok(None));
}

async fn a_booking_has_its_history(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let book = book(&test, true);
    let booking = ground.booking();
    let mut unit = ground.unit(&ground.ours).await;
    unit.insert(&booking, &Secret::new("manage")).await.unwrap();
    let (made, record) = change(&booking, ChangeKind::Create);
    unit.note(&booking, &made, &record).await.unwrap();
    unit.commit(&[]).await.unwrap();
    let facts = book.booking(&ground.ours, booking.id).await.unwrap().unwrap();
    assert_eq!((facts.now.status, facts.now.terms.start), (BookingStatus::Confirmed, booking.starts_at()));
    assert_eq!((facts.history.len(), facts.addressee.customer), (1, booking.customer));
    let step = &facts.history[0];
    assert_eq!((step.kind, step.at, step.by), (BookingEventKind::Created, made.at, Author::Staff));
    assert_eq!(step.after, facts.now, "events, history and booking tell the same");

    let present = ground.store.find(&ground.ours, booking.id, Reach::Store).await.unwrap().unwrap();
    let at = booking.updated_at + chrono::TimeDelta::minutes(1);
    let cancelled = musubi_booking::booking::Booking {
        status: Status::Cancelled { at, reason: None },
        version: 2,
        updated_at: at,
        ..present.clone()
    };
    let mut unit = ground.unit(&ground.ours).await;
    unit.save(&present, &cancelled).await.unwrap();
    let (mut done, record) = change(&cancelled, ChangeKind::Cancel);
    done.before = Some(present.public_record());
    unit.note(&cancelled, &done, &record).await.unwrap();
    unit.commit(&[]).await.unwrap();
    let facts = book.booking(&ground.ours, booking.id).await.unwrap().unwrap();
    assert_eq!((facts.now.status, facts.history.len()), (BookingStatus::Cancelled, 2));
    assert_eq!(facts.history[1].before.as_ref(), Some(&facts.history[0].after));
    assert_eq!(book.booking(&ground.theirs, booking.id).await, Ok(None));
}

async fn addresses_are_those_that_the_store_has_set_up(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let details = CustomerDetails {
        line_user_id: Some("U1".into()),
        email: Some("hanako@example.jp".parse().unwrap()),
        phone: Some("090-1234-5678".parse().unwrap()),
        notification_settings:
            json!({ "language": "en", "channels": { "sms": false }, "kinds": { "promotional": true } })
                .as_object()
                .cloned(),
        ..CustomerDetails::named("花子")
    };
    let house = ground.house.as_ref().unwrap();
    let customer = house.customer(&ground.ours, details.clone()).await;
    let landline =
        CustomerDetails { phone: Some("03-1234-5678".parse().unwrap()), line_user_id: None, ..details.clone() };
    let landline = house.customer(&ground.ours, landline).await;
    let gone = CustomerDetails { is_active: false, line_user_id: Some("U2".into()), ..details };
    let gone = house.customer(&ground.ours, gone).await;
    let on = async |texts, id| {
        let found = book(&test, texts).customer(&ground.ours, id).await.unwrap().unwrap();
        let open = Channel::ALL.iter().filter(|channel| found.addresses.on(**channel).is_some());
        open.map(|channel| channel.code()).collect::<Vec<_>>()
    };
    assert_eq!(on(false, customer).await, ["email"]);
    assert_eq!(on(true, customer).await, ["email", "sms"]);
    assert_eq!(on(true, landline).await, ["email"]);
    assert_eq!(on(true, gone).await, [""; 0]);
    let in_use = async |id| book(&test, true).customer(&ground.ours, id).await.unwrap().unwrap().in_use;
    assert_eq!((in_use(customer).await, in_use(gone).await), (true, false));
    set(&ground, &ground.ours, json!({ "line": true })).await;
    assert_eq!(on(false, customer).await, ["email"], "without an access token nothing can be sent");
    set(&ground, &ground.ours, json!({ "line": true, "token": "t" })).await;
    assert_eq!(on(false, customer).await, ["line", "email"]);
    let chats = SqlChats::new(test.store(), Arc::new(SystemIds));
    for (second, blocked, expected) in [(1, true, &["email"][..]), (2, false, &["line", "email"])] {
        chats.mark(&ground.ours, "U1", blocked, DateTime::UNIX_EPOCH + TimeDelta::seconds(second)).await.unwrap();
        assert_eq!(on(false, customer).await, expected);
    }
    let found = book(&test, true).customer(&ground.ours, customer).await.unwrap().unwrap();
    assert_eq!((found.name.as_deref(), found.preferences.language), (Some("花子"), Some(Locale::En)));
    assert!(found.agrees_to_offers && !found.preferences.take(Channel::Sms));
    assert_eq!(book(&test, true).customer(&ground.theirs, customer).await, Ok(None));
}

async fn whoever_shows_a_code_of_a_booking_is_told_of_it(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let bookings = [ground.booking(), ground.booking()];
    for booking in &bookings {
        ground.insert(booking).await;
    }
    set(&ground, &ground.ours, json!({ "line": true, "token": "t" })).await;
    let (chats, book) = (SqlChats::new(test.store(), Arc::new(SystemIds)), book(&test, false));
    let (now, booking) = (bookings[0].created_at, bookings[0].id);
    let code = Code {
        id: SystemIds.uuid(now),
        digest: [1; 32],
        booking,
        customer: None,
        created_at: now,
        expires_at: now + TimeDelta::minutes(1),
    };
    chats.put_code(&ground.ours, &code).await.unwrap();
    chats.redeem(&ground.ours, &[1; 32], "U7", &Caller::system(), now).await.unwrap();
    let of = async |id| book.booking(&ground.ours, id).await.unwrap().unwrap().addressee.addresses.line;
    assert_eq!(of(booking).await.as_deref(), Some("U7"));
    assert_eq!(of(bookings[1].id).await, None, "nothing else is theirs");
    let customer = book.customer(&ground.ours, ground.customer).await.unwrap().unwrap();
    assert_eq!(customer.addresses.line, None);
    chats.mark(&ground.ours, "U7", true, now).await.unwrap();
    assert_eq!(of(booking).await, None);
}

async fn a_booking_has_its_links_where_there_are_pages(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let bookings = [ground.booking(), ground.booking()];
    for booking in &bookings {
        ground.insert(booking).await;
    }
    let [booking, older] = bookings.map(|booking| booking.id);
    let older_row = Query::update()
        .table("bookings")
        .value("manage_token", None::<Vec<u8>>)
        .and_where(Expr::col("id").eq(older.0))
        .to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&older_row).await.unwrap();
    tx.commit().await.unwrap();
    let pages: Links = Arc::new(|token| {
        let page = |name: &str| format!("{name}:{}", token.expose());
        BookingLinks { page: page("page"), calendar: page("calendar"), cancel: page("cancel") }
    });
    let none: UnsubscribeLinks = Arc::new(|_| Unsubscribe::default());
    for (links, id, found) in
        [(None, booking, None), (Some(pages.clone()), older, None), (Some(pages), booking, Some("page:manage"))]
    {
        let facts =
            book(&test, false).with_links(links, none.clone()).booking(&ground.ours, id).await.unwrap().unwrap();
        assert_eq!(facts.links.as_ref().map(|links| links.page.as_str()), found);
        assert!(!format!("{facts:?}").contains("page:manage"));
    }
}

async fn customers_come_in_order_with_where_they_take_their_consent_back(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let house = ground.house.as_ref().unwrap();
    let mut all = vec![ground.customer];
    for n in 0..4 {
        let details = CustomerDetails { is_active: n != 2, ..CustomerDetails::named("花子") };
        let id = house.customer(&ground.ours, details).await;
        all.extend((n != 2).then_some(id));
    }
    house.customer(&ground.theirs, CustomerDetails::named("太郎")).await;
    let visited = instant("2026-03-01T00:00:00Z");
    let visit = Query::update()
        .table("customers")
        .value("last_visit_at", visited)
        .and_where(Expr::col("id").eq(all[1].0))
        .to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&visit).await.unwrap();
    tx.commit().await.unwrap();
    all.sort_unstable();
    let links: UnsubscribeLinks =
        Arc::new(|token| Unsubscribe { page: Some(token.expose().to_owned()), one_click: None });
    let book = book(&test, false).with_links(None, links);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let lot = book.customers(&ground.ours, after, 3).await.unwrap();
        assert!(lot.len() <= 3);
        let Some(last) = lot.last() else { break };
        after = Some(last.addressee.customer);
        seen.extend(lot);
    }
    assert_eq!(seen.iter().map(|one| one.addressee.customer).collect::<Vec<_>>(), all);
    assert_eq!(seen.iter().filter(|one| one.last_visit_at == Some(visited)).count(), 1);
    for one in &seen {
        let token = token(&*test.store().cipher, ground.ours.store(), one.addressee.customer);
        assert_eq!(one.addressee.unsubscribe.page.as_deref(), Some(token.expose()));
        assert_eq!(book.customer(&ground.ours, one.addressee.customer).await.unwrap().as_ref(), Some(&one.addressee));
    }
}

fn instant(text: &str) -> DateTime<chrono::Utc> {
    text.parse().unwrap()
}
