//! How customers look from outside.

pub(super) use crate::contact::mask::{reaches, refuse_masks};

use crate::contact::{Showing, Shown, mask};
use crate::problem::Problem;
use crate::state::App;
use crate::version::tagged;
use axum::response::Response;
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Caller, StoreScope};
use serde_json::{Map, Value};

/// Tells one caller of customers: how they are reached in full, or masked.
#[derive(Debug, Clone)]
pub(super) struct Teller(Option<Showing>);

impl Teller {
    /// In the answer of this operation.
    pub(super) fn of(caller: &Caller, scope: &StoreScope, operation: &'static str) -> Self {
        Self(Showing::of(caller, scope, operation))
    }

    /// A customer, as the caller may see them.
    pub(super) fn view(&self, customer: &Customer) -> Value {
        if self.0.is_some() { mask::plain(customer) } else { mask::masked(customer) }
    }

    /// Of which of these customers it is shown how they are reached.
    pub(super) fn shown<'a>(&self, customers: impl IntoIterator<Item = &'a Customer>) -> Option<Shown> {
        let reached = customers.into_iter().filter(|customer| mask::tells_something(&customer.details));
        self.0.as_ref()?.to(reached.map(|customer| customer.id))
    }

    /// A customer with their version as entity tag. That it shows how they are reached is noted first.
    pub(super) async fn show(&self, app: &App, caller: &Caller, customer: &Customer) -> Result<Response, Problem> {
        app.contact_reads.note(caller, self.shown([customer]).as_ref()).await?;
        Ok(tagged(customer.version, &self.view(customer)))
    }
}

/// What was sent of a new customer.
pub(super) fn sent(details: &CustomerDetails) -> Map<String, Value> {
    match serde_json::to_value(details) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
