//! What goes to an issuer and comes back from there, seen from outside.

use super::super::delivery::Delivery;
use chrono::{DateTime, Utc};
use musubi_identity::issuer::pending::Callback;
use musubi_identity::locale::Locale;
use musubi_identity::people::by_issuer::{Back, SetOut};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody who sets out for an issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = SetOut)]
pub(super) struct SetOutView {
    /// Where to send them.
    #[schema(example = "https://access.line.me/oauth2/v2.1/authorize?…")]
    url: String,
    /// What the answer will name.
    state: String,
    /// What the device keeps for itself, and shows when it brings the answer. Browsers get it as a cookie as well.
    #[schema(example = "msi_4tqk…")]
    binding: String,
    /// Until when the answer is taken.
    expires_at: DateTime<Utc>,
}

impl From<SetOut> for SetOutView {
    fn from(out: SetOut) -> Self {
        Self {
            url: out.url,
            state: out.state.expose().to_owned(),
            binding: out.binding.expose().to_owned(),
            expires_at: out.expires_at,
        }
    }
}

/// What an issuer sent somebody back with, member by member as it came.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "state": "oW1a…", "code": "9Qb0…", "binding": "msi_4tqk…" }))]
pub(super) struct IssuerAnswer {
    /// The state.
    #[schema(value_type = String, max_length = 255)]
    state: Secret,
    /// The code.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    code: Option<Secret>,
    /// Why there is no code, such as `access_denied`.
    #[serde(default)]
    #[schema(max_length = 255)]
    error: Option<String>,
    /// Who answers, if the issuer says so (RFC 9207).
    #[serde(default)]
    #[schema(max_length = 255)]
    iss: Option<String>,
    /// How the tokens come; by default in the answer.
    #[serde(default)]
    pub(super) delivery: Delivery,
    /// What the device kept; by default what the cookie says.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    binding: Option<Secret>,
    /// In which language somebody new is addressed; by default as the issuer says, else in Japanese.
    #[serde(default)]
    locale: Option<Locale>,
}

impl IssuerAnswer {
    /// With what the browser's cookie says.
    pub(super) fn with(self, cookie: Option<Secret>) -> Back {
        let Self { state, code, error, iss, binding, locale, .. } = self;
        Back { answer: Callback { state: Some(state), code, error, iss }, binding: binding.or(cookie), locale }
    }
}
