//! Messages to a server in LINE's place, and all that crosses the wire held against LINE's own library.

mod sdk;
mod send;
mod stub;
