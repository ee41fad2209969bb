//! `/v1/stores/{store_id}/customers`

use super::views::{Teller, reaches, refuse_masks, sent};
use crate::access::{CustomerRead, CustomerWrite, StoreAccess};
use crate::body::MergePatch;
use crate::entity::{self, Listed};
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use crate::version::IfMatch;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_customer::contact::{EmailAddress, PhoneNumber};
use musubi_customer::customer::{Customer, CustomerFilter};
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{AccessError, Permission};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{CustomerId, StoreId};
use musubi_notification::preferences::Preferences;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, put_away))
}

const NOTIFICATION_SETTINGS: &str = "notification_settings";

/// The rules for what a customer decides about what they are told, which hold however it is set.
fn checked(details: &CustomerDetails) -> Result<(), Invalid> {
    let settings = details.notification_settings.as_ref();
    settings.map_or(Ok(()), |settings| Preferences::check(settings, &format!("/{NOTIFICATION_SETTINGS}")))
}

/// Add a customer
#[utoipa::path(post, path = "/v1/stores/{store_id}/customers", operation_id = "create_customer", tag = "customers",
    params(("store_id" = StoreId, Path)), request_body = CustomerDetails, responses((status = 201, body = Customer)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CustomerWrite>,
    once: Once<CustomerDetails>,
) -> Result<Response, Problem> {
    let teller = Teller::of(&at.caller, &at.scope, "create_customer");
    let present = move |customer: &Customer| {
        let created = Presented::created(customer.id, customer.version, &teller.view(customer));
        created.showing(teller.shown([customer]))
    };
    once.run(present, |details, keep| async move {
        refuse_masks(&sent(&details))?;
        checked(&details)?;
        Ok::<_, Problem>(app.customers.create(&at.caller, &at.scope, details, &keep).await?)
    })
    .await
}

/// List the customers
///
/// To look for somebody by how they are reached takes `customer.contact`.
#[utoipa::path(get, path = "/v1/stores/{store_id}/customers", operation_id = "list_customers", tag = "customers",
    params(
        ("store_id" = StoreId, Path),
        ("name" = Option<String>, Query, description = "Those whose name or reading begins like this"),
        ("phone" = Option<String>, Query, description = "Those with this telephone number; Japanese if it names no country"),
        ("email" = Option<String>, Query, description = "Those with this e-mail address"),
        ("line_user_id" = Option<String>, Query, description = "The one who is this on LINE"),
        ("include_inactive" = Option<bool>, Query, description = "Inactive ones too"),
        PageParams
    ),
    responses((status = 200, body = Listed<Customer>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    query: Query,
) -> Result<Json<Listed<Value>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = CustomerFilter {
            name: query.text("name"),
            phone: query.parsed::<PhoneNumber>("phone", "bad_phone", "must be a telephone number"),
            email: query.parsed::<EmailAddress>("email", "bad_email", "must be an e-mail address"),
            line_user_id: query.text("line_user_id"),
            include_inactive: query.flag("include_inactive").unwrap_or_default(),
        };
        (filter, query.page())
    })?;
    let by_contact = filter.phone.is_some() || filter.email.is_some() || filter.line_user_id.is_some();
    if by_contact && !at.caller.actor.holds(Permission::CustomerContact) {
        return Err(AccessError::Forbidden(Permission::CustomerContact).into());
    }
    let found = app.customers.list(&at.scope, &filter, &page).await?;
    let teller = Teller::of(&at.caller, &at.scope, "list_customers");
    app.contact_reads.note(&at.caller, teller.shown(&found.items).as_ref()).await?;
    Ok(Json(found.map(|customer| teller.view(&customer)).into()))
}

/// Read a customer
#[utoipa::path(get, path = "/v1/stores/{store_id}/customers/{customer_id}", operation_id = "get_customer",
    tag = "customers", params(("store_id" = StoreId, Path), ("customer_id" = CustomerId, Path)),
    responses((status = 200, body = Customer)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    Id(id): Id<CustomerId>,
) -> Result<Response, Problem> {
    let customer = app.customers.get(&at.scope, id).await?;
    Teller::of(&at.caller, &at.scope, "get_customer").show(&app, &at.caller, &customer).await
}

/// Change a customer
///
/// To change how they are reached takes `customer.contact`: by their address they are known when they sign in.
#[utoipa::path(patch, path = "/v1/stores/{store_id}/customers/{customer_id}", operation_id = "patch_customer",
    tag = "customers", params(("store_id" = StoreId, Path), ("customer_id" = CustomerId, Path)),
    request_body(content = CustomerDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Customer)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CustomerWrite>,
    Id(id): Id<CustomerId>,
    expected: IfMatch,
    patch: MergePatch<CustomerDetails>,
) -> Result<Response, Problem> {
    refuse_masks(patch.fields())?;
    if reaches(patch.fields()) && !at.caller.actor.holds(Permission::CustomerContact) {
        return Err(AccessError::Forbidden(Permission::CustomerContact).into());
    }
    let revision = |present: &Customer| {
        let details = patch.onto(&present.details)?;
        // What was there before there were rules keeps nobody from changing something else.
        if patch.fields().contains_key(NOTIFICATION_SETTINGS) {
            checked(&details)?;
        }
        Ok(details)
    };
    let customer = app.customers.update(&at.caller, &at.scope, id, expected.0, revision).await?;
    Teller::of(&at.caller, &at.scope, "patch_customer").show(&app, &at.caller, &customer).await
}

/// Put a customer away
///
/// It becomes inactive; bookings keep it.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/customers/{customer_id}", operation_id = "delete_customer",
    tag = "customers", params(("store_id" = StoreId, Path), ("customer_id" = CustomerId, Path)),
    responses((status = 204, description = "It is inactive")))]
async fn put_away(
    State(app): State<App>,
    at: StoreAccess<CustomerWrite>,
    Id(id): Id<CustomerId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    entity::put_away(&app.customers, &at.caller, &at.scope, id, expected).await
}
