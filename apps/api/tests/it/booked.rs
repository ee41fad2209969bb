//! A shop with a booking and a hold.

use crate::app::TestApp;
use crate::shop::Shop;
use serde_json::{Value, json};
use std::ops::Deref;

/// A shop with a booking at noon of Friday, 2026-03-20, in Tokyo, and a hold two hours later; further starts are free.
pub(crate) struct Booked {
    shop: Shop,
    booking: String,
    manage_token: String,
    hold_token: String,
}

impl Deref for Booked {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl Booked {
    /// Opens a shop whose booking is confirmed.
    pub(crate) async fn open(app: &TestApp, slug: &str) -> Self {
        Self::with(app, slug, "auto").await
    }

    /// Opens a shop whose booking still waits for the store's word.
    pub(crate) async fn pending(app: &TestApp, slug: &str) -> Self {
        Self::with(app, slug, "manual").await
    }

    async fn with(app: &TestApp, slug: &str, mode: &str) -> Self {
        let shop = Shop::open(app, slug).await;
        let settings = json!({ "booking_mode": mode, "line_integration_active": true,
            "line_access_token": "token", "line_channel_secret": "secret" });
        app.patch(shop.at(""), &settings).send().await.is(200);
        app.patch(shop.at(&format!("/menus/{}", shop.menu)), &json!({ "cancellation_hours": 0 })).send().await.is(200);
        let mut wish = json!({ "menu_id": shop.menu, "start": "2026-03-20T05:00:00Z" });
        let hold = app.post(shop.at("/holds"), &wish).anonymous().send().await.is(201).body;
        wish["start"] = json!("2026-03-20T03:00:00Z");
        wish["customer"] = json!({ "name": "鈴木 次郎", "phone": "080-1111-2222" });
        let booking = app.post(shop.at("/bookings"), &wish).anonymous().send().await.is(201);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (manage_token, hold_token) = (text(&booking.body["manage_token"]), text(&hold["hold_token"]));
        Self { booking: booking.id(), manage_token, hold_token, shop }
    }

    /// The address of an operation on the shop's things.
    pub(crate) fn address(&self, path: &str) -> String {
        let parts = path.split(['{', '}']).enumerate();
        parts.map(|(index, part)| if index % 2 == 0 { part } else { self.parameter(part) }).collect()
    }

    /// What a query asks for.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        match name {
            "tenant_id" => Some(&self.tenant),
            "menu_id" => Some(&self.menu),
            "year" => Some("2026"),
            "from" => Some("2026-03-20"),
            "to" => Some("2026-03-21"),
            _ => None,
        }
    }

    fn parameter(&self, name: &str) -> &str {
        match name {
            "booking_id" => &self.booking,
            "manage_token" => &self.manage_token,
            "hold_token" => &self.hold_token,
            other => self.shop.parameter(other),
        }
    }

    /// A body that an operation would take, so that nothing but access can stand in the way.
    pub(crate) fn body(&self, operation: &str) -> Option<Value> {
        Some(match operation {
            "create_tenant" | "create_resource" | "create_menu_option" | "create_customer" => json!({ "name": "結び" }),
            "create_store" => {
                let mut store = crate::shop::new_store(&format!("{}-two", self.slug));
                store["tenant_id"] = json!(self.tenant);
                store
            }
            "create_notification_template" | "preview_notification_template" => json!({
                "template_type": "reminder", "channel": "email", "name": "x", "subject": "{{ day }}", "content": "{{ time }}" }),
            "create_promotion" => crate::shop::new_promotion(&Value::Null),
            "create_absence" => json!({ "from": "2026-04-01T00:00:00Z", "to": "2026-04-01T01:00:00Z" }),
            "create_menu" => json!({ "name": "Cut", "base_duration": 60, "base_price": 1 }),
            "create_api_key" => json!({ "name": "x", "permissions": ["catalog.read"], "tenant_id": self.tenant }),
            "create_webhook_endpoint" => json!({ "url": "https://hooks.example.jp/two", "events": ["*"] }),
            "renew_webhook_secret" => json!({ "overlap_hours": 1 }),
            "replay_webhook_range" => json!({ "since": "2026-03-19T00:00:00Z", "until": "2026-03-21T00:00:00Z" }),
            "hold_slot" => json!({ "menu_id": self.menu, "start": "2026-03-20T07:00:00Z" }),
            "create_booking" => json!({ "menu_id": self.menu, "start": "2026-03-20T09:00:00Z",
                "customer": { "name": "田中 三郎", "phone": "080-3333-4444" } }),
            "cancel_booking" => json!({ "reason": "ill" }),
            "reschedule_booking" => json!({ "reason": "asked", "start": "2026-03-20T11:00:00Z" }),
            "reschedule_own_booking" => json!({ "start": "2026-03-20T11:00:00Z" }),
            "cancel_own_booking" | "confirm_booking" | "complete_booking" | "mark_no_show" => json!({}),
            other if other.starts_with("patch_") || other.starts_with("put_") => json!({}),
            _ => return None,
        })
    }
}
