//! The command line.

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use musubi_settings::{DataSettings, NotStarting};
use std::ffi::OsString;

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY  the key that seals secrets, instead of the key file in the data folder

Exit codes: 0 done and sound; 1 something is wrong with the installation; 2 something is wrong with the command.

Examples:
  musubi migrate                                       bring the tables of ./.musubi/musubi.db up to date
  musubi migrate --database-url postgres://db/musubi   the same on a server
  musubi verify audit --json                           was the audit log tampered with? for a script
  MUSUBI_MASTER_KEY=\"$(musubi keys generate)\" musubi-api
  musubi completions bash > /etc/bash_completion.d/musubi";

/// Musubi's tool for operators. It looks for the data where `musubi-api` does.
#[derive(Debug, Parser)]
#[command(name = "musubi", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) data: DataSettings,

    /// Print one JSON object, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create the tables, or bring them up to date; servers also do this when they start
    #[command(after_help = "\
Examples:
  musubi migrate
  musubi migrate --json | jq -r '.applied[]'")]
    Migrate,

    /// Check that stored data is as it was written
    Verify {
        /// What to check
        #[command(subcommand)]
        what: VerifyCommand,
    },

    /// Make and check the key that seals secrets
    Keys {
        /// What to do
        #[command(subcommand)]
        what: KeysCommand,
    },

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  musubi completions bash > /etc/bash_completion.d/musubi
  musubi completions zsh > \"${fpath[1]}/_musubi\"
  musubi completions fish > ~/.config/fish/completions/musubi.fish")]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// What to check.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Walk every chain of the audit log; names the first broken entry of each, and ends with 1 when there is one
    #[command(after_help = "\
Examples:
  musubi verify audit
  musubi verify audit --json | jq '.flaws[]'")]
    Audit,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print a new master key
    #[command(after_help = "\
Examples:
  musubi keys generate
  (umask 077 && musubi keys generate > master.key)")]
    Generate,

    /// Open sealed values of the database with the master key; ends with 1 when it is missing or another one
    #[command(after_help = "\
Examples:
  musubi keys check
  MUSUBI_MASTER_KEY=\"$(cat backup.key)\" musubi keys check --database-url mysql://db/musubi")]
    Check,
}

impl Arguments {
    /// Reads arguments (the first is the program's name) and the environment.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut read: Self = NotStarting::parse(arguments)?;
        read.data.complete()?;
        Ok(read)
    }
}
