//! From a command line and an environment to settings, or to the one line that says why not.

use clap::Parser;
use clap::error::ErrorKind;
use musubi_kernel::secret::Secret;
use std::env::VarError;
use std::ffi::OsString;

/// The exit code of a program that was told something wrong.
pub const WRONG_SETTING: u8 = 2;

/// What came of reading the settings instead of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarting {
    /// `--help` or `--version`: this is for standard output.
    Asked(String),
    /// A setting is wrong, in one line.
    Wrong(String),
}

impl NotStarting {
    /// Reads arguments (the first is the program's name) and the environment by clap's rules.
    pub fn parse<T: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<T, Self> {
        T::try_parse_from(arguments).map_err(|error| match error.kind() {
            // Clap would print all of the help as a complaint.
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Self::Wrong("a command is missing; --help lists them".to_owned())
            }
            _ if error.use_stderr() => Self::Wrong(one_line(&error.to_string())),
            _ => Self::Asked(error.to_string()),
        })
    }
}

/// A secret from the environment, where the list of processes does not show it. An empty one is none.
pub fn secret(name: &str) -> Result<Option<Secret>, NotStarting> {
    match std::env::var(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(Secret::new(value.trim()))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(NotStarting::Wrong(format!("{name} is not a text"))),
    }
}

/// The first paragraph of clap's message, without its label.
fn one_line(message: &str) -> String {
    let paragraph = message.trim_start().split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}
