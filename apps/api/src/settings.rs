//! What the binary is told: flags, then environment, then defaults.

mod issuers;
mod sign_in_rules;

use crate::origin::Origins;
use clap::{Parser, ValueEnum};
pub use issuers::SignInIssuers;
use musubi_kernel::secret::Secret;
use musubi_mail::settings::{MailSettings, PublicUrl, Sender, SmtpServer, Way};
use musubi_process::log::LogFormat;
use musubi_settings::{DataSettings, NotStarting, WebhookSettings, WorkSettings, secret};
use musubi_webauthn::relying_party::{RelyingParty, RelyingPartyError};
use musubi_worker::settings::nobody;
use musubi_worker::settings::ways::{WaySettings, mail_server};
pub use sign_in_rules::SignInRules;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

/// The highest `--public-rate`: past it there is no limit to speak of, and the clocks that count it are too coarse.
const HIGHEST_RATE: i64 = 1_000_000;

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY    the key that seals secrets, instead of the key file in the data folder
  MUSUBI_OPERATOR_KEY  the operator's API key; without it one is made at the first start and printed once
  MUSUBI_SMTP_URL      the mail server, smtps://user:password@host or smtp://user:password@host; without it
                       messages are files in the folder `outbox` of the data folder
  MUSUBI_SMS_PASSWORD  the token of --sms-account
  MUSUBI_LOG           what to log, such as `info,musubi_api=debug`
  MUSUBI_OIDC_<NAME>_… what people sign in through, such as MUSUBI_OIDC_GOOGLE_CLIENT_ID: docs/identity-oidc.md
  MUSUBI_OIDC_REDIRECT_URIS   where they may be sent back to, separated by commas

Examples:
  musubi-api                                    start with nothing: SQLite in ./.musubi, http://127.0.0.1:8080
  musubi-api --demo --listen 127.0.0.1:0        two demo shops, on any free port (the address is printed)
  musubi-api --database-url postgres://musubi@db/musubi --redis-url redis://cache --listen 0.0.0.0:8080
  musubi-api --trust-proxy 1 --log-format json  behind one reverse proxy, for a log collector";

