//! Codes by which customers are told of a booking on LINE.

use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{BookingId, CustomerId};
use serde::Serialize;
use utoipa::ToSchema;

/// A code that a customer sends to the store's account at LINE.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "code": "7K3M-Q9TX-V10D", "expires_at": "2026-03-20T00:30:00Z" }))]
pub(super) struct LineCode {
    /// What to send, alone or within a text. Good once, for one LINE account.
    code: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// An answer that nobody on its way keeps.
pub(super) type Shown = ([(HeaderName, &'static str); 1], Json<LineCode>);

/// A new code for a booking, in the place of its last one; with the customer where the caller has proven to be them.
pub(super) async fn make(
    app: &App,
    scope: &StoreScope,
    booking: BookingId,
    customer: Option<CustomerId>,
) -> Result<Shown, Problem> {
    let made = app.notifications.intake.code(scope, booking, customer).await?;
    let made = made.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "line_not_in_use", "this store tells nobody anything on LINE")
    })?;
    let code = LineCode { code: made.code.expose().to_owned(), expires_at: made.expires_at };
    Ok(([(CACHE_CONTROL, "no-store")], Json(code)))
}
