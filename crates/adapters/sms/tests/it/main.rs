//! Messages to a server in the service's place, and segments as the service's own calculator counts them.

mod segments;
mod send;
