//! Why the process does not start: one line on standard error, and an exit code that tells whether to try again.

use musubi_kernel::error::StoreError;
use musubi_settings::WRONG_SETTING;
use std::fmt::Display;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Why the process does not start.
#[derive(Debug)]
pub(super) enum Failure {
    /// A setting is wrong: it will be no better next time. Exit code 2.
    Setting(String),
    /// Something is away or broken. Exit code 1.
    Runtime(String),
}

impl Failure {
    pub(super) fn runtime(error: impl Display) -> Self {
        Self::Runtime(error.to_string())
    }

    pub(super) fn listen(address: SocketAddr, error: &std::io::Error) -> Self {
        Self::Setting(format!("--listen {address}: {error}"))
    }

    pub(super) fn database(what: &str, error: &StoreError) -> Self {
        Self::Runtime(line_of(what, error))
    }

    /// Says why, in one line.
    pub(super) fn report(self) -> ExitCode {
        let (line, code) = match self {
            Self::Setting(line) => (line, WRONG_SETTING),
            Self::Runtime(line) => (line, 1),
        };
        eprintln!("musubi-api: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
        ExitCode::from(code)
    }
}

/// What the operator should read of an error of the database.
pub(super) fn line_of(what: &str, error: &StoreError) -> String {
    match error.internal_context() {
        Some(context) => format!("{what}: {context}"),
        None => format!("{what}: {error}"),
    }
}
