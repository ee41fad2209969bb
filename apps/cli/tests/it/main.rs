//! The program as an operator's shell and scripts meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod arguments;
mod jobs;
mod keys;
mod migrate;
mod program;
mod retention;
mod verify;
