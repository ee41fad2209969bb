//! Routes of notification: what customers and tenants are told.

mod consents;
mod customer_settings;
mod inbox;
mod line;
mod notifications;
mod promotions;
mod signed;
mod sms;
mod store_settings;
mod templates;
mod views;
mod webhooks;

use crate::state::App;
use musubi_notification::chat::intake::Intake;
use musubi_notification::consent::Consents;
use musubi_notification::desk::Desk;
use musubi_notification::inbox::Inbox;
use musubi_notification::promotion::desk::Promotions;
use musubi_notification::sender::Reports;
use musubi_notification::templates::Templates;
use musubi_worker::notifications::reports::SmsReports;
use utoipa_axum::router::OpenApiRouter;

/// The use cases of notifications.
pub struct Notifications {
    /// On what stores have told.
    pub desk: Desk,
    /// On stores' own wordings.
    pub templates: Templates,
    /// On what stores offer.
    pub promotions: Promotions,
    /// On taking back that one agreed to hear of it.
    pub consents: Consents,
    /// On people's own lists.
    pub inbox: Inbox,
    /// On what customers do in their chats with stores.
    pub intake: Intake,
    /// On what providers say later of messages.
    pub reports: Reports,
    /// Who tells so of text messages, if anybody.
    pub sms_reports: Option<SmsReports>,
}

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(store_settings::routes())
        .merge(templates::routes())
        .merge(notifications::routes())
        .merge(promotions::routes())
        .merge(consents::routes())
        .merge(customer_settings::routes())
        .merge(inbox::routes())
        .merge(line::routes())
        .merge(sms::routes())
        .merge(webhooks::routes())
}
