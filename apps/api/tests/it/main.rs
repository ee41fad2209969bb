//! The application as its callers meet it: the real router, a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod architecture;
mod booked;
mod booking;
mod catalog;
mod customers;
mod demo;
mod freshness;
mod http;
mod idempotency;
mod isolation;
mod keys;
mod limits;
mod malformed;
mod openapi;
mod paging;
mod program;
mod public;
mod shop;
mod versions;
