//! Calls that a carrier's signature admits. Refusals that cost little come first.

use crate::body;
use crate::caller::{CallerOf, is_over_limit, reader, unsigned};
use crate::path::segment;
use crate::problem::Problem;
use crate::query::uuid_of;
use crate::state::App;
use axum::extract::{FromRequestParts as _, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use musubi_kernel::id::StoreId;
use std::net::IpAddr;

/// The most bytes that are read for a client that has shown too many bad signatures. It is not turned away for them: carriers call for
/// all stores from few addresses, and anybody can have a carrier call with a signature that is another's.
const LITTLE: usize = 64 * 1024;

/// A call whose signature is still to be checked.
pub(super) struct SignedCall {
    /// Of which store it tells.
    pub(super) store: StoreId,
    /// The signature, in the form of one.
    pub(super) signature: String,
    /// The body, byte for byte.
    pub(super) body: Bytes,
    client: Option<IpAddr>,
}

impl SignedCall {
    /// The call with the signature in the header `name`, of so many characters. What names no store or shows nothing that can be a
    /// signature is refused before its body is read.
    pub(super) async fn read(app: &App, request: Request, name: &str, length: usize) -> Result<Self, Problem> {
        let (mut parts, content) = request.into_parts();
        let CallerOf(caller) = CallerOf::from_request_parts(&mut parts, app).await?;
        let client = caller.ip;
        let store = segment(&mut parts, "store_id").await?.and_then(|text| uuid_of(&text));
        let signature = parts.headers.get(name).and_then(|value| value.to_str().ok());
        let signature = signature.filter(|signature| signature.len() == length).map(str::to_owned);
        let (Some(store), Some(signature)) = (store, signature) else { return Err(unsigned(app, client).await) };
        let _reader = reader(app, client)?;
        let over = is_over_limit(app, client);
        let most = if over { LITTLE } else { body::LARGEST };
        match body::at_most(Request::from_parts(parts, content), most, app.body_time).await {
            Ok(body) => Ok(Self { store: StoreId(store), signature, body, client }),
            Err(problem) if over && problem.status == StatusCode::PAYLOAD_TOO_LARGE => Err(unsigned(app, client).await),
            // Carriers send all of it.
            Err(problem) if problem.status == StatusCode::REQUEST_TIMEOUT => {
                drop(unsigned(app, client).await);
                Err(problem)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Its signature is not the carrier's.
    pub(super) async fn refused(&self, app: &App) -> Problem {
        unsigned(app, self.client).await
    }
}
