//! Ids and dates in paths. A malformed one is 400 with the pointer `{name}`: it cannot be the id of anything.

use crate::problem::Problem;
use crate::query::{date_of, uuid_of};
use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use chrono::NaiveDate;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{
    AbsenceId, AdminUserId, ApiKeyId, BookingId, CustomerId, DeliveryId, EndpointId, MenuId, MenuOptionId,
    NotificationId, OneTimeTokenId, PasskeyId, PromotionId, ResourceId, SessionId, SignInAccountId, StaffAccountId,
    StoreId, TemplateId, TenantId, UserId,
};
use uuid::Uuid;

/// An id that has a name in paths.
pub trait PathId: From<Uuid> + Send {
    /// Its name there.
    const NAME: &'static str;
}

macro_rules! path_ids {
    ($($id:ident = $name:literal),+ $(,)?) => {$(
        impl PathId for $id {
            const NAME: &'static str = $name;
        }
    )+};
}

path_ids! {
    AbsenceId = "absence_id",
    AdminUserId = "admin_id",
    ApiKeyId = "key_id",
    BookingId = "booking_id",
    CustomerId = "customer_id",
    DeliveryId = "delivery_id",
    EndpointId = "endpoint_id",
    MenuId = "menu_id",
    MenuOptionId = "option_id",
    NotificationId = "notification_id",
    OneTimeTokenId = "invitation_id",
    PasskeyId = "passkey_id",
    PromotionId = "promotion_id",
    ResourceId = "resource_id",
    SessionId = "session_id",
    SignInAccountId = "account_id",
    StaffAccountId = "staff_id",
    StoreId = "store_id",
    TemplateId = "template_id",
    TenantId = "tenant_id",
    UserId = "user_id",
}

/// The id of that type in the path.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = segment(parts, T::NAME).await?.and_then(|text| uuid_of(&text));
        let id = id.ok_or_else(|| Invalid::one(format!("{{{}}}", T::NAME), "bad_format", "must be a UUID"))?;
        Ok(Self(T::from(id)))
    }
}

/// The `{date}` in the path.
#[derive(Debug, Clone, Copy)]
pub struct Date(pub NaiveDate);

impl<S: Send + Sync> FromRequestParts<S> for Date {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let date = segment(parts, "date").await?.and_then(|text| date_of(&text));
        let date =
            date.ok_or_else(|| Invalid::one("{date}", "bad_format", "must be a date that exists, YYYY-MM-DD"))?;
        Ok(Self(date))
    }
}

/// A segment of the path, decoded. A segment that is not UTF-8 is refused.
pub(crate) async fn segment(parts: &mut Parts, name: &str) -> Result<Option<String>, Problem> {
    let segments: RawPathParams =
        parts.extract().await.map_err(|_| Invalid::one("{}", "bad_format", "the path is not UTF-8"))?;
    Ok(segments.iter().find(|(given, _)| *given == name).map(|(_, value)| value.to_owned()))
}
