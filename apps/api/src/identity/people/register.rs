//! `/v1/auth/register`, `/v1/auth/verify-email`

use super::views::UserView;
use crate::body::Body;
use crate::caller::CallerOf;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_identity::locale::Locale;
use musubi_identity::people::register::Registration;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(verify_email))
}

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "hanako@example.jp", "password": "correct horse battery", "display_name": "花子"
}))]
#[schema(as = Registration)]
struct Newcomer {
    /// The address to be proven.
    email: String,
    /// 8 to 128 characters of any kind.
    #[schema(value_type = String, format = "password")]
    password: Secret,
    /// What to call them, 1 to 255 characters.
    display_name: String,
    /// In which language they are addressed; by default Japanese.
    #[serde(default)]
    locale: Option<Locale>,
}

/// The address in `text`, for the field at `pointer`.
pub(in crate::identity) fn address(pointer: &str, text: &str) -> Result<EmailAddress, Invalid> {
    text.parse().map_err(|_| Invalid::one(pointer, "bad_email", "must be an e-mail address"))
}

/// Register
///
/// A link is sent to the address; who follows it and shows the password again has an account. The answer is the same when there is one already: then
/// its owner is told.
#[utoipa::path(post, path = "/v1/auth/register", operation_id = "register", tag = "sign-in", security(()),
    request_body = Newcomer, responses((status = 202, description = "A message is on its way")))]
async fn register(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(body): Body<Newcomer>,
) -> Result<StatusCode, Problem> {
    let email = address("/email", &body.email)?;
    let Newcomer { password, display_name, locale, .. } = body;
    let registration = Registration { email, password, locale: locale.unwrap_or_default(), display_name };
    app.people.register(&caller, &registration).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "mso_3q2-7wEAAAD…" }))]
pub(super) struct Link {
    /// What the link carries.
    #[schema(value_type = String)]
    pub(super) token: Secret,
}

/// A registration that is finished.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "mso_3q2-7wEAAAD…", "password": "correct horse battery" }))]
struct Verification {
    /// What the link carries.
    #[schema(value_type = String)]
    token: Secret,
    /// The password that was chosen in this registration.
    #[schema(value_type = String, format = "password")]
    password: Secret,
}

/// Prove one's address
///
/// With the token of the link that `register` sent, and the password that was chosen there: so it is the same person who
/// registers and who reads the mail. Only then is there a person; they sign in next. 422 `wrong_registration_password`
/// leaves the link good; 429 `too_many_attempts` when there were too many.
#[utoipa::path(post, path = "/v1/auth/verify-email", operation_id = "verify_email", tag = "sign-in", security(()),
    request_body = Verification, responses((status = 200, body = UserView)))]
async fn verify_email(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(Verification { token, password }): Body<Verification>,
) -> Result<Response, Problem> {
    Ok(UserView::tagged(app.people.verify_email(&caller, token.expose(), &password).await?))
}
