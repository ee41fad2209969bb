//! Musubi over HTTP.
//!
//! A route is one call of a use case; everything around it is here, each in one place:
//!
//! | module | what it does for every route |
//! |---|---|
//! | [`access`] | grants access: the route names the permission in its signature |
//! | [`body`], [`query`], [`path`] | read input and tell all that is wrong with it at once |
//! | [`idempotency`] | a repeated POST gets the first answer |
//! | [`contact`] | masks how customers are reached, and notes who is shown it |
//! | [`version`] | `ETag` and `If-Match` |
//! | [`error`], [`problem`] | errors as `application/problem+json` |
//! | [`language`] | texts for people in English and Japanese |
//! | [`caller`], [`limits`] | who is calling, and how often without credentials |
//! | [`cookies`], [`origin`] | browsers that are signed in, and the pages they may be called from |
//! | [`shield`] | what browsers may do with an answer |
//! | [`http`] | request ids, log, bounds on size, time and number |
//! | [`openapi`] | the router and the document |
//! | [`start`] | puts all of it together and runs it |

pub mod access;
pub mod assemble;
pub mod body;
mod booking;
pub mod caller;
pub mod catalog;
pub mod contact;
pub mod cookies;
mod customer;
pub mod demo;
mod docs;
mod drain;
pub mod entity;
pub mod error;
pub mod health;
pub mod http;
pub mod idempotency;
mod identity;
mod json;
pub mod language;
pub mod limits;
pub mod metrics;
pub mod notification;
pub mod openapi;
pub mod origin;
pub mod path;
pub mod ports;
pub mod problem;
pub mod query;
pub mod schema;
pub mod serve;
pub mod settings;
pub mod shield;
pub mod start;
pub mod state;
pub mod storage;
pub mod task;
pub mod version;
pub mod worker;
