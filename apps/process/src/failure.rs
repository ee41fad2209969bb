//! Why the process does not start: one line on standard error, and an exit code that tells whether to try again.

use musubi_kernel::error::StoreError;
use musubi_settings::WRONG_SETTING;
use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Why the process does not start.
#[derive(Debug)]
pub enum Failure {
    /// A setting is wrong: it will be no better next time. Exit code 2.
    Setting(String),
    /// Something is away or broken. Exit code 1.
    Runtime(String),
}

impl Failure {
    /// Something is away or broken.
    pub fn runtime(error: impl Display) -> Self {
        Self::Runtime(error.to_string())
    }

    /// An address cannot be listened on.
    pub fn listen(address: SocketAddr, error: &std::io::Error) -> Self {
        Self::Setting(format!("--listen {address}: {error}"))
    }

    /// The database failed at `what`.
    pub fn database(what: &str, error: &StoreError) -> Self {
        Self::Runtime(line_of(what, error))
    }

    /// Says why, in one line of the program.
    pub fn report(self, program: &str) -> ExitCode {
        let (line, code) = match self {
            Self::Setting(line) => (line, WRONG_SETTING),
            Self::Runtime(line) => (line, 1),
        };
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(std::io::stderr().lock(), "{program}: {line}");
        ExitCode::from(code)
    }
}

/// What the operator should read of an error of the database.
pub fn line_of(what: &str, error: &StoreError) -> String {
    match error.internal_context() {
        Some(context) => format!("{what}: {context}"),
        None => format!("{what}: {error}"),
    }
}
