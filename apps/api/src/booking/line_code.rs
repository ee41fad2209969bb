//! Codes by which customers are told of a booking on LINE.

use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use chrono::{DateTime, Utc};
use musubi_booking::booking::Booking;
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::CustomerId;
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

/// A new code for a booking that is still to come about, in the place of its last one; with the customer where the caller has proven
/// to be them.
pub(super) async fn make(
    app: &App,
    scope: &StoreScope,
    booking: &Booking,
    customer: Option<CustomerId>,
) -> Result<Shown, Problem> {
    if !booking.status.is_open() {
        let detail = format!("the booking is {}: nobody is told of it any more", booking.status.name().code());
        return Err(Problem::new(StatusCode::CONFLICT, "booking_not_open", detail));
    }
    let made = app.notifications.intake.code(scope, booking.id, customer).await?;
    let made = made.map_err(|lacking| {
        let detail = format!("this store tells nobody anything on LINE: {lacking}");
        Problem::new(StatusCode::CONFLICT, "line_not_in_use", detail)
    })?;
    let code = LineCode { code: made.code.expose().to_owned(), expires_at: made.expires_at };
    Ok(([(CACHE_CONTROL, "no-store")], Json(code)))
}
