//! The application as its callers meet it: the real router, a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod architecture;
mod booked;
mod booking;
mod browser;
mod catalog;
mod contact;
mod customers;
mod demo;
mod freshness;
mod http;
mod idempotency;
mod isolation;
mod issuers;
mod keys;
mod language;
mod limits;
mod line;
mod malformed;
mod notifications;
mod openapi;
mod paging;
mod passkeys;
mod passwords;
mod people;
mod permissions;
mod person;
mod platform;
mod program;
mod public;
mod receiver;
mod repeats;
mod shop;
mod sms_reports;
mod staff;
mod tags;
mod versions;
mod webhooks;
