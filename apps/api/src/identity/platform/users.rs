//! `/v1/users`

use super::super::people::{UserView, address};
use crate::access::{ModeratorAccess, Proven, SupportAccess};
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::App;
use crate::version::tagged;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use musubi_identity::user::{LOCK_REASON, Status, User};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use musubi_kernel::page::Page;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(get))
        .routes(routes!(lock))
        .routes(routes!(unlock))
        .routes(routes!(ban))
        .routes(routes!(unban))
}

/// A person, as those see them who look after people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonRecord)]
struct PersonView {
    /// The person.
    user: UserView,
    /// Why they are locked or banned; null: they are neither.
    #[schema(required)]
    lock_reason: Option<String>,
}

impl PersonView {
    /// A person with their version as entity tag.
    fn tagged(user: User) -> Response {
        tagged(user.version, &Self::from(user))
    }
}

impl From<User> for PersonView {
    fn from(user: User) -> Self {
        let lock_reason = match &user.status {
            Status::Locked { reason, .. } | Status::Banned { reason, .. } => Some(reason.clone()),
            Status::Active | Status::Deleted { .. } => None,
        };
        Self { user: user.into(), lock_reason }
    }
}

/// Find a person by their address
///
/// For those who look after people. The list has one item, or none; that somebody was looked up is written down.
#[utoipa::path(get, path = "/v1/users", operation_id = "find_user", tag = "platform",
    params(("email" = String, Query, description = "The whole address", example = "hanako@example.jp")),
    responses((status = 200, body = Listed<PersonView>)))]
async fn find(State(app): State<App>, at: SupportAccess, query: Query) -> Result<Json<Listed<PersonView>>, Problem> {
    let email = query.read(|query| query.text("email"))?;
    let email = email.ok_or_else(|| Invalid::one("?email", "missing", "this parameter is required"))?;
    let found = app.people.find(&at.caller, &at.scope, &address("?email", &email)?).await?;
    Ok(Json(Page { items: found.into_iter().map(PersonView::from).collect(), next: None }.into()))
}

/// Look a person up
///
/// For those who look after people. It is written down.
#[utoipa::path(get, path = "/v1/users/{user_id}", operation_id = "get_user", tag = "platform",
    params(("user_id" = UserId, Path)), responses((status = 200, body = PersonView)))]
async fn get(State(app): State<App>, at: SupportAccess, Id(id): Id<UserId>) -> Result<Response, Problem> {
    Ok(PersonView::tagged(app.people.look_up(&at.caller, &at.scope, id).await?))
}

/// Why somebody is locked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "sends advertisements" }))]
struct Lock {
    /// One line, for those who decide about it later.
    #[schema(max_length = 500)]
    reason: String,
}

const _: () = assert!(LOCK_REASON == 500, "what the schema says");

/// Lock a person
///
/// For those who look after people. All of the person's sessions end at once. Admins can be locked by the operator alone.
#[utoipa::path(post, path = "/v1/users/{user_id}/lock", operation_id = "lock_user", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("user_id" = UserId, Path)), request_body = Lock, responses((status = 200, body = PersonView)))]
async fn lock(
    State(app): State<App>,
    Proven(at): Proven<SupportAccess>,
    Id(id): Id<UserId>,
    Body(Lock { reason }): Body<Lock>,
) -> Result<Response, Problem> {
    Ok(PersonView::tagged(app.people.lock(&at.caller, &at.scope, id, &reason).await?))
}

/// Let a locked person in again
///
/// For those who look after people. Not who is banned: 422 `wrong_status`.
#[utoipa::path(post, path = "/v1/users/{user_id}/unlock", operation_id = "unlock_user", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("user_id" = UserId, Path)), responses((status = 200, body = PersonView)))]
async fn unlock(
    State(app): State<App>,
    Proven(at): Proven<SupportAccess>,
    Id(id): Id<UserId>,
) -> Result<Response, Problem> {
    Ok(PersonView::tagged(app.people.unlock(&at.caller, &at.scope, id).await?))
}

/// Why somebody is banned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "threatened a shop, for the second time" }))]
struct Ban {
    /// One line, for those who decide about it later. The person is not told.
    #[schema(max_length = 500)]
    reason: String,
}

/// Ban a person
///
/// For those who decide about what people have done: the operator, and admins with the role `admin` or `moderator`. All of the
/// person's sessions end at once, and they are told by mail; nothing but `unban` lets them in again. Admins can be banned by
/// the operator alone, and nobody bans themselves: 422 `own_ban`.
#[utoipa::path(post, path = "/v1/users/{user_id}/ban", operation_id = "ban_user", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("user_id" = UserId, Path)), request_body = Ban, responses((status = 200, body = PersonView)))]
async fn ban(
    State(app): State<App>,
    Proven(at): Proven<ModeratorAccess>,
    Id(id): Id<UserId>,
    Body(Ban { reason }): Body<Ban>,
) -> Result<Response, Problem> {
    Ok(PersonView::tagged(app.people.ban(&at.caller, &at.scope, id, &reason).await?))
}

/// End a person's ban
///
/// For those who decide about what people have done. A lock that was there before ends with it, and the person is told by mail.
#[utoipa::path(post, path = "/v1/users/{user_id}/unban", operation_id = "unban_user", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("user_id" = UserId, Path)), responses((status = 200, body = PersonView)))]
async fn unban(
    State(app): State<App>,
    Proven(at): Proven<ModeratorAccess>,
    Id(id): Id<UserId>,
) -> Result<Response, Problem> {
    Ok(PersonView::tagged(app.people.unban(&at.caller, &at.scope, id).await?))
}
