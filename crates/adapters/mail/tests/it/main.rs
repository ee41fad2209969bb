//! The port of identity, with a mail server that does whatever a test wants, and with a folder.

mod files;
mod ground;
mod letters;
mod notices;
mod protection;
mod queue;
mod server;
mod troubles;
