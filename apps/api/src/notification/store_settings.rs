//! `/v1/stores/{store_id}/notification-settings`

use crate::access::{CatalogRead, CatalogWrite, StoreAccess};
use crate::body::Body;
use crate::catalog::stores::checked;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use crate::version::{IfMatch, tagged};
use axum::extract::State;
use axum::response::Response;
use musubi_catalog::store::{Store, StoreDetails};
use musubi_kernel::check::JsonObject;
use musubi_kernel::id::StoreId;
use musubi_kernel::locale::Locale;
use musubi_kernel::wall_time::WallTime;
use musubi_notification::channel::Channel;
use musubi_notification::kind::NotificationKind;
use musubi_notification::settings::{Columns, StoreSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

const fn yes() -> bool {
    true
}

const fn a_day() -> i32 {
    24
}

/// What a store decides about its notifications.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "send_booking_notifications": true,
    "send_reminder_notifications": true,
    "reminder_hours_before": 24,
    "notification_settings": {
        "language": "ja",
        "channels": ["line", "email"],
        "kinds": { "reminder": { "channels": ["line", "sms"] } },
        "quiet_hours": { "from": "22:00", "to": "07:30" },
        "rate_per_minute": 60
    }
}))]
struct StoreNotificationSettings {
    /// Whether customers are told what becomes of their bookings.
    #[serde(default = "yes")]
    send_booking_notifications: bool,
    /// Whether customers are reminded.
    #[serde(default = "yes")]
    send_reminder_notifications: bool,
    /// How many hours before a booking they are, 0 to 720; 0: not at all.
    #[serde(default = "a_day")]
    reminder_hours_before: i32,
    /// `language`, `sender_name`, `channels`, `kinds`, `quiet_hours`, `rate_per_minute`; what is absent is as usual.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    notification_settings: Option<JsonObject>,
}

/// What a store has decided about its notifications.
#[derive(Debug, Serialize, ToSchema)]
struct StoreNotificationSettingsView {
    /// Whether customers are told what becomes of their bookings.
    send_booking_notifications: bool,
    /// Whether customers are reminded.
    send_reminder_notifications: bool,
    /// How many hours before a booking they are; 0: not at all.
    reminder_hours_before: i32,
    /// What else is decided; null: nothing.
    #[schema(value_type = Option<Object>, required)]
    notification_settings: Option<JsonObject>,
    /// What counts, with all that is usual where nothing is decided.
    in_force: InForce,
    /// The store's version.
    version: i64,
}

/// What counts for a store's notifications.
#[derive(Debug, Serialize, ToSchema)]
struct InForce {
    /// The language of customers who have not chosen one.
    language: Locale,
    /// What messages are signed with.
    sender_name: String,
    /// When what can wait does; null: never.
    #[schema(required)]
    quiet_hours: Option<Quiet>,
    /// The most messages of a minute.
    rate_per_minute: u32,
    /// Each kind of notification, and what counts for it.
    kinds: BTreeMap<&'static str, KindInForce>,
}

/// Quiet hours on the clocks of the store's zone.
#[derive(Debug, Serialize, ToSchema)]
struct Quiet {
    /// When they begin.
    from: WallTime,
    /// When they end.
    to: WallTime,
}

/// What counts for one kind of notification.
#[derive(Debug, Serialize, ToSchema)]
struct KindInForce {
    /// Whether customers are told such things.
    enabled: bool,
    /// By which channels, in this order.
    channels: Vec<Channel>,
}

impl InForce {
    fn of(details: &StoreDetails) -> Self {
        let columns = Columns {
            send_booking_notifications: details.send_booking_notifications,
            send_reminder_notifications: details.send_reminder_notifications,
            reminder_hours_before: details.reminder_hours_before.try_into().unwrap_or(0),
        };
        let settings = StoreSettings::of(details.notification_settings.as_ref(), columns);
        let of = |kind| KindInForce { enabled: settings.tells(kind), channels: settings.channels(kind).to_vec() };
        Self {
            language: settings.language,
            sender_name: settings.sender_name.clone().unwrap_or_else(|| details.name.clone()),
            quiet_hours: settings.quiet_hours.map(|quiet| Quiet { from: quiet.from(), to: quiet.to() }),
            rate_per_minute: settings.rate_per_minute,
            kinds: NotificationKind::ALL.iter().map(|kind| (kind.code(), of(*kind))).collect(),
        }
    }
}

fn show(store: &Store) -> Response {
    let in_force = InForce::of(&store.details);
    let StoreDetails {
        send_booking_notifications,
        send_reminder_notifications,
        reminder_hours_before,
        notification_settings,
        ..
    } = store.details.clone();
    let view = StoreNotificationSettingsView {
        send_booking_notifications,
        send_reminder_notifications,
        reminder_hours_before,
        notification_settings,
        in_force,
        version: store.version,
    };
    tagged(store.version, &view)
}

/// Read what a store decides about its notifications
#[utoipa::path(get, path = "/v1/stores/{store_id}/notification-settings", operation_id = "get_notification_settings",
    tag = "notification-settings", params(("store_id" = StoreId, Path)),
    responses((status = 200, body = StoreNotificationSettingsView)))]
async fn get(State(app): State<App>, at: StoreAccess<CatalogRead>, Id(id): Id<StoreId>) -> Result<Response, Problem> {
    Ok(show(&app.catalog.stores.get(&at.scope.into(), id).await?))
}

/// Set what a store decides about its notifications
///
/// What the body does not name is as by default. The version is the store's.
#[utoipa::path(put, path = "/v1/stores/{store_id}/notification-settings", operation_id = "put_notification_settings",
    tag = "notification-settings", params(("store_id" = StoreId, Path)), request_body = StoreNotificationSettings,
    responses((status = 200, body = StoreNotificationSettingsView)))]
async fn put(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<StoreId>,
    expected: IfMatch,
    Body(new): Body<StoreNotificationSettings>,
) -> Result<Response, Problem> {
    let revision = |present: &Store| {
        let new = new.clone();
        let details = StoreDetails {
            send_booking_notifications: new.send_booking_notifications,
            send_reminder_notifications: new.send_reminder_notifications,
            reminder_hours_before: new.reminder_hours_before,
            notification_settings: new.notification_settings,
            ..present.details.clone()
        };
        checked(&details)?;
        Ok(details)
    };
    Ok(show(&app.catalog.stores.update(&at.caller, &at.scope.into(), id, expected.0, revision).await?))
}
