//! The port of identity, against issuers that listen on this computer: a stub that says whatever a test wants, and a
//! certified provider.

mod checks;
mod keys;
mod line;
mod provider;
mod published;
mod sign_in;
mod stub;
