//! `/v1/stores/{store_id}/customers/{customer_id}/notification-settings`

use crate::access::{CustomerRead, CustomerWrite, StoreAccess};
use crate::body::Body;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use crate::version::{IfMatch, tagged};
use axum::extract::State;
use axum::response::Response;
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::check::JsonObject;
use musubi_kernel::id::{CustomerId, StoreId};
use musubi_kernel::locale::Locale;
use musubi_notification::channel::Channel;
use musubi_notification::preferences::Preferences;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// What a customer decides about what they are told; what is absent is undecided.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({
    "language": "en",
    "channels": { "sms": false },
    "kinds": { "reminder": true, "promotional": false }
}))]
struct CustomerNotificationSettings {
    /// In which language they are addressed: `ja`, `en`; absent: the store's.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// `line`, `email`, `sms`: whether they are told by it; absent: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    channels: Option<JsonObject>,
    /// `reminder`: whether they are reminded; absent: yes. `promotional`: whether they agree to hear of offers; absent: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    kinds: Option<JsonObject>,
}

/// What counts for a customer, whatever they have decided of it.
#[derive(Debug, Serialize, ToSchema)]
struct CustomerNotificationSettingsView {
    /// In which language they are addressed; null: the store's.
    #[schema(required)]
    language: Option<Locale>,
    /// By which channels they may be told.
    channels: ByChannel,
    /// Of what they want to hear.
    kinds: ByKind,
    /// The customer's version.
    version: i64,
}

/// By which channels a customer may be told.
#[derive(Debug, Serialize, ToSchema)]
struct ByChannel {
    /// On LINE.
    line: bool,
    /// By e-mail.
    email: bool,
    /// By text message.
    sms: bool,
}

/// Of what a customer wants to hear.
#[derive(Debug, Serialize, ToSchema)]
struct ByKind {
    /// Of their bookings, before these begin.
    reminder: bool,
    /// Of offers.
    promotional: bool,
}

fn show(customer: &Customer) -> Response {
    let decided = Preferences::of(customer.details.notification_settings.as_ref());
    let view = CustomerNotificationSettingsView {
        language: decided.language,
        channels: ByChannel {
            line: decided.take(Channel::Line),
            email: decided.take(Channel::Email),
            sms: decided.take(Channel::Sms),
        },
        kinds: ByKind { reminder: !decided.declines_reminders, promotional: decided.agrees_to_offers.unwrap_or(false) },
        version: customer.version,
    };
    tagged(customer.version, &view)
}

/// Read what a customer decides about what they are told
#[utoipa::path(get, path = "/v1/stores/{store_id}/customers/{customer_id}/notification-settings",
    operation_id = "get_customer_notification_settings", tag = "customers",
    params(("store_id" = StoreId, Path), ("customer_id" = CustomerId, Path)),
    responses((status = 200, body = CustomerNotificationSettingsView)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    Id(id): Id<CustomerId>,
) -> Result<Response, Problem> {
    Ok(show(&app.customers.get(&at.scope, id).await?))
}

/// Set what a customer decides about what they are told
///
/// What becomes of a booking cannot be declined, but by channel. The version is the customer's.
#[utoipa::path(put, path = "/v1/stores/{store_id}/customers/{customer_id}/notification-settings",
    operation_id = "put_customer_notification_settings", tag = "customers",
    params(("store_id" = StoreId, Path), ("customer_id" = CustomerId, Path)),
    request_body = CustomerNotificationSettings,
    responses((status = 200, body = CustomerNotificationSettingsView)))]
async fn put(
    State(app): State<App>,
    at: StoreAccess<CustomerWrite>,
    Id(id): Id<CustomerId>,
    expected: IfMatch,
    Body(new): Body<CustomerNotificationSettings>,
) -> Result<Response, Problem> {
    let object = match json!(new) {
        Value::Object(object) => object,
        _ => JsonObject::default(),
    };
    Preferences::check(&object, "")?;
    let object = (!object.is_empty()).then_some(object);
    let revision =
        |present: &Customer| Ok(CustomerDetails { notification_settings: object.clone(), ..present.details.clone() });
    Ok(show(&app.customers.update(&at.caller, &at.scope, id, expected.0, revision).await?))
}
