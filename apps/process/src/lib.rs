//! What every server process of Musubi does alike.
//!
//! | module | what it is |
//! |---|---|
//! | [`failure`] | why the process does not start, in one line |
//! | [`log`] | the log, on standard error |
//! | [`signal`] | being told to stop |
//! | [`sole`] | a SQLite file is served by one process |
//! | [`metrics`] | the recorder of figures, and `/metrics` |
//! | [`pause`] | the pause between two attempts |
//! | [`store`] | the database with its tables and the keys that seal what is in it |

pub mod failure;
pub mod log;
pub mod metrics;
pub mod pause;
pub mod signal;
pub mod sole;
pub mod store;

use std::io::Write as _;

/// A line for whoever started the process. That nobody reads it is no reason to stop.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let end = if line.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{line}{end}").and_then(|()| out.flush());
}
