//! `/v1/me/accounts`, where one is linked through an issuer.

use super::super::accounts::Accounts;
use super::binding::{Shown, forgotten, kept};
use super::sign_in::{WithCookie, with_cookie};
use super::told;
use super::views::{IssuerAnswer, SetOutView};
use crate::access::PersonAccess;
use crate::body::Body;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(finish))
}

/// An account to be linked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "issuer": "line", "redirect_uri": "https://shop.example.jp/back" }))]
struct NewLink {
    /// The name of the issuer that has it.
    #[schema(max_length = 255)]
    issuer: String,
    /// One of the addresses of the setting `MUSUBI_OIDC_REDIRECT_URIS`, which the issuer must know too.
    #[schema(max_length = 2000)]
    redirect_uri: String,
}

/// Begin to link a sign-in account
///
/// Send the person to `url`. The issuer sends them back to `redirect_uri`; bring what they come back with to `finish`,
/// from the same device and signed in as the same person. Needs a proof of the last ten minutes, and so does `finish`.
#[utoipa::path(post, path = "/v1/me/accounts", operation_id = "begin_account_link", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    request_body = NewLink, responses((status = 200, body = SetOutView)))]
async fn begin(
    State(app): State<App>,
    me: PersonAccess,
    Body(NewLink { issuer, redirect_uri }): Body<NewLink>,
) -> Result<WithCookie<SetOutView>, Problem> {
    let out = app.by_issuer.set_out(&issuer, &redirect_uri, Some(&me.scope)).await.map_err(told)?;
    let cookie = kept(&out.binding, out.expires_at - app.clock.now());
    Ok(with_cookie(cookie, Json(out.into())))
}

/// Finish linking a sign-in account
///
/// 422 `account_belongs_to_another`: another person here signs in with it. `delivery` and `locale` mean nothing here, as nobody
/// is signed in by it.
#[utoipa::path(post, path = "/v1/me/accounts/finish", operation_id = "finish_account_link", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    request_body = IssuerAnswer, responses((status = 200, body = Accounts)))]
async fn finish(
    State(app): State<App>,
    me: PersonAccess,
    Shown(cookie): Shown,
    Body(answer): Body<IssuerAnswer>,
) -> Result<WithCookie<Accounts>, Problem> {
    app.by_issuer.link(&me.caller, &me.scope, &answer.with(cookie)).await.map_err(told)?;
    let accounts = app.people.accounts(&me.scope).await?;
    Ok(with_cookie(Some(forgotten()), Json(accounts.into())))
}
