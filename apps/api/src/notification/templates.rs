//! `/v1/stores/{store_id}/notification-templates`

use crate::access::{CatalogRead, CatalogWrite, StoreAccess};
use crate::body::{Body, MergePatch};
use crate::entity::{self, Listed};
use crate::idempotency::Once;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use crate::version::IfMatch;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_kernel::id::{StoreId, TemplateId};
use musubi_kernel::locale::Locale;
use musubi_notification::channel::Channel;
use musubi_notification::kind::NotificationKind;
use musubi_notification::template::{Template, TemplateDetails, TemplateFilter};
use musubi_notification::templates::Preview;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The kinds, for who asks for another.
const KINDS: &str = "booking_received, booking_confirmed, booking_cancelled, reminder, change_request, promotional";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, patch, remove))
        .routes(routes!(preview))
        .routes(routes!(shipped))
}

pub(super) fn kind(query: &mut Reader) -> Option<NotificationKind> {
    query.word("type", NotificationKind::from_code, KINDS)
}

pub(super) fn channel(query: &mut Reader) -> Option<Channel> {
    query.word("channel", Channel::from_code, "line, email, sms, in_app")
}

fn language(query: &mut Reader) -> Option<Locale> {
    query.word("language", Locale::from_code, "ja, en")
}

/// Add a wording of the store's own
///
/// 422 `too_many_templates` when it has 200.
#[utoipa::path(post, path = "/v1/stores/{store_id}/notification-templates",
    operation_id = "create_notification_template", tag = "notification-settings",
    params(("store_id" = StoreId, Path)), request_body = TemplateDetails,
    responses((status = 201, body = Template)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    once: Once<TemplateDetails>,
) -> Result<Response, Problem> {
    entity::create(&app.notifications.templates.keeper, at.caller, at.scope, once).await
}

/// List the store's own wordings
#[utoipa::path(get, path = "/v1/stores/{store_id}/notification-templates",
    operation_id = "list_notification_templates", tag = "notification-settings",
    params(
        ("store_id" = StoreId, Path),
        ("type" = Option<NotificationKind>, Query, description = "Those of this kind"),
        ("channel" = Option<Channel>, Query, description = "Those for this channel"),
        ("language" = Option<Locale>, Query, description = "Those in this language"),
        ("include_inactive" = Option<bool>, Query, description = "Those too that are not in use"),
        PageParams
    ),
    responses((status = 200, body = Listed<Template>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    query: Query,
) -> Result<Json<Listed<Template>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = TemplateFilter {
            kind: kind(query),
            channel: channel(query),
            language: language(query),
            include_inactive: query.flag("include_inactive").unwrap_or_default(),
        };
        (filter, query.page())
    })?;
    Ok(Json(app.notifications.templates.keeper.list(&at.scope, &filter, &page).await?.into()))
}

/// Read a wording
#[utoipa::path(get, path = "/v1/stores/{store_id}/notification-templates/{template_id}",
    operation_id = "get_notification_template", tag = "notification-settings",
    params(("store_id" = StoreId, Path), ("template_id" = TemplateId, Path)),
    responses((status = 200, body = Template)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(id): Id<TemplateId>,
) -> Result<Response, Problem> {
    entity::get(&app.notifications.templates.keeper, &at.scope, id).await
}

/// Change a wording
#[utoipa::path(patch, path = "/v1/stores/{store_id}/notification-templates/{template_id}",
    operation_id = "patch_notification_template", tag = "notification-settings",
    params(("store_id" = StoreId, Path), ("template_id" = TemplateId, Path)),
    request_body(content = TemplateDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Template)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<TemplateId>,
    expected: IfMatch,
    patch: MergePatch<TemplateDetails>,
) -> Result<Response, Problem> {
    entity::patch(&app.notifications.templates.keeper, &at.caller, &at.scope, id, expected, &patch).await
}

/// Remove a wording
///
/// Another of the store's own is used, or else the one that comes with Musubi.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/notification-templates/{template_id}",
    operation_id = "delete_notification_template", tag = "notification-settings",
    params(("store_id" = StoreId, Path), ("template_id" = TemplateId, Path)),
    responses((status = 204, description = "It is gone")))]
async fn remove(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<TemplateId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    app.notifications.templates.keeper.remove(&at.caller, &at.scope, id, expected.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// See a wording as customers would read it
///
/// Of a booking that nobody made. Nothing is saved; every rule that the wording breaks is named, as when it is.
#[utoipa::path(post, path = "/v1/stores/{store_id}/notification-templates/preview",
    operation_id = "preview_notification_template", tag = "notification-settings",
    params(("store_id" = StoreId, Path)), request_body = TemplateDetails,
    responses((status = 200, body = Preview)))]
async fn preview(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Body(details): Body<TemplateDetails>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(app.notifications.templates.preview(&at.scope, &details).await?))
}

/// The wording that comes with Musubi, and what a wording of its kind can name.
#[derive(Debug, Serialize, ToSchema)]
struct Shipped {
    /// Subject, of the channels that have one.
    #[schema(required)]
    subject: Option<&'static str>,
    /// Text.
    content: &'static str,
    /// The same as HTML, of an e-mail.
    #[schema(required)]
    html: Option<&'static str>,
    /// What can be named.
    variables: Vec<Variable>,
}

/// Something that a wording can name.
#[derive(Debug, Serialize, ToSchema)]
struct Variable {
    /// Its name.
    name: &'static str,
    /// What stands there in an example.
    example: String,
}

/// Read the wording that comes with Musubi
///
/// To begin an own one from.
#[utoipa::path(get, path = "/v1/stores/{store_id}/notification-wording", operation_id = "get_notification_wording",
    tag = "notification-settings",
    params(
        ("store_id" = StoreId, Path),
        ("type" = Option<NotificationKind>, Query, description = "Of which kind; absent: `booking_confirmed`"),
        ("channel" = Option<Channel>, Query, description = "For which channel; absent: `line`"),
        ("language" = Option<Locale>, Query, description = "In which language; absent: `ja`")
    ),
    responses((status = 200, body = Shipped)))]
async fn shipped(State(app): State<App>, at: StoreAccess<CatalogRead>, query: Query) -> Result<Json<Shipped>, Problem> {
    let (kind, channel, language) = query.read(|query| (kind(query), channel(query), language(query)))?;
    let kind = kind.unwrap_or(NotificationKind::BookingConfirmed);
    let (channel, language) = (channel.unwrap_or(Channel::Line), language.unwrap_or_default());
    let templates = &app.notifications.templates;
    let wording = templates.shipped(kind, channel, language);
    let variables = templates.variables(&at.scope, kind, language).await?;
    let variables = variables.into_iter().map(|(name, example)| Variable { name, example }).collect();
    Ok(Json(Shipped { subject: wording.subject, content: wording.content, html: wording.html, variables }))
}
