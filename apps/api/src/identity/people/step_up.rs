//! `/v1/me/step-up`

use super::passkeys::{AnswerBody, CeremonyView};
use crate::access::PersonAccess;
use crate::body::Body;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use musubi_identity::people::step_up::StepUpProof;
use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(step_up)).routes(routes!(begin_passkey))
}

/// A proof of who one is: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "123456" }))]
struct Proof {
    /// The password. Not enough for who has a second factor.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    password: Option<Secret>,
    /// A code of the authenticator app.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
    /// What a passkey answered to `/v1/me/step-up/passkey`.
    #[serde(default)]
    passkey: Option<AnswerBody>,
    /// A recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Secret>,
}

impl Proof {
    fn read(self) -> Result<StepUpProof, Invalid> {
        match (self.password, self.code, self.passkey, self.recovery_code) {
            (Some(password), None, None, None) => Ok(StepUpProof::Password(password)),
            (None, Some(code), None, None) => Ok(StepUpProof::App(code)),
            (None, None, Some(answer), None) => Ok(StepUpProof::Passkey(answer.into())),
            (None, None, None, Some(code)) => Ok(StepUpProof::RecoveryCode(code)),
            _ => Err(Invalid::one("", "not_one_of", "give one of password, code, passkey, recovery_code")),
        }
    }
}

/// What a proof opened.
#[derive(Serialize, ToSchema)]
struct SteppedUp {
    /// Until when this session may do what is dangerous.
    proven_until: DateTime<Utc>,
}

/// Prove again who one is
///
/// What is dangerous needs a proof of the last ten minutes, and is answered with 403 `step_up_required` without one. A
/// sign-in counts as one.
#[utoipa::path(post, path = "/v1/me/step-up", operation_id = "step_up", tag = "me", request_body = Proof,
    responses((status = 200, body = SteppedUp)))]
async fn step_up(
    State(app): State<App>,
    me: PersonAccess,
    Body(proof): Body<Proof>,
) -> Result<Json<SteppedUp>, Problem> {
    let proven_until = app.people.step_up(&me.caller, &me.scope, &proof.read()?).await?;
    Ok(Json(SteppedUp { proven_until }))
}

/// Ask one's passkeys to prove again who one is
///
/// Its options go to `navigator.credentials.get`, the answer to `/v1/me/step-up`.
#[utoipa::path(post, path = "/v1/me/step-up/passkey", operation_id = "begin_step_up_passkey", tag = "me",
    responses((status = 200, body = CeremonyView)))]
async fn begin_passkey(State(app): State<App>, me: PersonAccess) -> Result<Json<CeremonyView>, Problem> {
    Ok(Json(app.people.begin_step_up(&me.scope).await?.into()))
}
