//! `/v1/me/notifications`: a person's own list.

use crate::access::PersonAccess;
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use musubi_kernel::id::NotificationId;
use musubi_notification::inbox::Entry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(unread))
        .routes(routes!(mark_read))
        .routes(routes!(mark_all_read))
}

/// List what stores have told one
///
/// At all stores, the youngest first.
#[utoipa::path(get, path = "/v1/me/notifications", operation_id = "list_my_notifications", tag = "me",
    params(("unread" = Option<bool>, Query, description = "Only what one has not read"), PageParams),
    responses((status = 200, body = Listed<Entry>)))]
async fn list(State(app): State<App>, me: PersonAccess, query: Query) -> Result<Json<Listed<Entry>>, Problem> {
    let (unread, page) = query.read(|query| (query.flag("unread").unwrap_or_default(), query.page()))?;
    Ok(Json(app.notifications.inbox.page(&me.scope, unread, &page).await?.into()))
}

/// How much one has not read.
#[derive(Debug, Serialize, ToSchema)]
struct Unread {
    /// So many entries.
    unread: u64,
}

/// Count what one has not read
#[utoipa::path(get, path = "/v1/me/notifications/unread", operation_id = "count_my_unread_notifications", tag = "me",
    responses((status = 200, body = Unread)))]
async fn unread(State(app): State<App>, me: PersonAccess) -> Result<Json<Unread>, Problem> {
    Ok(Json(Unread { unread: app.notifications.inbox.unread(&me.scope).await? }))
}

/// Mark an entry as read
///
/// A second time changes nothing.
#[utoipa::path(post, path = "/v1/me/notifications/{notification_id}/read", operation_id = "read_my_notification",
    tag = "me", params(("notification_id" = NotificationId, Path)),
    responses((status = 204, description = "It is marked")))]
async fn mark_read(
    State(app): State<App>,
    me: PersonAccess,
    Id(id): Id<NotificationId>,
) -> Result<StatusCode, Problem> {
    app.notifications.inbox.mark_read(&me.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Until when one has read everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "until": "2026-03-20T09:00:00Z" }))]
struct ReadUntil {
    /// When the newest entry came that one has seen.
    until: DateTime<Utc>,
}

/// How much was marked.
#[derive(Debug, Serialize, ToSchema)]
struct Marked {
    /// So many entries that had not been read.
    marked: u64,
}

/// Mark all entries as read that have come by then
///
/// What came later one has not seen.
#[utoipa::path(post, path = "/v1/me/notifications/read", operation_id = "read_my_notifications", tag = "me",
    request_body = ReadUntil, responses((status = 200, body = Marked)))]
async fn mark_all_read(
    State(app): State<App>,
    me: PersonAccess,
    Body(ReadUntil { until }): Body<ReadUntil>,
) -> Result<Json<Marked>, Problem> {
    Ok(Json(Marked { marked: app.notifications.inbox.mark_all_read(&me.scope, until).await? }))
}
