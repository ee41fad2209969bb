//! The engine, on the fakes and on each database, and the program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod engine;
mod killed;
mod program;
mod upkeep;
mod work_off;
