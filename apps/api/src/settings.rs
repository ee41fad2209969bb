//! What the binary is told: flags, then environment, then defaults.

use clap::{Parser, ValueEnum};
use musubi_kernel::secret::Secret;
use musubi_settings::{DataSettings, NotStarting, secret};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// The highest `--public-rate`: past it there is no limit to speak of, and the clocks that count it are too coarse.
const HIGHEST_RATE: i64 = 1_000_000;

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY    the key that seals secrets, instead of the key file in the data folder
  MUSUBI_OPERATOR_KEY  the operator's API key; without it one is made at the first start and printed once
  MUSUBI_LOG           what to log, such as `info,musubi_api=debug`

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

    /// Redis, for rate limits that several servers share; by default each server keeps its own
    #[arg(long, env = "MUSUBI_REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<String>,

    /// Fill an empty database with two lively demo shops, and print their links and keys
    #[arg(long, env = "MUSUBI_DEMO", value_parser = clap::builder::FalseyValueParser::new())]
    pub demo: bool,

    /// Whether the worker runs inside this process
    #[arg(long, env = "MUSUBI_WORKER", default_value = "inline", value_name = "WHERE")]
    pub worker: Worker,

    /// How the log on standard error is written
    #[arg(long, env = "MUSUBI_LOG_FORMAT", default_value = "pretty", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// How many reverse proxies stand in front: that many entries of `X-Forwarded-For` are believed
    #[arg(long, env = "MUSUBI_TRUST_PROXY", default_value_t = 0, num_args = 0..=1, default_missing_value = "1",
          value_name = "PROXIES")]
    pub trust_proxy: usize,

    /// Calls without credentials that one client address may make per minute; 0 sets no limit
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

    /// `MUSUBI_OPERATOR_KEY`.
    #[arg(skip)]
    pub operator_key: Option<Secret>,
}

/// Where the worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Worker {
    /// Inside this process.
    Inline,
    /// Not here.
    Off,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Reads arguments (the first is the program's name) and the environment.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut settings: Self = NotStarting::parse(arguments)?;
        settings.data.complete()?;
        settings.operator_key = secret("MUSUBI_OPERATOR_KEY")?;
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

    fn check(&self) -> Result<(), NotStarting> {
        let scheme = self.redis_url.as_deref().map(|url| url.split(':').next().unwrap_or_default());
        match scheme {
            None | Some("redis" | "redis+unix" | "unix") => Ok(()),
            Some(_) => {
                Err(NotStarting::Wrong("--redis-url must begin with redis:, such as redis://127.0.0.1:6379".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (["--no-such", "x"], "unexpected argument '--no-such' found"),
        ] {
            assert_eq!(read(&arguments).unwrap_err(), NotStarting::Wrong(says.to_owned()));
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
