//! The SQL adapter on every engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod audit;
mod booking;
mod catalog;
mod contract;
mod crowd;
mod customer;
mod entities;
mod ephemeral;
mod errors;
mod idempotency;
mod identity;
mod migrations;
mod notification;
mod people;
mod retention;
mod rows;
mod schema;
mod sealed;
mod silence;
mod together;
mod types;
mod webhooks;
mod work;
