//! `/v1/me/accounts`

use crate::access::PersonAccess;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use musubi_identity::sign_in_account::SignInAccount;
use musubi_kernel::id::SignInAccountId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(unlink))
}

/// The ways in which a person signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accounts {
    /// The accounts, the oldest first.
    items: Vec<AccountView>,
}

/// One way in which a person signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInAccount)]
struct AccountView {
    /// Id.
    id: SignInAccountId,
    /// Who vouches for them: `local`, their password here, or another's name, such as `google`.
    #[schema(example = "google")]
    provider: String,
    /// The address that the provider told.
    #[schema(required)]
    email: Option<String>,
    /// `active`, or `locked`.
    #[schema(example = "active")]
    status: &'static str,
    /// When it was linked.
    created_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    #[schema(required)]
    last_login_at: Option<DateTime<Utc>>,
}

impl From<SignInAccount> for AccountView {
    fn from(account: SignInAccount) -> Self {
        Self {
            id: account.id,
            provider: account.provider.to_string(),
            email: account.email.map(|email| email.as_str().to_owned()),
            status: account.status.code(),
            created_at: account.created_at,
            last_login_at: account.last_login_at,
        }
    }
}

impl From<Vec<SignInAccount>> for Accounts {
    fn from(accounts: Vec<SignInAccount>) -> Self {
        Self { items: accounts.into_iter().map(AccountView::from).collect() }
    }
}

/// List one's sign-in accounts
#[utoipa::path(get, path = "/v1/me/accounts", operation_id = "list_accounts", tag = "me",
    responses((status = 200, body = Accounts)))]
async fn list(State(app): State<App>, me: PersonAccess) -> Result<Json<Accounts>, Problem> {
    Ok(Json(app.people.accounts(&me.scope).await?.into()))
}

/// Unlink a sign-in account
///
/// Never the last one that can sign in: 422 `last_account`.
#[utoipa::path(delete, path = "/v1/me/accounts/{account_id}", operation_id = "unlink_account", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    params(("account_id" = SignInAccountId, Path)), responses((status = 204, description = "It is unlinked")))]
async fn unlink(State(app): State<App>, me: PersonAccess, Id(id): Id<SignInAccountId>) -> Result<StatusCode, Problem> {
    app.people.unlink(&me.caller, &me.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
