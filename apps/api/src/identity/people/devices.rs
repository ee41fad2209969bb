//! `/v1/me/sessions`

use crate::access::PersonAccess;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use musubi_identity::people::devices::Device;
use musubi_identity::session::Method;
use musubi_kernel::id::SessionId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, revoke_others)).routes(routes!(revoke))
}

/// Where a person is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    /// The live sessions, the oldest first.
    items: Vec<SessionView>,
}

/// One sign-in on one device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    /// Id.
    id: SessionId,
    /// Whether it is the one by which this call is made.
    current: bool,
    /// How the person proved who they are: `pwd`, `otp`, `hwk` (RFC 8176), `fed` for another provider's word.
    methods: Vec<Method>,
    /// When they signed in.
    created_at: DateTime<Utc>,
    /// When it was last used, give or take a minute.
    last_used_at: DateTime<Utc>,
    /// When it ends, unless it is refreshed before.
    idle_expires_at: DateTime<Utc>,
    /// When it ends in any case.
    expires_at: DateTime<Utc>,
    /// From which address they signed in or last refreshed.
    #[schema(required)]
    ip_address: Option<String>,
    /// With which program, as it says of itself.
    #[schema(required)]
    user_agent: Option<String>,
}

impl From<Device> for SessionView {
    fn from(Device { session, is_this_one }: Device) -> Self {
        Self {
            id: session.id,
            current: is_this_one,
            methods: session.methods.into_iter().collect(),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            idle_expires_at: session.idle_expires_at,
            expires_at: session.expires_at,
            ip_address: session.ip.map(|ip| ip.to_string()),
            user_agent: session.user_agent,
        }
    }
}

/// List one's sessions
#[utoipa::path(get, path = "/v1/me/sessions", operation_id = "list_sessions", tag = "me",
    responses((status = 200, body = Sessions)))]
async fn list(State(app): State<App>, me: PersonAccess) -> Result<Json<Sessions>, Problem> {
    let sessions = app.people.sessions(&me.scope.into()).await?;
    Ok(Json(Sessions { items: sessions.into_iter().map(SessionView::from).collect() }))
}

/// End all one's other sessions
#[utoipa::path(delete, path = "/v1/me/sessions", operation_id = "revoke_other_sessions", tag = "me",
    responses((status = 204, description = "Only this one is left")))]
async fn revoke_others(State(app): State<App>, me: PersonAccess) -> Result<StatusCode, Problem> {
    app.people.revoke_all(&me.caller, &me.scope.into(), Some(me.scope.session())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of one's sessions
#[utoipa::path(delete, path = "/v1/me/sessions/{session_id}", operation_id = "revoke_session", tag = "me",
    params(("session_id" = SessionId, Path)), responses((status = 204, description = "It has ended")))]
async fn revoke(State(app): State<App>, me: PersonAccess, Id(id): Id<SessionId>) -> Result<StatusCode, Problem> {
    app.people.revoke_session(&me.caller, &me.scope.into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
