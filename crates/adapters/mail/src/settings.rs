//! Where mail goes, from whom, and how patiently.

mod pace;
mod public_url;
mod sender;
mod smtp_server;

pub use pace::Pace;
pub use public_url::PublicUrl;
pub use sender::Sender;
pub use smtp_server::{Credentials, Protection, SmtpServer};
use std::path::PathBuf;

/// How messages go out.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// By which way.
    pub way: Way,
    /// From whom.
    pub from: Sender,
    /// Where links lead.
    pub public_url: PublicUrl,
    /// How patiently.
    pub pace: Pace,
}

impl MailSettings {
    /// Settings at the usual pace.
    pub fn new(way: Way, from: Sender, public_url: PublicUrl) -> Self {
        Self { way, from, public_url, pace: Pace::default() }
    }
}

/// The way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To a mail server.
    Smtp(SmtpServer),
    /// Into a folder, one file a message, where whoever tries Musubi out finds the links. It is made when missing.
    Folder(PathBuf),
}

/// A setting that is none: what it must be, to be read after the setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongSetting(pub(crate) &'static str);
