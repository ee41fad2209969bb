//! Calls to servers on this computer that stall, hang up, fail and talk without end.

mod calls;
mod guard;
mod server;
