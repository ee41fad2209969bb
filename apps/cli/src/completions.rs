//! `musubi completions`.

use crate::arguments::Arguments;
use crate::output;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints the completion script of a shell.
pub(crate) fn print(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "musubi", &mut script);
    output::plain(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
