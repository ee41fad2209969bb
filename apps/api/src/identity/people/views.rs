//! How people and their sign-ins look from outside.

use crate::version::tagged;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_identity::age_group::AgeGroupId;
use musubi_identity::challenge::Challenge;
use musubi_identity::locale::Locale;
use musubi_identity::people::second_step::SignIn;
use musubi_identity::people::{SignedIn, Tokens};
use musubi_identity::two_factor::Factor;
use musubi_identity::user::User;
use musubi_kernel::id::{SessionId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(in crate::identity) struct UserView {
    /// Id.
    id: UserId,
    /// `active`, `locked`, `banned` or `deleted`.
    #[schema(example = "active")]
    status: &'static str,
    /// In which language they are addressed.
    locale: Locale,
    /// Their address; null when a provider vouched for none.
    #[schema(required)]
    email: Option<String>,
    /// When they proved that the address is theirs.
    #[schema(required)]
    email_verified_at: Option<DateTime<Utc>>,
    /// What to call them.
    display_name: String,
    /// How old they say they are: one of the groups of ages; null: they have not said it.
    #[schema(required)]
    age_group_id: Option<AgeGroupId>,
    /// How often it was written.
    version: i64,
    /// When they came.
    created_at: DateTime<Utc>,
    /// When this was last changed.
    updated_at: DateTime<Utc>,
}

impl UserView {
    /// A person with their version as entity tag.
    pub(super) fn tagged(user: User) -> Response {
        tagged(user.version, &Self::from(user))
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            status: user.status.code(),
            locale: user.locale,
            email: user.email.map(|email| email.as_str().to_owned()),
            email_verified_at: user.email_verified_at,
            display_name: user.display_name,
            age_group_id: user.age_group,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// What a device keeps. There is no other time to see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(super) struct TokensView {
    /// Sent with every call: `Authorization: Bearer …`.
    #[schema(example = "msa_9qk2…")]
    access_token: String,
    /// When it ends.
    access_expires_at: DateTime<Utc>,
    /// Sent to `/v1/auth/refresh`, once, for the next pair.
    #[schema(example = "msr_7dXw…")]
    refresh_token: String,
    /// When the session ends, unless it is refreshed before.
    refresh_expires_at: DateTime<Utc>,
}

impl From<Tokens> for TokensView {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.expose().to_owned(),
            access_expires_at: tokens.access_expires_at,
            refresh_token: tokens.refresh.expose().to_owned(),
            refresh_expires_at: tokens.refresh_expires_at,
        }
    }
}

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// They are signed in.
    SignedIn,
    /// A second factor is asked for: nothing is open yet.
    SecondFactor,
}

/// What came of a sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignIn)]
pub(super) struct SignInView {
    /// `signed_in`, or `second_factor`: then only `challenge` is there.
    outcome: Outcome,
    /// Who.
    #[schema(required)]
    user: Option<UserView>,
    /// The session on this device.
    #[schema(required)]
    session_id: Option<SessionId>,
    /// What the device keeps; null with `cookies`: the browser has it.
    #[schema(required)]
    tokens: Option<TokensView>,
    /// What is still asked for.
    #[schema(required)]
    challenge: Option<ChallengeView>,
}

/// What is still asked for before somebody is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Challenge)]
struct ChallengeView {
    /// Sent to `/v1/auth/second-factor` with a proof.
    #[schema(example = "mst_9qk2…")]
    token: String,
    /// When it ends.
    expires_at: DateTime<Utc>,
    /// The proofs that this person can give.
    factors: Vec<Factor>,
}

impl SignInView {
    /// The same, for a browser that has the tokens in its cookies.
    pub(super) fn without_tokens(self) -> Self {
        Self { tokens: None, ..self }
    }
}

impl From<SignedIn> for SignInView {
    fn from(SignedIn { user, session, tokens }: SignedIn) -> Self {
        Self {
            outcome: Outcome::SignedIn,
            user: Some(user.into()),
            session_id: Some(session.id),
            tokens: Some(tokens.into()),
            challenge: None,
        }
    }
}

impl From<SignIn> for SignInView {
    fn from(sign_in: SignIn) -> Self {
        match sign_in {
            SignIn::Done(signed_in) => (*signed_in).into(),
            SignIn::SecondFactor(Challenge { token, expires_at, factors }) => {
                let token = token.expose().to_owned();
                let challenge = Some(ChallengeView { token, expires_at, factors });
                Self { outcome: Outcome::SecondFactor, user: None, session_id: None, tokens: None, challenge }
            }
        }
    }
}
