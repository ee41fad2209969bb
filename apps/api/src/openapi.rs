//! All routes, and the document that describes them: registering a route documents it.

mod complete;

use crate::problem::{ProblemBody, ProblemPart};
use crate::state::App;
use crate::{booking, caller, catalog, cookies, customer, docs, health, http, identity, metrics, notification, shield};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde_json::Value;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DESCRIPTION: &str = "\
Bookings for shops: catalog, customers, free slots, holds, bookings.

**Credentials**: `Authorization: Bearer <token>`: an API key, or the access token of a person who has signed in. Calls \
of a shop's public page need none, but are limited by client \
address. **Errors** are `application/problem+json` (RFC 9457) with a stable `code`, and with everything that is wrong \
with the input in `errors`. **Lists** take `limit` and `cursor`. **Repeats**: a POST that takes an `Idempotency-Key` happens once; \
a repeat within 24 hours gets the first answer, with `Idempotent-Replayed: true`. **Versions**: what can be changed has \
an `ETag`; send it as `If-Match` to change only what you saw, as `If-None-Match` to read only what you have not seen. \
**PATCH** is a merge patch (RFC 7396). **Times** are RFC 3339 in UTC, local dates `YYYY-MM-DD`, wall times `HH:MM` up to \
`30:00`. `X-Request-Id` is taken and given back; ids in paths that are not UUIDs are 400.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Musubi", description = DESCRIPTION),
    servers((url = "/", description = "This server")),
    security(("bearer" = []), ("cookie" = [])),
    components(schemas(ProblemBody, ProblemPart)),
    modifiers(&Bearer),
    tags(
        (name = "tenants", description = "Businesses that run stores"),
        (name = "stores", description = "Stores and their settings"),
        (name = "resources", description = "People, rooms, equipment and vehicles that can be booked, and their absences"),
        (name = "menus", description = "Services and their options"),
        (name = "calendar", description = "Days that differ from the weekly hours, and national holidays"),
        (name = "customers", description = "A store's records of people"),
        (name = "slots", description = "Free starts and holds"),
        (name = "bookings", description = "Appointments and their life"),
        (name = "notification-settings", description = "How a store tells its customers what, and in which words"),
        (name = "promotions", description = "What a store offers to customers who agreed to hear of offers"),
        (name = "notifications", description = "What customers were told, and will be"),
        (name = "sign-in", description = "How people come, sign in and stay signed in"),
        (name = "me", description = "What is a signed-in person's own"),
        (name = "staff", description = "Who works at a store, and as what"),
        (name = "audit", description = "Who did what to what"),
        (name = "platform", description = "Admins, and people as those see them who look after them"),
        (name = "keys", description = "API keys, and who is calling"),
        (name = "webhooks", description = "Which systems of a tenant hear of what happens, and what became of it"),
        (name = "carriers", description = "What those tell who carry messages: their signature admits it"),
        (name = "public", description = "What a store's public page offers, without credentials"),
        (name = "system", description = "The server itself"),
    )
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, `msb_…`, or a person's access token, `msa_…`"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
        let cookie = ApiKeyValue::with_description(
            cookies::ACCESS,
            "The access token of a person who has signed in with a browser; what changes something must then come from a \
             page of this server or of an allowed origin",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The routes of every context. A new one adds its line here.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(catalog::routes())
        .merge(customer::routes())
        .merge(booking::routes())
        .merge(identity::routes())
        .merge(notification::routes())
}

/// The routes below `/v1` and the document.
fn parts() -> (Router<App>, Router<App>, Value) {
    let (v1, mut document) = api().split_for_parts();
    let (system, described) =
        OpenApiRouter::<App>::new().routes(routes!(health::healthz)).routes(routes!(health::readyz)).split_for_parts();
    document.merge(described);
    let mut document = serde_json::to_value(document).expect("the document is plain data");
    complete::complete(&mut document);
    (v1, system, document)
}

/// The OpenAPI document.
pub fn document() -> Value {
    parts().2
}

/// The whole server.
pub fn router(app: App) -> Router {
    let (v1, system, document) = parts();
    let routes = v1
        .route_layer(from_fn_with_state(app.clone(), caller::identify))
        .merge(system)
        .route("/metrics", get(metrics::show))
        .merge(docs::routes(&document));
    around(routes, app)
}

/// Routes with all that happens around every one of them.
pub fn around(routes: Router<App>, app: App) -> Router {
    let cors = (!app.allowed_origins.is_empty()).then(|| shield::cors(&app.allowed_origins));
    routes
        .layer(CatchPanicLayer::custom(http::caught))
        .layer(from_fn_with_state(app.clone(), http::track))
        .layer(option_layer(cors))
        .layer(from_fn_with_state(app.clone(), shield::guard))
        .with_state(app)
}
