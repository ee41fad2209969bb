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
    without_user(line.strip_prefix("error: ").unwrap_or(&line))
}

/// A line without what stands before the host of an address that was given: that may be a password, and lines like this one are
/// kept in logs.
fn without_user(line: &str) -> String {
    // The value ends where clap says what it is for; an address that is broken may hold any sign itself.
    let (value, rest) = line.split_at(line.rfind("' for '").unwrap_or(line.len()));
    let scheme = value.find("://").map(|scheme| scheme + 3);
    let bare = value.find('\'').map(|quote| quote + 1).filter(|_| rest.contains("URL"));
    let Some((start, at)) = scheme.or(bare).zip(value.rfind('@')).filter(|(start, at)| start < at) else {
        return line.to_owned();
    };
    let user = &value[start..=at];
    // The reason may name the address once more.
    format!("{}…{}{}", &value[..start], &value[at..], rest.replace(user, "…@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Settings {
        /// Where it is
        #[arg(long, value_name = "URL", value_parser = |_: &str| Err::<u8, _>("must be an address"))]
        at: Option<u8>,

        /// Whose reason names it
        #[arg(long, value_name = "URL", value_parser = |text: &str| Err::<u8, _>(format!("'{text}' is none")))]
        echo: Option<u8>,

        /// From whom
        #[arg(long, value_name = "SENDER", value_parser = |_: &str| Err::<u8, _>("must be a sender"))]
        from: Option<u8>,
    }

    #[test]
    fn passwords_in_addresses_are_not_told() {
        for (arguments, told) in [
            (
                ["--at", "smtp://me:pa55@h/x y"].as_slice(),
                "invalid value 'smtp://…@h/x y' for '--at <URL>': must be an address",
            ),
            (&["--at", "https://me:p'@5/5?5@h"], "invalid value 'https://…@h' for '--at <URL>': must be an address"),
            (&["--echo", "https://me:pa55@h"], "invalid value 'https://…@h' for '--echo <URL>': 'https://…@h' is none"),
            (&["--at", "me:pa55@h"], "invalid value '…@h' for '--at <URL>': must be an address"),
            (&["--at", "https://h/@"], "invalid value 'https://…@' for '--at <URL>': must be an address"),
            (&["--at", "h"], "invalid value 'h' for '--at <URL>': must be an address"),
            (&["--from", "<no-reply@h>"], "invalid value '<no-reply@h>' for '--from <SENDER>': must be a sender"),
            (&["postgres://me:pa55@h/d"], "unexpected argument 'postgres://…@h/d' found"),
        ] {
            let line = ["settings"].iter().chain(arguments).map(OsString::from);
            let wrong = NotStarting::parse::<Settings>(line).unwrap_err();
            assert_eq!(wrong, NotStarting::Wrong(told.to_owned()), "{arguments:?}");
        }
    }
}
