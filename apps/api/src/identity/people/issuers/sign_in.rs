//! `/v1/auth/issuers`

use super::super::delivery::{Delivery, answer};
use super::super::views::SignInView;
use super::binding::{Shown, forgotten, kept};
use super::sign_in_of;
use super::views::{IssuerAnswer, SetOutView};
use crate::body::Body;
use crate::caller::CallerOf;
use crate::origin::FromTrustedPage;
use crate::path::segment;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{AppendHeaders, Response};
use musubi_identity::locale::Locale;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(begin)).routes(routes!(finish)).routes(routes!(id_token))
}

/// A body with a cookie.
pub(super) type WithCookie<T> = (AppendHeaders<Option<(header::HeaderName, HeaderValue)>>, Json<T>);

pub(super) fn with_cookie<T>(cookie: Option<HeaderValue>, body: Json<T>) -> WithCookie<T> {
    (AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie))), body)
}

/// The `{issuer}` in the path.
struct Named(String);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(segment(parts, "issuer").await?.unwrap_or_default()))
    }
}

/// Through whom people may sign in.
#[derive(Serialize, ToSchema)]
struct IssuerList {
    /// The issuers, by name.
    items: Vec<IssuerView>,
}

/// An issuer of OpenID Connect.
#[derive(Serialize, ToSchema)]
#[schema(as = Issuer)]
struct IssuerView {
    /// Its name here, as paths and sign-in accounts have it.
    #[schema(example = "line")]
    name: String,
}

/// List the issuers
///
/// Through whom people may sign in beside their password.
#[utoipa::path(get, path = "/v1/auth/issuers", operation_id = "list_issuers", tag = "sign-in", security(()),
    responses((status = 200, body = IssuerList)))]
async fn list(State(app): State<App>) -> Json<IssuerList> {
    Json(IssuerList { items: app.by_issuer.names().into_iter().map(|name| IssuerView { name }).collect() })
}

/// Where somebody is to come back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "redirect_uri": "https://shop.example.jp/back" }))]
struct WayBack {
    /// One of the addresses of the setting `MUSUBI_OIDC_REDIRECT_URIS`, which the issuer must know too.
    #[schema(max_length = 2000)]
    redirect_uri: String,
}

/// Begin a sign-in through an issuer
///
/// Send the person to `url`. The issuer sends them back to `redirect_uri`; bring what they come back with to `finish`,
/// from the same device.
#[utoipa::path(post, path = "/v1/auth/issuers/{issuer}/begin", operation_id = "begin_issuer_sign_in", tag = "sign-in",
    security(()), params(("issuer" = String, Path, description = "Its name")), request_body = WayBack,
    responses((status = 200, body = SetOutView)))]
async fn begin(
    State(app): State<App>,
    Named(issuer): Named,
    Body(WayBack { redirect_uri }): Body<WayBack>,
) -> Result<WithCookie<SetOutView>, Problem> {
    let out = app.by_issuer.set_out(&issuer, &redirect_uri, None).await.map_err(super::told)?;
    let cookie = kept(&out.binding, out.expires_at - app.clock.now());
    Ok(with_cookie(cookie, Json(out.into())))
}

/// Finish a sign-in through an issuer
///
/// With what the person came back with, from the device that began. An answer is good once, whatever comes of it. 409
/// `prove_first`: somebody has the e-mail address here already; sign in as before, then link the account.
#[utoipa::path(post, path = "/v1/auth/issuers/{issuer}/finish", operation_id = "finish_issuer_sign_in", tag = "sign-in",
    security(()), params(("issuer" = String, Path, description = "Its name")), request_body = IssuerAnswer,
    responses((status = 200, body = SignInView)))]
async fn finish(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Named(issuer): Named,
    Shown(cookie): Shown,
    page: FromTrustedPage,
    Body(body): Body<IssuerAnswer>,
) -> Result<Response, Problem> {
    let delivery = body.delivery;
    delivery.admit(page)?;
    let sign_in = sign_in_of(app.by_issuer.sign_in(&caller, &issuer, &body.with(cookie)).await)?;
    let mut response = answer(delivery, sign_in, app.clock.now());
    response.headers_mut().append(header::SET_COOKIE, forgotten());
    Ok(response)
}

/// An ID token that an app got by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id_token": "eyJhbGciOiJFUzI1NiJ9.…" }))]
struct IdTokenShown {
    /// The token, such as that of `liff.getIDToken()`.
    #[schema(value_type = String, max_length = 16384)]
    id_token: Secret,
    /// The nonce that the app had it made with, if it did.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    nonce: Option<Secret>,
    /// In which language somebody new is addressed; by default as the issuer says, else in Japanese.
    #[serde(default)]
    locale: Option<Locale>,
    /// How the tokens come; by default in the answer.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in with an ID token
///
/// For apps that get one from the issuer by themselves, such as LINE mini-apps from LIFF. It must be meant for the client
/// id of the settings. It can be shown again until it expires; each time is a sign-in of its own. 409 `prove_first`: as
/// with `finish`.
#[utoipa::path(post, path = "/v1/auth/issuers/{issuer}/id-token", operation_id = "sign_in_with_id_token",
    tag = "sign-in", security(()), params(("issuer" = String, Path, description = "Its name")), request_body = IdTokenShown,
    responses((status = 200, body = SignInView)))]
async fn id_token(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Named(issuer): Named,
    page: FromTrustedPage,
    Body(IdTokenShown { id_token, nonce, locale, delivery }): Body<IdTokenShown>,
) -> Result<Response, Problem> {
    delivery.admit(page)?;
    let by_issuer = &app.by_issuer;
    let sign_in = sign_in_of(by_issuer.sign_in_by_token(&caller, &issuer, &id_token, nonce.as_ref(), locale).await)?;
    Ok(answer(delivery, sign_in, app.clock.now()))
}
