//! The real binary.

use serde_json::Value;
use std::process::{Command, Stdio};

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `musubi` with these arguments, in an environment without settings.
pub(crate) fn musubi(arguments: &[&str]) -> Ended {
    musubi_with(&[], arguments)
}

/// The same with these variables.
pub(crate) fn musubi_with(environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUSUBI_")) {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied()).args(arguments).stdin(Stdio::null());
    let ended = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: ended.status.code().expect("an exit code"), out: text(ended.stdout), err: text(ended.stderr) }
}

impl Ended {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn is(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Insists on this code and one line of complaint; the line.
    #[track_caller]
    pub(crate) fn complains(self, code: i32) -> String {
        let ended = self.is(code);
        assert_eq!((ended.out.as_str(), ended.err.lines().count()), ("", 1), "{ended:?}");
        ended.err.strip_prefix("musubi: ").expect("its name").trim_end().to_owned()
    }

    /// The JSON object that it printed, and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.err, "", "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
