//! Customers are told what becomes of their bookings: from the real router through the worker to those who carry messages.

mod calls;
mod offers;
mod reminders;
mod ways;

use crate::app::{TestApp, instant};
use crate::shop::Shop;
use chrono::TimeDelta;
use musubi_kernel::access::{Actor, Permission, StoreRef, StoreScope};
use musubi_kernel::page::PageRequest;
use musubi_notification::notification::Notification;
use musubi_notification::ports::{NotificationFilter, NotificationStore as _};
use musubi_sql::notification::SqlNotifications;
use musubi_sql_testing::{TestDb, on_each_engine};
use musubi_worker::engine::Engine;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ways::Ways;

on_each_engine!(
    a_booking_is_told_moved_and_reminded_of,
    a_booking_that_is_called_off_reminds_nobody,
    what_line_does_not_take_goes_by_mail,
    a_lost_answer_is_asked_again_with_the_same_key,
    what_has_gathered_goes_out_at_the_stores_rate,
);

/// Monday, 14:00 in Tokyo, three days ahead.
const START: &str = "2026-03-23T05:00:00Z";

/// A shop with a channel at LINE, whose customer is on LINE and reads e-mail; and the worker.
pub(crate) struct Salon {
    pub(crate) app: TestApp,
    pub(crate) shop: Shop,
    pub(crate) ways: Ways,
    pub(crate) customer: String,
    engine: Engine,
    kept: SqlNotifications,
}

impl Salon {
    pub(crate) async fn open(test: &TestDb) -> Self {
        let app = TestApp::on(test).await;
        let ways = Ways::open().await;
        let engine = ways.engine(test, &app);
        engine.work_off().await.unwrap();
        let shop = Shop::open(&app, "salon").await;
        let line = json!({ "line_integration_active": true, "line_access_token": "token", "line_channel_secret": "secret",
            "email": "salon@example.jp" });
        app.patch(shop.at(""), &line).key(&shop.key).send().await.is(200);
        let hanako = json!({ "name": "山田 花子", "line_user_id": "U1", "email": "hanako@example.jp" });
        let customer = app.post(shop.at("/customers"), &hanako).key(&shop.key).send().await.is(201).id();
        let kept = SqlNotifications::new(test.store());
        Self { app, shop, ways, customer, engine, kept }
    }

    /// Books for the customer, as the store.
    pub(crate) async fn book(&self, start: &str) -> String {
        let wish =
            json!({ "menu_id": self.shop.menu, "start": start, "customer_id": self.customer, "source": "phone" });
        self.app.post(self.shop.at("/bookings"), &wish).key(&self.shop.key).send().await.is(201).id()
    }

    async fn step(&self, booking: &str, step: &str, body: Value) {
        let path = self.shop.at(&format!("/bookings/{booking}/{step}"));
        self.app.post(path, &body).key(&self.shop.key).send().await.is(200);
    }

    /// Does all that is due.
    pub(crate) async fn work_off(&self) {
        let done = self.engine.work_off().await.unwrap();
        assert_eq!(done.failed, [], "{done:?}");
    }

    pub(crate) fn scope(&self) -> StoreScope {
        let id = |text: &str| text.parse::<uuid::Uuid>().unwrap();
        let at =
            StoreRef { store: id(&self.shop.store).into(), tenant: id(&self.shop.tenant).into(), open_to_public: true };
        Actor::System.on_store(&at, Permission::BookingRead).unwrap()
    }

    /// Everything that was planned of bookings, the oldest first.
    pub(crate) async fn planned(&self) -> Vec<Notification> {
        let page = PageRequest { limit: 200, after: None };
        let mut all = self.kept.list(&self.scope(), &NotificationFilter::default(), &page).await.unwrap().items;
        all.retain(|one| one.booking().is_some());
        all.reverse();
        all
    }

    /// Those of a kind.
    async fn of_kind(&self, kind: &str) -> Vec<Notification> {
        let mut all = self.planned().await;
        all.retain(|one| one.kind.code() == kind);
        all
    }

    /// Kind and status of that.
    async fn standing(&self) -> Vec<(&'static str, &'static str)> {
        let mut all: Vec<_> =
            self.planned().await.iter().map(|one| (one.kind.code(), one.status.name().code())).collect();
        all.sort_unstable();
        all
    }
}

