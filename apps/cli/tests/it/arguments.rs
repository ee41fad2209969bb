//! Help, completions, and what is said to wrong arguments.

use crate::program::{musubi, musubi_with};

#[test]
fn every_command_that_does_something_has_help_with_examples() {
    let keys = ["keys generate", "keys check", "keys rotate", "keys retire", "jobs list", "jobs retry", "retention"];
    for command in ["", "migrate", "verify audit", "completions"].into_iter().chain(keys) {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let ended = musubi(&arguments).is(0);
        assert!(ended.out.contains("Examples:\n") && ended.out.contains("musubi "), "{ended:?}");
    }
    assert_eq!(musubi(&["--version"]).is(0).out, concat!("musubi ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_argument_is_one_line_and_code_2() {
    for (arguments, says) in [
        (vec![], "a command is missing; --help lists them"),
        (vec!["migrat"], "unrecognized subcommand 'migrat'"),
        (vec!["migrate", "--fast"], "unexpected argument '--fast' found"),
        (vec!["verify"], "a command is missing; --help lists them"),
        (vec!["completions", "dos"], "invalid value 'dos' for '<SHELL>'"),
        (vec!["migrate", "--database-url", "ftp://x"], "--database-url must begin with sqlite: and a file name"),
        (vec!["--database-url", "sqlite::memory:", "verify", "audit"], "--database-url must begin with sqlite:"),
    ] {
        let line = musubi(&arguments).complains(2);
        assert!(line.starts_with(says), "{line}");
    }
    let line = musubi_with(&[("MUSUBI_DATABASE_URL", "ftp://x")], &["migrate"]).complains(2);
    assert!(line.starts_with("--database-url must begin"), "{line}");
}

#[test]
fn a_shell_learns_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = musubi(&["completions", shell]).is(0).out;
        assert!(script.contains("migrate") && script.contains("data-dir"), "{shell}");
    }
}