/// Musubi: bookings for shops, over HTTP. Starts with no argument at all.
#[derive(Debug, Clone, Parser)]
#[command(name = "musubi-api", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Settings {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, env = "MUSUBI_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// Where the data is.
    #[command(flatten)]
    pub data: DataSettings,

    /// Redis, for rate limits that several servers share, and for what lasts for minutes; by default each server keeps its
    /// own limits, and the database the rest
    #[arg(long, env = "MUSUBI_REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<String>,

    /// From whom messages are, such as `Sakura <no-reply@example.jp>`; needed with `MUSUBI_SMTP_URL`
    #[arg(long, env = "MUSUBI_MAIL_FROM", value_name = "SENDER")]
    pub mail_from: Option<Sender>,

    /// Domain for which passkeys are made, such as example.jp; must not change later. By default that of `--public-url`
    #[arg(long, env = "MUSUBI_WEBAUTHN_RP_ID", value_name = "DOMAIN")]
    pub webauthn_rp_id: Option<String>,

    /// Pages and apps in which passkeys are used, such as `https://example.jp`; by default that of `--public-url`
    #[arg(long, env = "MUSUBI_WEBAUTHN_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub webauthn_origins: Vec<String>,

    /// Fill an empty database with two lively demo shops, and print their links and keys
    #[arg(long, env = "MUSUBI_DEMO", value_parser = clap::builder::FalseyValueParser::new())]
    pub demo: bool,

    /// Whether the worker runs inside this process
    #[arg(long, env = "MUSUBI_WORKER", default_value = "inline", value_name = "WHERE")]
    pub worker: Worker,

    /// By which ways customers are told, besides e-mail.
    #[command(flatten)]
    pub ways: WaySettings,

    /// How much of its work at once.
    #[command(flatten)]
    pub work: WorkSettings,

    /// How the endpoints of tenants are called.
    #[command(flatten)]
    pub webhooks: WebhookSettings,

    /// How the log on standard error is written
    #[arg(long, env = "MUSUBI_LOG_FORMAT", default_value = "pretty", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// How many reverse proxies stand in front: that many entries of `X-Forwarded-For` are believed
    #[arg(long, env = "MUSUBI_TRUST_PROXY", default_value_t = 0, num_args = 0..=1, default_missing_value = "1",
          value_name = "PROXIES")]
    pub trust_proxy: usize,

    /// Web pages of others that may call with their visitors' cookies: exact origins, with commas between them
    #[arg(long, env = "MUSUBI_ALLOWED_ORIGINS", default_value = "", hide_default_value = true, value_name = "ORIGINS",
          value_parser = Origins::read)]
    pub allowed_origins: Origins,

    /// Calls without credentials that one client address may make per minute; 0 sets no limit to what one address does,
    /// guessing passwords and asking for mails included
    #[arg(long, env = "MUSUBI_PUBLIC_RATE", default_value_t = 120, value_name = "PER-MINUTE",
          value_parser = clap::value_parser!(u32).range(..=HIGHEST_RATE))]
    pub public_rate: u32,

    /// How many of those calls may come at once
    #[arg(long, env = "MUSUBI_PUBLIC_BURST", default_value = "60", value_name = "CALLS")]
    pub public_burst: NonZeroU32,

    /// Requests worked on at once; more are answered with 503
    #[arg(long, env = "MUSUBI_MAX_REQUESTS", default_value = "512", value_name = "REQUESTS")]
    pub max_requests: NonZeroU32,

    /// Megabytes for answers that are remembered until what they rest on is written
    #[arg(long, env = "MUSUBI_CACHE_MB", default_value_t = 64, value_name = "MEGABYTES")]
    pub cache_mb: u32,

    /// Seconds after which a request that is not finished is answered with 503
    #[arg(long, env = "MUSUBI_REQUEST_SECONDS", default_value = "30", value_name = "SECONDS")]
    pub request_seconds: NonZeroU32,

    /// Seconds that running requests are given when the process is told to stop
    #[arg(long, env = "MUSUBI_DRAIN_SECONDS", default_value_t = 20, value_name = "SECONDS")]
    pub drain_seconds: u32,

    /// How sign-ins are wanted.
    #[command(flatten)]
    pub sign_in_rules: SignInRules,

    /// `MUSUBI_OPERATOR_KEY`.
    #[arg(skip)]
    pub operator_key: Option<Secret>,

    /// `MUSUBI_SMTP_URL`.
    #[arg(skip)]
    pub smtp: Option<SmtpServer>,
    /// `MUSUBI_OIDC_…`.
    #[arg(skip)]
    pub sign_in: SignInIssuers,
}

/// Where the worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Worker {
    /// Inside this process.
    Inline,
    /// Not here.
    Off,
}

