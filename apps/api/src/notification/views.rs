//! How notifications look from outside.

use crate::contact::{Showing, Shown, mask};
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::id::{BookingId, CustomerId, NotificationId, PromotionId, StoreId};
use musubi_kernel::locale::Locale;
use musubi_notification::channel::{Channel, Recipient};
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::Notification;
use musubi_notification::notification::status::{Needless, NotificationStatusCode, Status};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that a customer was told, or will be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationView {
    /// Id.
    id: NotificationId,
    /// Which store's.
    store_id: StoreId,
    /// Who is told; absent for who may not read how customers are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<CustomerId>,
    /// About which booking; null: about none.
    #[schema(required)]
    booking_id: Option<BookingId>,
    /// About which promotion; null: about none.
    #[schema(required)]
    promotion_id: Option<PromotionId>,
    /// Of which kind.
    notification_type: NotificationKind,
    /// By which channel it goes, or went.
    channel: Channel,
    /// In which language.
    language: Locale,
    /// Where it goes on the channel; masked for who may not read how customers are reached.
    recipient: String,
    /// Subject, of channels that have one; absent for who may not read how customers are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// What was said; absent while nothing was, and for who may not read how customers are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_content: Option<String>,
    /// What has become of it.
    status: NotificationStatusCode,
    /// When it was meant to be sent.
    scheduled_at: DateTime<Utc>,
    /// Until when it waits; null: it does not.
    #[schema(required)]
    waits_until: Option<DateTime<Utc>>,
    /// From when on it is worth nothing.
    expires_at: DateTime<Utc>,
    /// When the provider took it.
    #[schema(required)]
    sent_at: Option<DateTime<Utc>>,
    /// When it arrived, as the provider says.
    #[schema(required)]
    delivered_at: Option<DateTime<Utc>>,
    /// Why it was called off.
    #[schema(required, value_type = Option<String>)]
    cancel_reason: Option<Needless>,
    /// How often it was tried again.
    retry_count: u32,
    /// What went wrong last.
    #[schema(required)]
    error_message: Option<String>,
    /// Channels that did not work, in order.
    given_up: Vec<GivenUpView>,
    /// When it was planned.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

/// A channel that did not work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenUpView {
    /// Which one.
    channel: Channel,
    /// Why.
    why: String,
}

/// Tells one caller of notifications: to whom they go in full, or masked.
#[derive(Debug, Clone)]
pub(super) struct Teller(Option<Showing>);

impl Teller {
    /// In the answer of this operation.
    pub(super) fn of(caller: &Caller, scope: &StoreScope, operation: &'static str) -> Self {
        Self(Showing::of(caller, scope, operation))
    }

    /// Of which customers these say how they are reached.
    pub(super) fn shown<'a>(&self, all: impl IntoIterator<Item = &'a Notification>) -> Option<Shown> {
        self.0.as_ref()?.to(all.into_iter().map(|one| one.customer))
    }

    /// A notification, as the caller may see it.
    pub(super) fn view(&self, one: Notification) -> NotificationView {
        let clear = self.0.is_some();
        let content = one.content.clone().filter(|_| clear);
        let (subject, message_content) = content.map_or((None, None), |said| (said.subject, Some(said.text)));
        let (waits_until, delivered_at, cancel_reason) = match one.status {
            Status::Pending { until } => (Some(until), None, None),
            Status::Delivered { at, .. } => (None, Some(at), None),
            Status::Cancelled { why, .. } => (None, None, Some(why)),
            Status::Sent { .. } | Status::Failed { .. } => (None, None, None),
        };
        NotificationView {
            id: one.id,
            store_id: one.store,
            customer_id: clear.then_some(one.customer),
            booking_id: one.booking(),
            promotion_id: one.promotion(),
            notification_type: one.kind,
            channel: one.channel(),
            language: one.language,
            recipient: if clear { one.recipient.text() } else { masked(&one.recipient) },
            subject,
            message_content,
            status: one.status.name(),
            scheduled_at: one.scheduled_at,
            waits_until,
            expires_at: one.expires_at,
            sent_at: one.status.sent_at(),
            delivered_at,
            cancel_reason,
            retry_count: one.retry_count(),
            error_message: one.error,
            given_up: one
                .given_up
                .into_iter()
                .map(|gone| GivenUpView { channel: gone.channel, why: gone.why })
                .collect(),
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

fn masked(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Email(address) => mask::email(address.as_str()),
        Recipient::Sms(number) => mask::phone(number),
        Recipient::Line(_) | Recipient::InApp(_) => mask::HIDDEN.to_owned(),
    }
}
