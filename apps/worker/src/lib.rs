//! Musubi's worker: what happens after a request was answered.
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | passes events on to their subscribers, runs jobs with bounds on number and time, fires schedules |
//! | [`work`] | who handles what: handlers, subscribers, schedules |
//! | [`notifications`] | telling customers what becomes of their bookings |
//! | [`upkeep`] | the work that every installation has: tidying away what is over |
//! | [`webhooks`] | events to the systems of tenants |
//! | [`metrics`] | figures for Prometheus |
//! | [`outcomes`] | what has become of messages, for operators |
//! | [`start`] | the program `musubi-worker` |
//!
//! The same engine runs inside `musubi-api`. Any number of both work side by side on one database.

pub mod engine;
mod http;
pub mod metrics;
pub mod notifications;
pub mod outcomes;
pub mod settings;
pub mod start;
pub mod upkeep;
pub mod webhooks;
pub mod work;
