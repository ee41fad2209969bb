//! The port of identity, against issuers that listen on this computer: a stub that says whatever a test wants.

mod checks;
mod keys;
mod line;
mod published;
mod sign_in;
mod stub;
