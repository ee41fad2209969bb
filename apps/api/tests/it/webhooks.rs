//! Events to the systems of tenants, from a request to a receiver on this computer.

mod delivering;
mod managing;

use crate::app::TestApp;
use crate::receiver::Heard;
use crate::shop::Shop;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use musubi_kernel::clock::Clock;
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_settings::WebhookSettings;
use musubi_sql_testing::TestDb;
use musubi_worker::engine::{Engine, Limits, Ports, WorkedOff};
use musubi_worker::webhooks;
use serde_json::json;
use sha2::Sha256;
use std::sync::Arc;

/// This computer may be called.
pub(crate) fn settings() -> WebhookSettings {
    WebhookSettings { webhook_networks: vec!["127.0.0.0/8".parse().unwrap()], webhook_seconds: 1 }
}

/// A shop, and the worker beside its application.
struct House {
    app: TestApp,
    shop: Shop,
    worker: Engine,
}

impl House {
    async fn on(db: &TestDb) -> Self {
        let app = TestApp::on(db).await;
        let shop = Shop::open(&app, "shop").await;
        // The endpoint that every shop has is nowhere.
        let own = format!("/v1/tenants/{}/webhook-endpoints/{}/disable", shop.tenant, shop.endpoint);
        app.call(Method::POST, own).send().await.is(200);
        let (ids, clock): (Arc<dyn IdGen>, Arc<dyn Clock>) = (Arc::new(SystemIds), app.clock.clone());
        let work = webhooks::work(&db.store(), &ids, &clock, &settings());
        let store = Arc::new(db.db.clone());
        let ports = Ports { queue: store.clone(), outbox: store.clone(), schedules: store, clock, ids };
        let house = Self { app, shop, worker: Engine::new(ports, work, Limits::default()) };
        house.work().await;
        house
    }

    /// Does all that is due.
    async fn work(&self) -> WorkedOff {
        let done = self.worker.work_off().await.unwrap();
        assert_eq!(done.failed, []);
        done
    }

    async fn book(&self, hour: u32) -> String {
        let wish = json!({ "menu_id": self.shop.menu, "start": format!("2026-03-20T{hour:02}:00:00Z"),
            "customer": { "name": "鈴木 次郎", "phone": "080-1111-2222" } });
        self.app.post(self.shop.at("/bookings"), &wish).anonymous().send().await.is(201).id()
    }
}

/// Whether a call is signed with the secret, and when that was, in seconds.
pub(crate) fn signed(heard: &Heard, secret: &str) -> (bool, i64) {
    let (id, timestamp) = (heard.head("webhook-id"), heard.head("webhook-timestamp"));
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let mac = mac.chain_update(format!("{id}.{timestamp}.{}", heard.body));
    let wanted = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let signatures = heard.head("webhook-signature").split(' ');
    (signatures.into_iter().any(|one| one == wanted), timestamp.parse().unwrap())
}
