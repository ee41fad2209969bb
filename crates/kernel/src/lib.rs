//! The words that every part of Musubi shares, and nothing that belongs to one part alone.
//!
//! | module | word |
//! |---|---|
//! | [`id`] | typed UUIDv7 ids, and where new ones and secrets come from |
//! | [`clock`] | the injected clock (whole microseconds) |
//! | [`money`] | amounts in minor units with their currency |
//! | [`wall_time`], [`hours`], [`zone`] | local clock times such as `25:30`, opening hours by weekday, and their instants |
//! | [`bound`] | how many of a kind there may be |
//! | [`entity`] | things that are created, read, changed and put away, with their history: port, use cases, fake |
//! | [`check`] | the rules that inputs of every kind share: sizes, ranges, shapes |
//! | [`content_line`] | the lines of a calendar file |
//! | [`delivery`] | what became of handing a message to a provider |
//! | [`email`] | e-mail addresses in the one form that is kept |
//! | [`codes!`] | small closed sets whose members have stable codes |
//! | [`error`] | what kind of failure it is, its stable code, and what was wrong with an input |
//! | [`locale`] | in which language a person is addressed |
//! | [`network`] | what one client is, as far as addresses tell |
//! | [`page`] | lists with opaque cursors |
//! | [`access`] | who acts, with which permissions, on which store |
//! | [`secret`] | values that never print, and the port that seals them |
//! | [`record`] | what is written beside every change: domain event and audit entry |
//! | [`receipt`] | what an idempotent request leaves in its own transaction |
//! | [`retry`] | running a use case again after a lost race |
//! | [`revision`] | how often something was written |
//! | [`task`] | work that outlives who asked for it |
//! | [`job`] | work that is done later, at least once: what a job is, who does it, and the port that keeps it |
//! | [`outbox`] | how domain events reach those who act on them |
//! | [`schedule`] | work that comes back at its times |

pub mod access;
pub mod audit;
pub mod bound;
pub mod check;
pub mod clock;
mod codes;
pub mod content_line;
pub mod delivery;
pub mod email;
pub mod entity;
pub mod error;
pub mod hours;
pub mod id;
pub mod job;
pub mod locale;
pub mod money;
pub mod network;
pub mod outbox;
pub mod page;
pub mod receipt;
pub mod record;
pub mod retry;
pub mod revision;
pub mod schedule;
pub mod secret;
pub mod task;
pub mod wall_time;
pub mod zone;
