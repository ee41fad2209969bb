//! Why a command could not do its work.

use musubi_crypto::KeyFileError;
use musubi_kernel::error::StoreError;
use musubi_settings::{NoKey, NoRing, WRONG_SETTING};
use std::io::ErrorKind;

/// Why a command could not do its work, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// A setting is wrong.
    #[error("{0}")]
    Wrong(String),
    /// What is needed is not there.
    #[error("{0}")]
    Missing(String),
    /// The database failed. The operator may read all of it.
    #[error("{}", told(.0))]
    Store(#[from] StoreError),
    /// The operating system failed.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl Failed {
    /// The program's exit code.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Wrong(_) => WRONG_SETTING,
            Self::Missing(_) | Self::Store(_) | Self::System(_) => 1,
        }
    }
}

impl From<NoKey> for Failed {
    fn from(no_key: NoKey) -> Self {
        match &no_key {
            NoKey::Malformed(_) => Self::Wrong(no_key.to_string()),
            NoKey::File(KeyFileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                let advice = "nothing was started with this folder yet, or its key is elsewhere: see --data-dir and MUSUBI_MASTER_KEY";
                Self::Missing(format!("{no_key}; {advice}"))
            }
            NoKey::File(_) => Self::Missing(no_key.to_string()),
        }
    }
}

impl From<NoRing> for Failed {
    fn from(no_ring: NoRing) -> Self {
        match no_ring {
            NoRing::Wrong(line) => Self::Missing(line),
            NoRing::Store(error) => Self::Store(error),
        }
    }
}

impl From<KeyFileError> for Failed {
    fn from(error: KeyFileError) -> Self {
        Self::Missing(error.to_string())
    }
}

fn told(error: &StoreError) -> String {
    let detail = error.internal_context().map(|context| format!(": {context}")).unwrap_or_default();
    let line = format!("{error}{detail}").replace('\n', " ");
    match error {
        StoreError::Internal(_) => format!("{line}; `musubi migrate` brings the tables up to date"),
        _ => line,
    }
}