impl Settings {
    /// Reads arguments (the first is the program's name) and the environment.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut settings: Self = NotStarting::parse(arguments)?;
        settings.data.complete()?;
        settings.operator_key = secret("MUSUBI_OPERATOR_KEY")?;
        settings.ways.complete()?;
        settings.smtp = mail_server()?;
        settings.sign_in = SignInIssuers::read(std::env::vars_os())?;
        settings.check()?;
        Ok(settings)
    }

    /// How long a request may take.
    pub fn request_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.request_seconds.get()))
    }

    /// How long running requests are given when the process is told to stop.
    pub fn drain_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.drain_seconds))
    }

    /// How e-mail goes out, and from whom.
    pub fn way(&self) -> (Way, Sender) {
        let way = match &self.smtp {
            Some(server) => Way::Smtp(server.clone()),
            None => Way::Folder(self.data.data_dir.join("outbox")),
        };
        (way, self.mail_from.clone().unwrap_or_else(nobody))
    }

    /// How messages go out of a server that is bound to this address.
    pub fn mail(&self, bound: SocketAddr) -> MailSettings {
        let (way, from) = self.way();
        MailSettings::new(way, from, self.ways.public_url.clone().unwrap_or_else(|| own_url(bound)))
    }

    /// For which name and on which pages passkeys are used, out of a server that is bound to this address.
    pub fn passkeys(&self, bound: SocketAddr) -> Result<RelyingParty, RelyingPartyError> {
        let public = self.ways.public_url.clone().unwrap_or_else(|| own_url(bound));
        let (domain, page) = RelyingParty::defaults(&public.to_string())?;
        let origins = if self.webauthn_origins.is_empty() { &page } else { &self.webauthn_origins };
        RelyingParty::new(self.webauthn_rp_id.as_deref().unwrap_or(&domain), origins)
    }

    fn check(&self) -> Result<(), NotStarting> {
        self.check_mail()?;
        self.sign_in_rules.check()?;
        self.passkeys(self.listen)
            .map_err(|wrong| NotStarting::Wrong(format!("--webauthn-rp-id or --webauthn-origins: {wrong}")))?;
        let scheme = self.redis_url.as_deref().map(|url| url.split(':').next().unwrap_or_default());
        match scheme {
            None | Some("redis" | "redis+unix" | "unix") => Ok(()),
            Some(_) => {
                Err(NotStarting::Wrong("--redis-url must begin with redis:, such as redis://127.0.0.1:6379".to_owned()))
            }
        }
    }

    /// A guess would reach people in messages.
    fn check_mail(&self) -> Result<(), NotStarting> {
        let missing = match (&self.smtp, &self.mail_from, &self.ways.public_url) {
            (Some(_), None, _) => "--mail-from, such as `Sakura <no-reply@example.jp>`",
            (Some(_), _, None) => "--public-url, such as https://example.jp",
            _ => return Ok(()),
        };
        Err(NotStarting::Wrong(format!("MUSUBI_SMTP_URL needs {missing}")))
    }
}

