//! `/v1/tenants/{tenant_id}/webhook-endpoints`: where a tenant wants to hear of what.

use super::views::{DeliveryView, EndpointView, IssuedSecret};
use crate::access::{Proven, TenantAccess, WebhookManage};
use crate::body::{Body, MergePatch};
use crate::entity::Listed;
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use crate::version::{IfMatch, tagged};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use musubi_kernel::id::{EndpointId, TenantId};
use musubi_notification::webhook::endpoint::{Endpoint, EndpointDetails};
use musubi_notification::webhook::secret::OVERLAP;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, patch, remove))
        .routes(routes!(renew_secret))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(test))
}

/// How a secret is renewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_hours": 24 }))]
struct Renewal {
    /// For how many hours the secret before goes on signing too, 0 to 720; absent: 24.
    #[serde(default)]
    overlap_hours: Option<i32>,
}

/// Make a webhook endpoint
///
/// It hears of what happens from now on. The secret that its calls are signed with is in the answer, and nowhere else. A tenant
/// has 20 at most (422 `too_many_endpoints`).
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints", operation_id = "create_webhook_endpoint",
    tag = "webhooks", extensions(("x-recent-proof" = json!(true))),
    params(("tenant_id" = TenantId, Path)), request_body = EndpointDetails,
    responses((status = 201, body = IssuedSecret)))]
async fn create(
    State(app): State<App>,
    Proven(at): Proven<TenantAccess<WebhookManage>>,
    once: Once<EndpointDetails>,
) -> Result<Response, Problem> {
    app.catalog.tenants.get(&at.scope.clone().into(), at.scope.tenant()).await?;
    once.run(
        |endpoint: &Endpoint| {
            let view = IssuedSecret::from(endpoint);
            Presented { created: Some(endpoint.id.into()), ..Presented::plain(StatusCode::CREATED, &view) }
        },
        |details, keep| async move { app.webhooks.create(&at.caller, &at.scope, &details, &keep).await },
    )
    .await
}

/// List a tenant's webhook endpoints
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/webhook-endpoints", operation_id = "list_webhook_endpoints",
    tag = "webhooks", params(("tenant_id" = TenantId, Path), PageParams),
    responses((status = 200, body = Listed<EndpointView>)))]
async fn list(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    query: Query,
) -> Result<Json<Listed<EndpointView>>, Problem> {
    let page = query.read(Reader::page)?;
    let found = app.webhooks.list(&at.scope, &page).await?;
    Ok(Json(found.map(|endpoint| EndpointView::from(&endpoint)).into()))
}

/// Read a webhook endpoint
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}", operation_id = "get_webhook_endpoint",
    tag = "webhooks", params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    responses((status = 200, body = EndpointView)))]
async fn get(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
) -> Result<Response, Problem> {
    Ok(show(&app.webhooks.get(&at.scope, id).await?))
}

/// Change a webhook endpoint
#[utoipa::path(patch, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}", tag = "webhooks",
    operation_id = "patch_webhook_endpoint", extensions(("x-recent-proof" = json!(true))),
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    request_body(content = EndpointDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = EndpointView)))]
async fn patch(
    State(app): State<App>,
    Proven(at): Proven<TenantAccess<WebhookManage>>,
    Id(id): Id<EndpointId>,
    expected: IfMatch,
    patch: MergePatch<EndpointDetails>,
) -> Result<Response, Problem> {
    let revision = |present: &EndpointDetails| patch.onto(present);
    Ok(show(&app.webhooks.change(&at.caller, &at.scope, id, expected.0, revision).await?))
}

/// Remove a webhook endpoint
///
/// With its deliveries. To stop it for a while, disable it.
#[utoipa::path(delete, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}", tag = "webhooks",
    operation_id = "remove_webhook_endpoint", extensions(("x-recent-proof" = json!(true))),
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    responses((status = 204, description = "It is gone")))]
async fn remove(
    State(app): State<App>,
    Proven(at): Proven<TenantAccess<WebhookManage>>,
    Id(id): Id<EndpointId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    app.webhooks.remove(&at.caller, &at.scope, id, expected.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook endpoint a new secret
///
/// It is in the answer, and nowhere else. Calls are signed with the secret before as well for as long as is asked, so that the
/// receiver can change over when it likes. They are signed with 5 secrets at most (422 `too_many_secrets`): those before end at once
/// with `overlap_hours` 0.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/secret", tag = "webhooks",
    operation_id = "renew_webhook_secret", extensions(("x-recent-proof" = json!(true))),
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)), request_body = Renewal,
    responses((status = 200, body = IssuedSecret)))]
async fn renew_secret(
    State(app): State<App>,
    Proven(at): Proven<TenantAccess<WebhookManage>>,
    Id(id): Id<EndpointId>,
    Body(renewal): Body<Renewal>,
) -> Result<Response, Problem> {
    let overlap = renewal.overlap_hours.map_or(OVERLAP, |hours| TimeDelta::hours(hours.into()));
    let endpoint = app.webhooks.renew_secret(&at.caller, &at.scope, id, overlap).await?;
    Ok(tagged(endpoint.version, &IssuedSecret::from(&endpoint)))
}

/// Have a webhook endpoint called again
///
/// What happened meanwhile it does not hear of. What was given up meanwhile it gets by a replay.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/enable", tag = "webhooks",
    operation_id = "enable_webhook_endpoint",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    responses((status = 200, body = EndpointView)))]
async fn enable(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
) -> Result<Response, Problem> {
    Ok(show(&app.webhooks.enable(&at.caller, &at.scope, id).await?))
}

/// Have a webhook endpoint not called any more
///
/// Nothing new is sent on its way there. What is on its way is given up when its next try comes.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/disable", tag = "webhooks",
    operation_id = "disable_webhook_endpoint",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    responses((status = 200, body = EndpointView)))]
async fn disable(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
) -> Result<Response, Problem> {
    Ok(show(&app.webhooks.disable(&at.caller, &at.scope, id).await?))
}

/// Try a webhook endpoint
///
/// Sends it an event `webhook.test`, whatever it wants to hear of. What becomes of it is seen by the delivery. One that is switched
/// off is not called: 422 `endpoint_disabled`.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/test", tag = "webhooks",
    operation_id = "test_webhook_endpoint",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)),
    responses((status = 202, body = DeliveryView)))]
async fn test(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let delivery = app.webhooks.test(&at.scope, id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

fn show(endpoint: &Endpoint) -> Response {
    tagged(endpoint.version, &EndpointView::from(endpoint))
}
