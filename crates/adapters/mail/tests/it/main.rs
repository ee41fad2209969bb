//! The port of identity, with a mail server that does whatever a test wants, and with a folder.

mod files;
mod ground;
mod letters;
mod protection;
mod queue;
mod server;
mod troubles;
