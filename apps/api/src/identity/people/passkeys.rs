//! `/v1/me/passkeys`, `/v1/auth/passkeys`

use super::delivery::{Delivery, answer};
use super::views::SignInView;
use crate::access::PersonAccess;
use crate::body::{Body, MergePatch};
use crate::caller::CallerOf;
use crate::origin::FromTrustedPage;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use musubi_identity::passkey::ceremony::Ceremony;
use musubi_identity::passkey::{Passkey, Transport};
use musubi_identity::people::passkeys::{AddedPasskey, PasskeyAnswer};
use musubi_identity::people::second_step::SignIn;
use musubi_kernel::id::{CeremonyId, PasskeyId};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(begin))
        .routes(routes!(rename, remove))
        .routes(routes!(begin_sign_in))
        .routes(routes!(sign_in))
}

/// What a device is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyRequest)]
pub(super) struct CeremonyView {
    /// Sent back with the device's answer. It is good for one.
    ceremony: CeremonyId,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` where a passkey is to be made, and otherwise for
    /// `PublicKeyCredential.parseRequestOptionsFromJSON` (WebAuthn Level 3).
    #[schema(value_type = Object)]
    options: Value,
    /// Until when the answer is awaited.
    expires_at: DateTime<Utc>,
}

impl From<Ceremony> for CeremonyView {
    fn from(Ceremony { id, options, expires_at }: Ceremony) -> Self {
        Self { ceremony: id, options, expires_at }
    }
}

/// What a device answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyAnswer, example = json!({
    "ceremony": "019c3f2a-5b00-7000-8000-000000000001",
    "credential": {
        "id": "9qk2…",
        "rawId": "9qk2…",
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": { "clientDataJSON": "eyJ0…", "authenticatorData": "SZYN…", "signature": "MEUC…", "userHandle": "AZw_…" },
    },
}))]
pub(super) struct AnswerBody {
    /// What it answers.
    ceremony: CeremonyId,
    /// The answer, as `PublicKeyCredential.toJSON()` has it.
    #[schema(value_type = Object)]
    credential: Value,
}

impl From<AnswerBody> for PasskeyAnswer {
    fn from(AnswerBody { ceremony, credential }: AnswerBody) -> Self {
        Self { ceremony, credential }
    }
}

/// A passkey's answer, by which somebody signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "passkey": {
        "ceremony": "019c3f2a-5b00-7000-8000-000000000001",
        "credential": { "id": "9qk2…", "rawId": "9qk2…", "type": "public-key", "response": { "clientDataJSON": "eyJ0…" } },
    },
}))]
struct PasskeySignIn {
    /// What the passkey answered.
    passkey: AnswerBody,
    /// How the tokens come; by default in the answer.
    #[serde(default)]
    delivery: Delivery,
}

/// A key in a device, by which a person signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passkey)]
struct PasskeyView {
    /// Id.
    id: PasskeyId,
    /// What browsers know it by.
    #[schema(example = "9qk2…")]
    credential_id: String,
    /// What its person calls it.
    #[schema(example = "花子の iPhone")]
    name: String,
    /// How its device talks to it.
    transports: Vec<Transport>,
    /// Whether there is a copy of it, so that it outlives its device.
    is_backed_up: bool,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// When its person last proved with it who they are.
    #[schema(required)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            credential_id: passkey.credential.to_text(),
            name: passkey.name,
            transports: passkey.transports.into_iter().collect(),
            is_backed_up: passkey.is_backed_up,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// A person's passkeys.
#[derive(Debug, Serialize, ToSchema)]
struct Passkeys {
    /// The passkeys, the oldest first; at most 20.
    items: Vec<PasskeyView>,
    /// What browsers know the person by.
    #[schema(example = "AZw_Klsqc…")]
    user_handle: String,
}

/// List one's passkeys
///
/// What browsers know them by is for `PublicKeyCredential.signalAllAcceptedCredentials`: so a browser forgets those that were
/// removed here.
#[utoipa::path(get, path = "/v1/me/passkeys", operation_id = "list_passkeys", tag = "me",
    responses((status = 200, body = Passkeys)))]
async fn list(State(app): State<App>, me: PersonAccess) -> Result<Json<Passkeys>, Problem> {
    let passkeys = app.people.passkeys(&me.scope).await?;
    let user_handle = URL_SAFE_NO_PAD.encode(me.scope.user().0.as_bytes());
    Ok(Json(Passkeys { items: passkeys.into_iter().map(PasskeyView::from).collect(), user_handle }))
}

/// Begin to add a passkey
///
/// Its options go to `navigator.credentials.create`.
#[utoipa::path(post, path = "/v1/me/passkeys/begin", operation_id = "begin_passkey", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    responses((status = 200, body = CeremonyView)))]
async fn begin(State(app): State<App>, me: PersonAccess) -> Result<Json<CeremonyView>, Problem> {
    Ok(Json(app.people.begin_passkey(&me.scope).await?.into()))
}

/// A passkey that a device made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "ceremony": "019c3f2a-5b00-7000-8000-000000000001",
    "name": "花子の iPhone",
    "credential": {
        "id": "9qk2…",
        "rawId": "9qk2…",
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": { "clientDataJSON": "eyJ0…", "attestationObject": "o2Nm…", "transports": ["internal"] },
    },
}))]
struct NewPasskey {
    /// What was answered by `/v1/me/passkeys/begin`.
    ceremony: CeremonyId,
    /// What to call it: one line of 1 to 100 characters.
    name: String,
    /// What the device made, as `PublicKeyCredential.toJSON()` has it.
    #[schema(value_type = Object)]
    credential: Value,
}

/// A passkey that was just added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedPasskey)]
struct AddedView {
    /// The passkey.
    passkey: PasskeyView,
    /// Codes for the day when the device is lost, if the person had none left. They are shown this once.
    #[schema(example = json!(["7ZK4M-0Q1XP"]))]
    recovery_codes: Vec<String>,
}

impl From<AddedPasskey> for AddedView {
    fn from(AddedPasskey { passkey, recovery_codes }: AddedPasskey) -> Self {
        let recovery_codes = recovery_codes.iter().map(Secret::expose).map(str::to_owned).collect();
        Self { passkey: passkey.into(), recovery_codes }
    }
}

/// Add a passkey
///
/// From now on a second factor is asked for after a password: this, or another. The person is told.
#[utoipa::path(post, path = "/v1/me/passkeys", operation_id = "add_passkey", tag = "me",
    extensions(("x-recent-proof" = json!(true))), request_body = NewPasskey,
    responses((status = 201, body = AddedView)))]
async fn add(
    State(app): State<App>,
    me: PersonAccess,
    Body(NewPasskey { ceremony, name, credential }): Body<NewPasskey>,
) -> Result<(StatusCode, Json<AddedView>), Problem> {
    let answer = PasskeyAnswer { ceremony, credential };
    let added = app.people.add_passkey(&me.caller, &me.scope, &name, &answer).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// What a passkey is called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "花子の iPhone" }))]
struct PasskeyName {
    /// One line of 1 to 100 characters.
    name: String,
}

/// Rename a passkey
#[utoipa::path(patch, path = "/v1/me/passkeys/{passkey_id}", operation_id = "rename_passkey", tag = "me",
    params(("passkey_id" = PasskeyId, Path)),
    request_body(content = PasskeyName, content_type = "application/merge-patch+json"),
    responses((status = 200, body = PasskeyView)))]
async fn rename(
    State(app): State<App>,
    me: PersonAccess,
    Id(id): Id<PasskeyId>,
    patch: MergePatch<PasskeyName>,
) -> Result<Json<PasskeyView>, Problem> {
    let present = app.people.passkeys(&me.scope).await?.into_iter().find(|passkey| passkey.id == id);
    let name = present.map(|passkey| passkey.name).unwrap_or_default();
    let PasskeyName { name } = patch.onto(&PasskeyName { name })?;
    Ok(Json(app.people.rename_passkey(&me.caller, &me.scope, id, &name).await?.into()))
}

/// Remove a passkey
///
/// The person is told.
#[utoipa::path(delete, path = "/v1/me/passkeys/{passkey_id}", operation_id = "remove_passkey", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    params(("passkey_id" = PasskeyId, Path)), responses((status = 204, description = "It is good for nothing any more")))]
async fn remove(State(app): State<App>, me: PersonAccess, Id(id): Id<PasskeyId>) -> Result<StatusCode, Problem> {
    app.people.remove_passkey(&me.caller, &me.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to sign in with a passkey
///
/// Without an address: its options go to `navigator.credentials.get`, and the device asks which of its passkeys to use.
#[utoipa::path(post, path = "/v1/auth/passkeys/begin", operation_id = "begin_passkey_sign_in", tag = "sign-in",
    security(()), responses((status = 200, body = CeremonyView)))]
async fn begin_sign_in(State(app): State<App>) -> Result<Json<CeremonyView>, Problem> {
    Ok(Json(app.people.begin_passkey_sign_in().await?.into()))
}

/// Sign in with a passkey
///
/// That is both factors: no other is asked for. 401 `wrong_passkey`, whatever is wrong with it.
#[utoipa::path(post, path = "/v1/auth/passkeys/finish", operation_id = "sign_in_by_passkey", tag = "sign-in",
    security(()), request_body = PasskeySignIn, responses((status = 200, body = SignInView)))]
async fn sign_in(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    page: FromTrustedPage,
    Body(PasskeySignIn { passkey, delivery }): Body<PasskeySignIn>,
) -> Result<Response, Problem> {
    delivery.admit(page)?;
    let signed_in = app.people.sign_in_by_passkey(&caller, &passkey.into()).await?;
    Ok(answer(delivery, SignIn::Done(Box::new(signed_in)), app.clock.now()))
}
