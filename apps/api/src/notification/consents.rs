//! `/v1/public/consents/{consent_token}`: what a customer does with the link in an offer. The token is the credential.

use crate::caller::{CallerOf, unknown};
use crate::path::segment;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::error::EntityError;
use musubi_kernel::secret::Secret;
use musubi_notification::consent::Holder;
use musubi_notification::kind::NotificationKind;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(see, withdraw))
}

/// The token `{consent_token}`, and who shows it: as the customer, with credentials or without.
struct Held {
    token: Secret,
    caller: Caller,
}

impl FromRequestParts<App> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let token = Secret::new(segment(parts, "consent_token").await?.unwrap_or_default());
        Ok(Self { token, caller: Caller { actor: Actor::Public, ..caller } })
    }
}

/// A customer's consent, as the page behind the link shows it.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentView {
    /// What customers call the store.
    store_name: String,
    /// What they agreed to hear of, and would not any more.
    notification_type: NotificationKind,
    /// Whether they agree now.
    agrees: bool,
}

impl From<Holder> for ConsentView {
    fn from(Holder { store_name, agrees, .. }: Holder) -> Self {
        Self { store_name, notification_type: NotificationKind::Promotional, agrees }
    }
}

/// See what one agreed to hear of
///
/// Changes nothing: mail scanners follow links.
#[utoipa::path(get, path = "/v1/public/consents/{consent_token}", operation_id = "see_consent", tag = "public",
    security(()), params(("consent_token" = String, Path)), responses((status = 200, body = ConsentView)))]
async fn see(State(app): State<App>, held: Held) -> Result<Json<ConsentView>, Problem> {
    Ok(Json(app.notifications.consents.see(&held.token).await?.into()))
}

/// Hear of a store's offers no more
///
/// What waits is called off. Once more changes nothing. Mail programs call this with a form (RFC 8058), which need not be there.
#[utoipa::path(post, path = "/v1/public/consents/{consent_token}", operation_id = "withdraw_consent", tag = "public",
    security(()), params(("consent_token" = String, Path)), responses((status = 200, body = ConsentView)))]
async fn withdraw(State(app): State<App>, held: Held) -> Result<Json<ConsentView>, Problem> {
    match app.notifications.consents.withdraw(&held.token, &held.caller).await {
        Ok(holder) => Ok(Json(holder.into())),
        Err(error @ EntityError::NotFound(_)) => Err(unknown(&app, held.caller.ip, error.into()).await),
        Err(error) => Err(error.into()),
    }
}
