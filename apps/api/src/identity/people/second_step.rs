//! `/v1/auth/second-factor`

use super::delivery::{Delivery, answer};
use super::passkeys::{AnswerBody, CeremonyView};
use super::views::SignInView;
use crate::body::Body;
use crate::caller::CallerOf;
use crate::origin::FromTrustedPage;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_identity::people::second_step::{SecondProof, SignIn};
use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(finish)).routes(routes!(send_code)).routes(routes!(begin_passkey))
}

/// The second half of a sign-in: its challenge, and one of the rest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "challenge": "mst_9qk2…", "code": "123456" }))]
struct SecondFactor {
    /// What the first half answered.
    #[schema(value_type = String)]
    challenge: Secret,
    /// A code of the authenticator app.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
    /// What a passkey answered to `/v1/auth/second-factor/passkey`.
    #[serde(default)]
    passkey: Option<AnswerBody>,
    /// A recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Secret>,
    /// The code that was mailed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email_code: Option<Secret>,
    /// How the tokens come; by default in the answer.
    #[serde(default)]
    delivery: Delivery,
}

impl SecondFactor {
    fn read(self) -> Result<(Secret, SecondProof), Invalid> {
        let proof = match (self.code, self.passkey, self.recovery_code, self.email_code) {
            (Some(code), None, None, None) => SecondProof::App(code),
            (None, Some(answer), None, None) => SecondProof::Passkey(answer.into()),
            (None, None, Some(code), None) => SecondProof::RecoveryCode(code),
            (None, None, None, Some(code)) => SecondProof::EmailCode(code),
            _ => return Err(Invalid::one("", "not_one_of", "give one of code, passkey, recovery_code, email_code")),
        };
        Ok((self.challenge, proof))
    }
}

/// Finish a sign-in with a second factor
///
/// 401 `wrong_code`; after five wrong ones the challenge is over, and the person begins anew. What does not look like a code
/// is 400 and no try. Of several right ones that are sent at once, one signs in.
#[utoipa::path(post, path = "/v1/auth/second-factor", operation_id = "finish_sign_in", tag = "sign-in", security(()),
    request_body = SecondFactor, responses((status = 200, body = SignInView)))]
async fn finish(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    page: FromTrustedPage,
    Body(body): Body<SecondFactor>,
) -> Result<Response, Problem> {
    let delivery = body.delivery;
    delivery.admit(page)?;
    let (challenge, proof) = body.read()?;
    let signed_in = app.people.second_step(&caller, challenge.expose(), &proof).await?;
    Ok(answer(delivery, SignIn::Done(Box::new(signed_in)), app.clock.now()))
}

/// A sign-in that waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "challenge": "mst_9qk2…" }))]
struct Waiting {
    /// What the first half answered.
    #[schema(value_type = String)]
    challenge: Secret,
}

/// A code that is on its way.
#[derive(Serialize, ToSchema)]
struct CodeSent {
    /// When it ends.
    expires_at: DateTime<Utc>,
}

/// Have a code mailed
///
/// For who has an authenticator app and does not have it at hand: six digits, good for five minutes and five tries. Only where
/// the challenge names `email_code`: never for passkeys alone, after another way in than a password, or after a hundred wrong
/// codes. At most one a minute (429 `code_sent_recently`) and twenty a day (429 `too_many_codes`).
#[utoipa::path(post, path = "/v1/auth/second-factor/email", operation_id = "mail_sign_in_code", tag = "sign-in",
    security(()), request_body = Waiting, responses((status = 202, body = CodeSent)))]
async fn send_code(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(Waiting { challenge }): Body<Waiting>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let expires_at = app.people.send_code(&caller, challenge.expose()).await?;
    Ok((StatusCode::ACCEPTED, Json(CodeSent { expires_at })))
}

/// Ask one's passkeys to finish a sign-in
///
/// Its options go to `navigator.credentials.get`, the answer to `/v1/auth/second-factor`.
#[utoipa::path(post, path = "/v1/auth/second-factor/passkey", operation_id = "begin_second_factor_passkey",
    tag = "sign-in", security(()), request_body = Waiting, responses((status = 200, body = CeremonyView)))]
async fn begin_passkey(
    State(app): State<App>,
    Body(Waiting { challenge }): Body<Waiting>,
) -> Result<Json<CeremonyView>, Problem> {
    Ok(Json(app.people.begin_second_step(challenge.expose()).await?.into()))
}
