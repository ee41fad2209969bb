//! Booking over HTTP.

mod agreement;
mod calendars;
mod life;
mod lists;
mod malformed;
mod managed;
mod own;
mod public;
mod refusals;
mod repeats;

use crate::app::{Answer, Call, TestApp};
use crate::shop::Shop;
use serde_json::{Value, json};

/// A shop whose Friday, 2026-03-20, is bookable from 10:00 to 26:00 in Tokyo; the clock shows 09:00 there. The one
/// stylist is away on Monday until noon, and the store is closed on the other days.
pub(crate) struct Salon {
    pub(crate) app: TestApp,
    pub(crate) shop: Shop,
}

impl Salon {
    pub(crate) async fn open() -> Self {
        let app = TestApp::new().await;
        let shop = Shop::open(&app, "salon").await;
        let address = json!({ "address": "東京都渋谷区1-2-3, 結びビル; 2F", "display_name": "HANAKO" });
        app.patch(format!("/v1/stores/{}", shop.store), &address).send().await.is(200);
        Self { app, shop }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        self.shop.at(path)
    }

    /// A call of the shop's own key.
    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.app.get(self.at(path)).key(&self.shop.key)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call<'_> {
        self.app.post(self.at(path), body).key(&self.shop.key)
    }

    /// What a booking of the menu at a start needs, for the customer of the shop.
    pub(crate) fn wish(&self, start: &str) -> Value {
        json!({ "menu_id": self.shop.menu, "start": start, "customer_id": self.shop.customer })
    }

    /// The same, of somebody on the public page.
    pub(crate) fn public_wish(&self, start: &str) -> Value {
        json!({ "menu_id": self.shop.menu, "start": start, "customer": { "name": "鈴木 次郎", "phone": "080-1111-2222" } })
    }

    pub(crate) async fn book(&self, start: &str) -> Answer {
        self.post("/bookings", &self.wish(start)).send().await
    }

    /// A step of a booking's life.
    pub(crate) async fn step(&self, booking: &str, step: &str, body: &Value) -> Answer {
        self.post(&format!("/bookings/{booking}/{step}"), body).send().await
    }

    /// Changes the store, or one of its things.
    pub(crate) async fn patch(&self, path: &str, change: &Value) -> Answer {
        self.app.patch(self.at(path), change).send().await.is(200)
    }

    /// The store's menu, changed.
    pub(crate) async fn menu(&self, change: &Value) {
        self.patch(&format!("/menus/{}", self.shop.menu), change).await;
    }

    /// All bookings, as the operator reads them.
    pub(crate) async fn bookings(&self) -> Value {
        self.app.get(self.at("/bookings?limit=200")).send().await.is(200).body
    }

    /// The offered starts of some dates.
    pub(crate) async fn starts(&self, query: &str) -> Vec<String> {
        let path = self.at(&format!("/slots?menu_id={}&{query}", self.shop.menu));
        let answer = self.app.get(path).key(&self.shop.key).send().await.is(200);
        let items = answer.body["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["start"].as_str().expect("a start").to_owned()).collect()
    }
}

/// Noon on Friday in Tokyo.
pub(crate) const NOON: &str = "2026-03-20T03:00:00Z";

/// The members of a list.
#[track_caller]
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A text.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Adds the members of one object to another.
#[track_caller]
pub(crate) fn merge(body: &mut Value, more: &Value) {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
}
