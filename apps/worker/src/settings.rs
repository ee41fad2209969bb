//! What the program is told: flags, then environment, then defaults.

pub mod ways;

use clap::Parser;
use musubi_mail::settings::{Sender, SmtpServer, Way};
use musubi_process::log::LogFormat;
use musubi_settings::{DataSettings, NotStarting, WebhookSettings, WorkSettings};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;
use ways::{WaySettings, mail_server};

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY    the key that seals secrets, instead of the key file in the data folder
  MUSUBI_SMTP_URL      the mail server: smtps://user:password@host; by default messages are files in the data folder
  MUSUBI_SMS_PASSWORD  the token of --sms-account, or the secret of --sms-user
  MUSUBI_SMS_TOKEN     the token of --sms-account, beside --sms-user, for --sms-report-url
  MUSUBI_LOG           what to log, such as `info,musubi_worker=debug`

On SIGTERM nothing new is begun, and what runs has --drain-seconds to finish; then it goes back into the queue.

Examples:
  musubi-worker --database-url postgres://musubi@db/musubi         beside `musubi-api --worker off`, as many as you like
  musubi-worker --listen 127.0.0.1:9090 --log-format json          with /metrics, /healthz and /readyz
  musubi jobs list --status failed                                 what was tried often enough";

/// Musubi's worker: passes events on, runs jobs and schedules. `musubi-api` has one inside unless it is told `--worker off`.
#[derive(Debug, Clone, Parser)]
#[command(name = "musubi-worker", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Settings {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataSettings,

    /// Address for /metrics, /healthz and /readyz; without it nothing is served
    #[arg(long, env = "MUSUBI_WORKER_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// From whom messages are, such as `Sakura <no-reply@example.jp>`; needed with `MUSUBI_SMTP_URL`
    #[arg(long, env = "MUSUBI_MAIL_FROM", value_name = "SENDER")]
    pub mail_from: Option<Sender>,

    /// By which other ways customers are told.
    #[command(flatten)]
    pub ways: WaySettings,

    /// How much at once.
    #[command(flatten)]
    pub work: WorkSettings,

    /// How the endpoints of tenants are called.
    #[command(flatten)]
    pub webhooks: WebhookSettings,

    /// Seconds that running jobs are given when the process is told to stop
    #[arg(long, env = "MUSUBI_DRAIN_SECONDS", default_value_t = 20, value_name = "SECONDS")]
    pub drain_seconds: u32,

    /// How the log on standard error is written
    #[arg(long, env = "MUSUBI_LOG_FORMAT", default_value = "pretty", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// `MUSUBI_SMTP_URL`.
    #[arg(skip)]
    pub smtp: Option<SmtpServer>,
}

impl Settings {
    /// Reads arguments (the first is the program's name) and the environment.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut settings: Self = NotStarting::parse(arguments)?;
        settings.data.complete()?;
        settings.ways.complete()?;
        settings.smtp = mail_server()?;
        if settings.smtp.is_some() && settings.mail_from.is_none() {
            let line = "MUSUBI_SMTP_URL needs --mail-from, such as `Sakura <no-reply@example.jp>`";
            return Err(NotStarting::Wrong(line.to_owned()));
        }
        Ok(settings)
    }

    /// How e-mail goes out, and from whom.
    pub fn mail(&self) -> (Way, Sender) {
        let way = match &self.smtp {
            Some(server) => Way::Smtp(server.clone()),
            None => Way::Folder(self.data.data_dir.join("outbox")),
        };
        (way, self.mail_from.clone().unwrap_or_else(nobody))
    }

    /// How long running jobs are given when the process is told to stop.
    pub fn drain_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.drain_seconds))
    }
}

/// From whom messages are that go to no mail server (RFC 6761, 6.4: nobody has this name).
pub fn nobody() -> Sender {
    "Musubi <no-reply@musubi.invalid>".parse().expect("a sender")
}
