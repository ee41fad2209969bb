//! `/v1/me/two-factor`

use crate::access::PersonAccess;
use crate::body::Body;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use musubi_crypto::QrCode;
use musubi_identity::people::two_factor::{Enrolment, TwoFactorStatus};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(begin, disable))
        .routes(routes!(confirm))
        .routes(routes!(renew_recovery_codes))
}

/// How a person's second factor stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TwoFactor)]
struct StatusView {
    /// Since when a code of the authenticator app is asked for; null: it is not.
    #[schema(required)]
    active_since: Option<DateTime<Utc>>,
    /// How many passkeys there are; one of them, or the app, is asked for.
    passkeys: usize,
    /// How many recovery codes are left.
    recovery_codes_left: usize,
    /// Whether codes of the app are no longer taken, as too many in a row were wrong; mailed ones are not
    /// either. A passkey or a recovery code is.
    is_blocked: bool,
}

impl From<TwoFactorStatus> for StatusView {
    fn from(status: TwoFactorStatus) -> Self {
        let TwoFactorStatus { active_since, passkeys, recovery_codes_left, is_blocked } = status;
        Self { active_since, passkeys, recovery_codes_left, is_blocked }
    }
}

/// See one's second factor
#[utoipa::path(get, path = "/v1/me/two-factor", operation_id = "get_two_factor", tag = "me",
    responses((status = 200, body = StatusView)))]
async fn status(State(app): State<App>, me: PersonAccess) -> Result<Json<StatusView>, Problem> {
    Ok(Json(app.people.two_factor(&me.scope.into()).await?.into()))
}

/// What an authenticator app needs. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpEnrolment)]
struct EnrolmentView {
    /// To be typed into the app: base 32.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same as the address that the QR codes hold.
    #[schema(
        example = "otpauth://totp/Musubi:hanako%40example.jp?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Musubi"
    )]
    otpauth_uri: String,
    /// The QR code as an SVG image.
    qr_svg: String,
    /// The QR code as a PNG image, in base 64.
    qr_png: String,
}

impl TryFrom<Enrolment> for EnrolmentView {
    type Error = Problem;

    fn try_from(Enrolment { secret, uri }: Enrolment) -> Result<Self, Problem> {
        let code = QrCode::of(&uri).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Self {
            secret: secret.expose().to_owned(),
            otpauth_uri: uri.expose().to_owned(),
            qr_svg: code.to_svg(),
            qr_png: STANDARD.encode(code.to_png()),
        })
    }
}

/// Begin to set up an authenticator app
///
/// It is asked for once a code of it has been confirmed.
#[utoipa::path(post, path = "/v1/me/two-factor/totp", operation_id = "begin_totp", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    responses((status = 200, body = EnrolmentView)))]
async fn begin(State(app): State<App>, me: PersonAccess) -> Result<Json<EnrolmentView>, Problem> {
    Ok(Json(app.people.begin_two_factor(&me.caller, &me.scope).await?.try_into()?))
}

/// What the app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "123456" }))]
struct TotpCode {
    /// Six digits.
    #[schema(value_type = String)]
    code: Secret,
}

/// Recovery codes. They are shown this once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each is good once, in the place of the app or a passkey.
    #[schema(example = json!(["7ZK4M-0Q1XP"]))]
    recovery_codes: Vec<String>,
}

impl From<Vec<Secret>> for RecoveryCodes {
    fn from(codes: Vec<Secret>) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().to_owned()).collect() }
    }
}

/// Confirm one's authenticator app
///
/// From now on it is asked for at every sign-in. The answer has recovery codes, for the day when the phone is lost.
#[utoipa::path(post, path = "/v1/me/two-factor/totp/confirm", operation_id = "confirm_totp", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    request_body = TotpCode, responses((status = 200, body = RecoveryCodes)))]
async fn confirm(
    State(app): State<App>,
    me: PersonAccess,
    Body(TotpCode { code }): Body<TotpCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    Ok(Json(app.people.confirm_two_factor(&me.caller, &me.scope, &code).await?.into()))
}

/// Do without one's authenticator app
///
/// Recovery codes are void unless there are passkeys, and the person is told.
#[utoipa::path(delete, path = "/v1/me/two-factor/totp", operation_id = "disable_totp", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    responses((status = 204, description = "It is not asked for any more")))]
async fn disable(State(app): State<App>, me: PersonAccess) -> Result<StatusCode, Problem> {
    app.people.disable_two_factor(&me.caller, &me.scope).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get new recovery codes
///
/// All earlier ones are void, and the person is told. Needs a proof of the last ten minutes.
#[utoipa::path(post, path = "/v1/me/recovery-codes", operation_id = "renew_recovery_codes", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    responses((status = 200, body = RecoveryCodes)))]
async fn renew_recovery_codes(State(app): State<App>, me: PersonAccess) -> Result<Json<RecoveryCodes>, Problem> {
    Ok(Json(app.people.renew_recovery_codes(&me.caller, &me.scope).await?.into()))
}
