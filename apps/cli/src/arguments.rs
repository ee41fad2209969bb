//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use musubi_settings::{DataSettings, NotStarting};
use std::ffi::OsString;
use uuid::Uuid;

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY  the key that seals secrets, instead of the key file in the data folder; older ones after commas

Exit codes: 0 done and sound; 1 something is wrong with the installation; 2 something is wrong with the command.

Examples:
  musubi migrate                                       bring the tables of ./.musubi/musubi.db up to date
  musubi migrate --database-url postgres://db/musubi   the same on a server
  musubi jobs list                                     what could not be done, and why
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

    /// Make, check and change the keys that seal secrets
    Keys {
        /// What to do
        #[command(subcommand)]
        what: KeysCommand,
    },

    /// Look at the work that is done later, and let what has failed be tried again
    Jobs {
        /// What to do
        #[command(subcommand)]
        what: JobsCommand,
    },

    /// Delete what is kept no longer: histories and logs of which the time is over. A worker does so each night
    #[command(after_help = "\
Rows go 1,000 at a time, so that nobody waits for it. It may be stopped at any time.

Examples:
  musubi retention --dry-run                            how many rows would go now
  musubi retention --dry-run --json | jq '.tables[]'")]
    Retention {
        /// Delete nothing, only count
        #[arg(long)]
        dry_run: bool,
    },

    /// List what the system has done by itself, the youngest first. What people do is in the audit log
    #[command(after_help = "\
Examples:
  musubi system-log                                      what was done last
  musubi system-log --action retention.applied --json | jq '.entries[0].metadata'")]
    SystemLog {
        /// Of this kind alone, such as `retention.applied`
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,

        /// The most that are listed
        #[arg(long, default_value_t = 100, value_name = "ENTRIES", value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
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

    /// Open everything that is sealed and count what each key seals; ends with 1 when a key is missing or another one
    #[command(after_help = "\
Examples:
  musubi keys check
  musubi keys check --json | jq '.keys[]'
  MUSUBI_MASTER_KEY=\"$(cat backup.key)\" musubi keys check --quick --database-url mysql://db/musubi")]
    Check {
        /// Open only the oldest and the newest value of each column
        #[arg(long)]
        quick: bool,
    },

    /// Seal everything anew with the first key, while servers run; a key file of one key gets a new first one
    #[command(after_help = "\
It may be stopped at any time and started again. It ends with 1 when something is left that is not sealed with the first key.

Examples:
  musubi keys rotate && musubi keys check    one machine with a key file: the servers read the new key from it
  MUSUBI_MASTER_KEY=\"$NEW,$OLD\" musubi keys rotate    after every server was started with both
  musubi keys generate >> master.key    several machines with copies of the file: first let all of them know the key")]
    Rotate {
        /// No other machine works on this database: make the new key here
        #[arg(long)]
        one_machine: bool,
    },

    /// Take the keys out of the key file that seal nothing any more; ends with 1 when one of them still does
    #[command(after_help = "\
Keep the key file from before beside the backups of that time: they are sealed with the older key.

Examples:
  musubi keys check && musubi keys retire")]
    Retire,
}

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs: those that have failed, unless others are asked for
    #[command(after_help = "\
Examples:
  musubi jobs list                                          what was tried often enough, and why
  musubi jobs list --status waiting --kind webhook.deliver --limit 20
  musubi jobs list --json | jq -r '.jobs[] | [.id, .kind, .last_error] | @tsv'")]
    List {
        /// How it stands with them
        #[arg(long, default_value = "failed", value_name = "STATUS")]
        status: StatusArgument,

        /// Of this kind alone, such as `webhook.deliver`
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,

        /// The most that are listed
        #[arg(long, default_value_t = 100, value_name = "JOBS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },

    /// Let failed jobs be tried again at once, as often as new ones; ends with 1 when one that was named is not there
    #[command(after_help = "\
A job stays failed when another one that is not finished has its key: that one does its work.

Examples:
  musubi jobs retry 0196a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b
  musubi jobs retry --kind webhook.deliver                  once what they needed is back")]
    Retry {
        /// These jobs
        #[arg(value_name = "ID", required_unless_present = "kind", conflicts_with = "kind")]
        ids: Vec<Uuid>,

        /// All failed jobs of this kind
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
    },
}

/// How it stands with the jobs to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusArgument {
    /// To be done
    Waiting,
    /// Held by a worker
    Running,
    /// Tried often enough
    Failed,
    /// Any of these
    All,
}

impl Arguments {
    /// Reads arguments (the first is the program's name) and the environment.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut read: Self = NotStarting::parse(arguments)?;
        read.data.complete()?;
        Ok(read)
    }
}
