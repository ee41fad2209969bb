//! `/v1/admins`

use crate::access::{OperatorAccess, Proven};
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use crate::version::tagged;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_identity::admin_user::AdminUser;
use musubi_identity::admins::Appointee;
use musubi_kernel::access::AdminRole;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{AdminUserId, UserId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(appoint, list)).routes(routes!(dismiss))
}

/// Who is to be an admin: a person by their id, or by the address that they have proven.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "hanako@example.jp", "role": "support" }))]
struct Appointment {
    /// The person.
    #[serde(default)]
    user_id: Option<UserId>,
    /// Their address.
    #[serde(default)]
    email: Option<EmailAddress>,
    /// As what.
    role: AdminRole,
}

/// Make somebody an admin
///
/// For the operator. They act as one once they have signed in with a second factor.
#[utoipa::path(post, path = "/v1/admins", operation_id = "appoint_admin", tag = "platform",
    extensions(("x-recent-proof" = json!(true))), request_body = Appointment,
    responses((status = 200, body = AdminUser)))]
async fn appoint(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Body(new): Body<Appointment>,
) -> Result<Response, Problem> {
    let who = match (new.user_id, new.email) {
        (Some(id), None) => Appointee::Id(id),
        (None, Some(email)) => Appointee::Email(email),
        (Some(_), Some(_)) => {
            return Err(Invalid::one("/email", "not_allowed", "user_id says already who it is").into());
        }
        (None, None) => return Err(Invalid::one("/user_id", "missing", "say who it is: user_id or email").into()),
    };
    let admin = app.admins.appoint(&at.caller, &at.scope, &who, new.role).await?;
    Ok(tagged(admin.version, &admin))
}

/// List the admins
///
/// For the operator.
#[utoipa::path(get, path = "/v1/admins", operation_id = "list_admins", tag = "platform",
    params(PageParams), responses((status = 200, body = Listed<AdminUser>)))]
async fn list(State(app): State<App>, at: OperatorAccess, query: Query) -> Result<Json<Listed<AdminUser>>, Problem> {
    let page = query.read(Reader::page)?;
    Ok(Json(app.admins.list(&at.scope, &page).await?.into()))
}

/// Dismiss an admin
///
/// For the operator. They are none from their next request on.
#[utoipa::path(delete, path = "/v1/admins/{admin_id}", operation_id = "dismiss_admin", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("admin_id" = AdminUserId, Path)), responses((status = 204, description = "They are no admin any more")))]
async fn dismiss(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Id(id): Id<AdminUserId>,
) -> Result<StatusCode, Problem> {
    app.admins.dismiss(&at.caller, &at.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