async fn a_booking_is_told_moved_and_reminded_of(test: TestDb) {
    let salon = Salon::open(&test).await;
    let booking = salon.book(START).await;
    salon.work_off().await;
    let told = salon.ways.line.told();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].path.as_str(), &told[0].body["to"]), ("/v2/bot/message/push", &json!("U1")));
    assert_eq!(told[0].token, "Bearer token");
    assert!(told[0].text().contains("ご予約が確定いたしました"), "{told:#?}");
    assert_eq!(told[0].body["messages"][1]["type"], "flex");
    assert_eq!(salon.standing().await, [("booking_confirmed", "sent"), ("reminder", "pending")]);
    assert_eq!(salon.of_kind("reminder").await[0].scheduled_at, instant(START) - TimeDelta::hours(24));

    let later = json!({ "start": "2026-03-23T07:00:00Z", "reason": "asked" });
    salon.step(&booking, "reschedule", later).await;
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 2);
    let standing =
        [("booking_confirmed", "sent"), ("change_request", "sent"), ("reminder", "cancelled"), ("reminder", "pending")];
    assert_eq!(salon.standing().await, standing);

    // At the time of the first reminder nothing is said; at that of the second, once.
    salon.app.clock.set(instant(START) - TimeDelta::hours(24));
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 2);
    salon.app.clock.set(instant("2026-03-22T07:00:00Z"));
    salon.work_off().await;
    salon.work_off().await;
    let told = salon.ways.line.told();
    assert_eq!(told.len(), 3);
    assert!(told[2].text().contains("明日16:00"), "{told:#?}");
    let keys: BTreeSet<_> = told.iter().map(|one| one.key.clone()).collect();
    assert_eq!(keys.len(), 3, "each has a retry key of its own");
}

async fn a_booking_that_is_called_off_reminds_nobody(test: TestDb) {
    let salon = Salon::open(&test).await;
    let booking = salon.book(START).await;
    salon.work_off().await;
    salon.step(&booking, "cancel", json!({ "reason": "ill" })).await;
    salon.work_off().await;
    assert_eq!(
        salon.standing().await,
        [("booking_cancelled", "sent"), ("booking_confirmed", "sent"), ("reminder", "cancelled")]
    );
    salon.app.clock.set(instant(START));
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 2);
}

async fn what_line_does_not_take_goes_by_mail(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.ways.line.says(403, json!({ "message": "not your friend" }));
    salon.book(START).await;
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 1);
    let mails = salon.ways.mails();
    assert_eq!(mails.len(), 1);
    for part in ["To: hanako@example.jp", "Reply-To: salon@example.jp", "text/html", "text/calendar", "method=PUBLISH"]
    {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    let confirmed = &salon.of_kind("booking_confirmed").await[0];
    assert_eq!((confirmed.channel().code(), confirmed.status.name().code()), ("email", "sent"));
    assert_eq!(confirmed.gone().len(), 1);
    assert!(mails[0].contains(&format!("Message-ID: <{}@example.jp>", confirmed.retry_key)), "{}", mails[0]);
}

async fn a_lost_answer_is_asked_again_with_the_same_key(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.ways.line.says(500, json!({}));
    salon.book(START).await;
    salon.work_off().await;
    assert_eq!(salon.standing().await, [("booking_confirmed", "pending"), ("reminder", "pending")]);
    salon.ways.line.takes();
    salon.app.clock.advance(TimeDelta::seconds(20));
    salon.work_off().await;
    let told = salon.ways.line.told();
    assert_eq!((told.len(), told[0].key.is_empty()), (2, false));
    assert_eq!((&told[0].key, &told[0].body), (&told[1].key, &told[1].body));
    assert_eq!(salon.standing().await, [("booking_confirmed", "sent"), ("reminder", "pending")]);
    assert_eq!(salon.of_kind("booking_confirmed").await[0].tries_in_all, 2);
}

/// The worker was away while customers booked.
async fn what_has_gathered_goes_out_at_the_stores_rate(test: TestDb) {
    let salon = Salon::open(&test).await;
    let settings = json!({ "send_reminder_notifications": false, "notification_settings": { "rate_per_minute": 2 } });
    let path = salon.shop.at("/notification-settings");
    salon.app.put(path, &settings).key(&salon.shop.key).send().await.is(200);
    for start in [START, "2026-03-23T06:00:00Z", "2026-03-23T07:00:00Z", "2026-03-23T08:00:00Z"] {
        salon.book(start).await;
        salon.app.clock.advance(TimeDelta::seconds(1));
    }
    // Two a minute: one each 35 seconds.
    for sent in 1..=4 {
        salon.work_off().await;
        salon.work_off().await;
        assert_eq!(salon.ways.line.told().len(), sent);
        salon.app.clock.advance(TimeDelta::seconds(35));
    }
    let planned: BTreeSet<_> = salon.planned().await.iter().map(|one| one.retry_key.to_string()).collect();
    let told: BTreeSet<_> = salon.ways.line.told().into_iter().map(|one| one.key).collect();
    assert_eq!(told, planned, "each once");
}