/// Where this computer reaches a server that is bound to this address.
fn own_url(mut bound: SocketAddr) -> PublicUrl {
    if bound.ip().is_unspecified() {
        bound.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{bound}").parse().expect("an address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_worker::settings::ways::smtp;

    fn read(arguments: &[&str]) -> Result<Settings, NotStarting> {
        Settings::read(["musubi-api"].iter().chain(arguments).map(OsString::from))
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((settings.worker, settings.log_format), (Worker::Inline, LogFormat::Pretty));
        assert_eq!((settings.trust_proxy, read(&["--trust-proxy"]).unwrap().trust_proxy), (0, 1));
    }

    #[test]
    fn a_wrong_setting_is_one_clear_line() {
        for (arguments, says) in [
            (
                ["--listen", "nowhere"],
                "invalid value 'nowhere' for '--listen <ADDR:PORT>': invalid socket address syntax",
            ),
            (["--worker", "later"], "invalid value 'later' for '--worker <WHERE>' [possible values: inline, off]"),
            (
                ["--database-url", "mongodb://x"],
                "--database-url must begin with sqlite: and a file name, postgres: or mysql:",
            ),
            (["--redis-url", "http://x"], "--redis-url must begin with redis:, such as redis://127.0.0.1:6379"),
            (["--public-rate", "-1"], "unexpected argument '-1' found"),
            (
                ["--public-rate", "1000001"],
                "invalid value '1000001' for '--public-rate <PER-MINUTE>': 1000001 is not in 0..=1000000",
            ),
            (
                ["--mail-from", "Sakura"],
                "invalid value 'Sakura' for '--mail-from <SENDER>': must be an e-mail address, with or without a name: Sakura <no-reply@example.jp>",
            ),
            (
                ["--public-url", "example.jp"],
                "invalid value 'example.jp' for '--public-url <URL>': must be an http or https address without query, fragment and password, such as https://example.jp",
            ),
            (
                ["--allowed-origins", "https://shop.example.jp/"],
                "invalid value 'https://shop.example.jp/' for '--allowed-origins <ORIGINS>': 'https://shop.example.jp/' is no \
                 origin such as https://shop.example.jp, in lower case and without a path",
            ),
            (
                ["--webhook-networks", "10.0.0.0/33"],
                "invalid value '10.0.0.0/33' for '--webhook-networks <NETWORKS>': invalid IP address syntax",
            ),
            (["--webhook-seconds", "60"], "invalid value '60' for '--webhook-seconds <SECONDS>': 60 is not in 1..=30"),
            (["--no-such", "x"], "unexpected argument '--no-such' found"),
        ] {
            assert_eq!(read(&arguments).unwrap_err(), NotStarting::Wrong(says.to_owned()));
        }
    }

    #[test]
    fn messages_go_into_the_data_folder_unless_there_is_a_mail_server() {
        let bound = |address: &str| address.parse().unwrap();
        let settings = read(&["--data-dir", "/d"]).unwrap();
        let mail = settings.mail(bound("0.0.0.0:8081"));
        assert_eq!(mail.way, Way::Folder("/d/outbox".into()));
        assert_eq!((mail.from, mail.public_url.to_string()), (nobody(), "http://127.0.0.1:8081".into()));
        assert_eq!(settings.mail(bound("[::1]:80")).public_url.to_string(), "http://[::1]");

        let mut settings = read(&["--mail-from", "a@example.jp", "--public-url", "https://example.jp/"]).unwrap();
        settings.smtp = smtp(Some(&Secret::new("smtp://mail.example.jp"))).unwrap();
        let mail = settings.mail(bound("127.0.0.1:8080"));
        assert!(matches!(&mail.way, Way::Smtp(server) if server.host == "mail.example.jp"));
        assert_eq!(
            (mail.from, mail.public_url.to_string()),
            ("a@example.jp".parse().unwrap(), "https://example.jp".into())
        );
    }

    #[test]
    fn a_mail_server_needs_a_sender_and_an_address_for_links() {
        let server = smtp(Some(&Secret::new("smtp://user:s3cret@mail.example.jp"))).unwrap();
        for (arguments, says) in [
            (&[][..], "MUSUBI_SMTP_URL needs --mail-from, such as `Sakura <no-reply@example.jp>`"),
            (&["--mail-from", "a@example.jp"][..], "MUSUBI_SMTP_URL needs --public-url, such as https://example.jp"),
        ] {
            let settings = Settings { smtp: server.clone(), ..read(arguments).unwrap() };
            assert_eq!(settings.check(), Err(NotStarting::Wrong(says.to_owned())));
        }
        let Err(NotStarting::Wrong(line)) = smtp(Some(&Secret::new("mail.example.jp"))) else { panic!("refused") };
        assert!(line.starts_with("MUSUBI_SMTP_URL must be smtps://"), "{line}");
    }

    #[test]
    fn passkeys_are_made_for_the_front_end_unless_it_is_said_otherwise() {
        for arguments in [
            &[][..],
            &["--listen", "0.0.0.0:0"],
            &["--public-url", "https://book.example.jp/app"],
            &["--public-url", "http://book.example.jp"],
            &["--public-url", "https://book.example.jp", "--webauthn-rp-id", "example.jp"],
            &["--webauthn-rp-id", "example.jp", "--webauthn-origins", "https://example.jp,https://book.example.jp"],
        ] {
            assert!(read(arguments).is_ok(), "{arguments:?}");
        }
        for arguments in [
            &["--webauthn-rp-id", "192.0.2.1"][..],
            &["--webauthn-rp-id", "example.jp"],
            &["--webauthn-rp-id", "jp", "--public-url", "https://book.example.jp"],
            &["--webauthn-rp-id", "co.jp", "--public-url", "https://example.co.jp"],
            &["--webauthn-origins", "https://example.jp"],
        ] {
            let Err(NotStarting::Wrong(line)) = read(arguments) else { panic!("{arguments:?}") };
            assert!(line.starts_with("--webauthn-rp-id or --webauthn-origins: '") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn help_has_examples_and_version_has_the_version() {
        let Err(NotStarting::Asked(help)) = read(&["--help"]) else { panic!("help") };
        assert!(help.contains("Examples:") && help.contains("MUSUBI_LISTEN"));
        let Err(NotStarting::Asked(version)) = read(&["--version"]) else { panic!("version") };
        assert_eq!(version.trim(), concat!("musubi-api ", env!("CARGO_PKG_VERSION")));
    }
}
