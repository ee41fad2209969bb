//! `/v1/auth/sign-in`, `/v1/auth/refresh`, `/v1/auth/sign-out`

use super::delivery::{Delivery, answer};
use super::views::{SignInView, TokensView};
use crate::body::Body;
use crate::caller::CallerOf;
use crate::cookies;
use crate::origin::FromTrustedPage;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use musubi_identity::people::error::PeopleError;
use musubi_kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_in)).routes(routes!(refresh)).routes(routes!(sign_out))
}

/// Somebody who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "hanako@example.jp", "password": "correct horse battery" }))]
struct Credentials {
    /// Their address.
    email: String,
    /// Their password.
    #[schema(value_type = String, format = "password")]
    password: Secret,
    /// How the tokens come; by default in the answer.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in with a password
///
/// 401 `wrong_credentials`, and nothing more: whether there is such an account is not told. Who has a second factor gets a
/// challenge in the place of tokens, and finishes the sign-in with `/v1/auth/second-factor`. 429 `too_many_attempts` when
/// there were too many wrong passwords.
#[utoipa::path(post, path = "/v1/auth/sign-in", operation_id = "sign_in", tag = "sign-in", security(()),
    request_body = Credentials, responses((status = 200, body = SignInView)))]
async fn sign_in(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    page: FromTrustedPage,
    Body(Credentials { email, password, delivery }): Body<Credentials>,
) -> Result<Response, Problem> {
    delivery.admit(page)?;
    let sign_in = app.people.sign_in(&caller, &email, &password).await?;
    Ok(answer(delivery, sign_in, app.clock.now()))
}

/// What a device shows for its next tokens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "msr_7dXw…" }))]
struct Refresh {
    /// The newest refresh token; absent: it is in the browser's cookie.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

/// Get the next tokens
///
/// Both are replaced. A repeat with the same refresh token is answered while the tokens that it brought have not been
/// used; after that it ends the session, as somebody else has the token too. Browsers that were signed in with cookies send
/// an empty body, or none, and get new cookies.
#[utoipa::path(post, path = "/v1/auth/refresh", operation_id = "refresh", tag = "sign-in", security(()),
    request_body = Refresh, responses((status = 200, body = TokensView),
    (status = 204, description = "The next tokens are in the cookies")))]
async fn refresh(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    page: FromTrustedPage,
    headers: HeaderMap,
    body: Option<Body<Refresh>>,
) -> Result<Response, Problem> {
    if let Some(token) = body.and_then(|Body(body)| body.refresh_token) {
        let tokens = app.people.refresh(&caller, token.expose()).await?;
        return Ok(Json(TokensView::from(tokens)).into_response());
    }
    let Some(token) = cookies::shown(&headers, cookies::REFRESH) else {
        return Err(PeopleError::SessionEnded.into());
    };
    page.insist()?;
    Ok(match app.people.refresh(&caller, token).await {
        Ok(tokens) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            cookies::put(response.headers_mut(), &tokens, app.clock.now());
            response
        }
        Err(error) => {
            let is_over = matches!(error, PeopleError::SessionEnded);
            let mut response = Problem::from(error).into_response();
            if is_over {
                cookies::clear(response.headers_mut());
            }
            response
        }
    })
}

/// What a device shows whose access token may be over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "msr_7dXw…" }))]
struct SignOut {
    /// The newest refresh token; absent: the access token, or the browser's cookies, say who signs out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

/// Sign out
///
/// On this device: by the access token, by the refresh token when that is over, or by either cookie, and cookies are taken
/// out of the browser. What is good for nothing any more has nothing to end, and the answer is the same.
#[utoipa::path(post, path = "/v1/auth/sign-out", operation_id = "sign_out", tag = "sign-in",
    security((), ("bearer" = []), ("cookie" = [])),
    request_body = SignOut, responses((status = 204, description = "The session has ended")))]
async fn sign_out(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    page: FromTrustedPage,
    headers: HeaderMap,
    body: Option<Body<SignOut>>,
) -> Result<Response, Problem> {
    let shown = body.and_then(|Body(body)| body.refresh_token);
    let has_cookies = cookies::are_shown(&headers);
    // Who shows a token beside them is who the token says.
    let by_cookies = has_cookies && !headers.contains_key(header::AUTHORIZATION);
    if by_cookies {
        page.insist()?;
    }
    match caller.actor.as_person() {
        Ok(person) => app.people.sign_out(&caller, &person).await?,
        Err(error) if shown.is_none() && !by_cookies => return Err(error.into()),
        Err(_) => {}
    }
    let cookie = cookies::shown(&headers, cookies::REFRESH).filter(|_| by_cookies);
    for token in shown.iter().map(Secret::expose).chain(cookie) {
        app.people.sign_out_by(&caller, token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if has_cookies {
        cookies::clear(response.headers_mut());
    }
    Ok(response)
}
