//! How long sign-ins last, which passwords may be chosen, and what hashing them costs.

use chrono::TimeDelta;
use clap::Args;
use musubi_crypto::{HashingSettings, MOST_LANES, MOST_MEMORY_KIB, MOST_PASSES, least_memory_kib};
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::password::{PasswordRules, SHORTEST, SURELY_ALLOWED};
use musubi_settings::NotStarting;
use std::num::{NonZeroU16, NonZeroUsize};

/// Shorter ones would be over before they arrive.
const SHORTEST_TIME: TimeDelta = TimeDelta::minutes(1);
/// Browsers keep no cookie for longer (RFC 6265bis, 5.5).
const LONGEST_TIME: TimeDelta = TimeDelta::days(400);
/// A link that resets a password lies in a mailbox, where others may read it later.
const LONGEST_RESET_LINK: TimeDelta = TimeDelta::days(1);
/// Passwords that wait for each that is hashed, unless it is said otherwise: a second or two.
const WAITING_FOR_EACH: usize = 64;

/// How an installation wants sign-ins.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sign-ins and passwords")]
pub struct SignInRules {
    /// How long an access token is good, such as 10m; a stolen one too
    #[arg(long, env = "MUSUBI_ACCESS_TOKEN_LIFETIME", default_value = "10m", value_name = "TIME", value_parser = time)]
    pub access_token_lifetime: TimeDelta,

    /// When a session ends that is not used
    #[arg(long, env = "MUSUBI_SESSION_IDLE_TIMEOUT", default_value = "30d", value_name = "TIME", value_parser = time)]
    pub session_idle_timeout: TimeDelta,

    /// When every session ends, however much it is used
    #[arg(long, env = "MUSUBI_SESSION_LIFETIME", default_value = "90d", value_name = "TIME", value_parser = time)]
    pub session_lifetime: TimeDelta,

    /// How long a mailed link is good that sets a new password, up to 1d
    #[arg(long, env = "MUSUBI_RESET_LINK_LIFETIME", default_value = "10m", value_name = "TIME", value_parser = time)]
    pub reset_link_lifetime: TimeDelta,

    /// How long an invitation to work at a store is good
    #[arg(long, env = "MUSUBI_INVITATION_LIFETIME", default_value = "7d", value_name = "TIME", value_parser = time)]
    pub invitation_lifetime: TimeDelta,

    /// The fewest characters of a new password; 15 are recommended where a password alone signs in
    #[arg(long, env = "MUSUBI_PASSWORD_MIN_LENGTH", default_value_t = characters(SHORTEST), value_name = "CHARACTERS",
          value_parser = clap::value_parser!(u8).range(i64::from(characters(SHORTEST))..=i64::from(characters(SURELY_ALLOWED))))]
    pub password_min_length: u8,

    /// Memory of one password hash (Argon2id), in MiB; with the passes no less than OWASP asks for
    #[arg(long, env = "MUSUBI_ARGON2_MEMORY_MIB", default_value_t = 19, value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_MEMORY_KIB / 1024)))]
    pub argon2_memory_mib: u32,

    /// Passes of one password hash over its memory
    #[arg(long, env = "MUSUBI_ARGON2_PASSES", default_value_t = 2, value_name = "PASSES",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_PASSES)))]
    pub argon2_passes: u32,

    /// Lanes of one password hash, worked off one after the other
    #[arg(long, env = "MUSUBI_ARGON2_LANES", default_value_t = 1, value_name = "LANES",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_LANES)))]
    pub argon2_lanes: u32,

    /// Passwords hashed at once, each in that memory; by default as many as there are cores
    #[arg(long, env = "MUSUBI_PASSWORD_HASHES_AT_ONCE", value_name = "PASSWORDS")]
    pub password_hashes_at_once: Option<NonZeroU16>,

    /// Passwords that may wait for their turn; more are told to come back. By default 64 for each that is hashed at once
    #[arg(long, env = "MUSUBI_PASSWORD_HASHES_WAITING", value_name = "PASSWORDS")]
    pub password_hashes_waiting: Option<u16>,
}

impl SignInRules {
    /// How long things last.
    pub fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            access: self.access_token_lifetime,
            idle: self.session_idle_timeout,
            absolute: self.session_lifetime,
            password_reset: self.reset_link_lifetime,
            invitation: self.invitation_lifetime,
            ..Lifetimes::default()
        }
    }

    /// Which passwords may be chosen.
    pub fn password_rules(&self) -> PasswordRules {
        PasswordRules::with_shortest(self.password_min_length.into())
    }

    /// What hashing a password costs, and how many are hashed at once.
    pub fn hashing(&self) -> HashingSettings {
        let usual = HashingSettings::default();
        let at_once = self.password_hashes_at_once.map_or(usual.at_once, NonZeroUsize::from);
        HashingSettings {
            memory_kib: self.argon2_memory_mib * 1024,
            passes: self.argon2_passes,
            lanes: self.argon2_lanes,
            at_once,
            waiting: self.password_hashes_waiting.map_or(WAITING_FOR_EACH * at_once.get(), usize::from),
        }
    }

    /// What does not go together.
    pub(super) fn check(&self) -> Result<(), NotStarting> {
        let wrong = |line: String| Err(NotStarting::Wrong(line));
        for (name, time, longest_name, longest) in [
            (
                "--access-token-lifetime",
                self.access_token_lifetime,
                "--session-idle-timeout",
                self.session_idle_timeout,
            ),
            ("--session-idle-timeout", self.session_idle_timeout, "--session-lifetime", self.session_lifetime),
        ] {
            if time > longest {
                return wrong(format!(
                    "{name} ({}) must not be longer than {longest_name} ({})",
                    shown(time),
                    shown(longest)
                ));
            }
        }
        if self.reset_link_lifetime > LONGEST_RESET_LINK {
            return wrong("--reset-link-lifetime must not be longer than 1d".to_owned());
        }
        if !self.hashing().is_dear_enough() {
            let passes = self.argon2_passes;
            return wrong(format!(
                "--argon2-memory-mib must be {} or more at --argon2-passes {passes}: with less, passwords are guessed too fast (OWASP Password Storage Cheat Sheet)",
                least_memory_kib(passes) / 1024
            ));
        }
        Ok(())
    }
}

/// A number of characters, which are few.
const fn characters(number: usize) -> u8 {
    assert!(number <= u8::MAX as usize, "no installation asks for so many");
    #[expect(clippy::cast_possible_truncation, reason = "it fits")]
    let characters = number as u8;
    characters
}

/// A length of time such as `10m`, `12h` or `30d`.
fn time(text: &str) -> Result<TimeDelta, String> {
    let read = humantime::parse_duration(text).ok().and_then(|time| TimeDelta::from_std(time).ok());
    let time = read.ok_or("must be a time such as 10m, 12h or 30d")?;
    if (SHORTEST_TIME..=LONGEST_TIME).contains(&time) {
        Ok(time)
    } else {
        Err(format!("must be between {} and {}", shown(SHORTEST_TIME), shown(LONGEST_TIME)))
    }
}

fn shown(time: TimeDelta) -> String {
    match (time.num_days(), time.num_minutes()) {
        (days, minutes) if days > 0 && minutes % (24 * 60) == 0 => format!("{days}d"),
        (_, minutes) if minutes % 60 == 0 => format!("{}h", minutes / 60),
        (_, minutes) => format!("{minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Program {
        #[command(flatten)]
        rules: SignInRules,
    }

    fn read(arguments: &[&str]) -> Result<SignInRules, NotStarting> {
        let program = std::iter::once(&"musubi-api").chain(arguments).map(Into::into);
        let Program { rules } = NotStarting::parse(program)?;
        rules.check().map(|()| rules)
    }

    #[test]
    fn what_is_not_said_is_as_in_the_library() {
        let rules = read(&[]).unwrap();
        assert_eq!((rules.lifetimes(), rules.hashing()), (Lifetimes::default(), HashingSettings::default()));
        assert_eq!(rules.password_rules(), PasswordRules::default());
    }

    #[test]
    fn what_is_said_counts() {
        let rules = read(&[
            "--access-token-lifetime=5m",
            "--session-idle-timeout=8h",
            "--session-lifetime=1d 12h",
            "--reset-link-lifetime=30m",
            "--invitation-lifetime=14d",
            "--password-min-length=15",
            "--argon2-memory-mib=46",
            "--argon2-passes=1",
            "--argon2-lanes=4",
            "--password-hashes-at-once=3",
        ])
        .unwrap();
        let lifetimes = Lifetimes {
            access: TimeDelta::minutes(5),
            idle: TimeDelta::hours(8),
            absolute: TimeDelta::hours(36),
            password_reset: TimeDelta::minutes(30),
            invitation: TimeDelta::days(14),
            ..Lifetimes::default()
        };
        assert_eq!((rules.lifetimes(), rules.password_rules()), (lifetimes, PasswordRules::with_shortest(15)));
        let at_once = NonZeroUsize::new(3).unwrap();
        let hashing = HashingSettings { memory_kib: 46 * 1024, passes: 1, lanes: 4, at_once, waiting: 192 };
        assert_eq!(rules.hashing(), hashing);
        assert_eq!(read(&["--password-hashes-waiting=0"]).unwrap().hashing().waiting, 0);
    }

    #[test]
    fn what_is_wrong_is_one_clear_line() {
        for (arguments, says) in [
            (
                &["--session-idle-timeout", "9m"][..],
                "--access-token-lifetime (10m) must not be longer than --session-idle-timeout (9m)",
            ),
            (
                &["--session-lifetime", "36h"],
                "--session-idle-timeout (30d) must not be longer than --session-lifetime (36h)",
            ),
            (&["--reset-link-lifetime", "25h"], "--reset-link-lifetime must not be longer than 1d"),
            (
                &["--access-token-lifetime", "10"],
                "invalid value '10' for '--access-token-lifetime <TIME>': must be a time such as 10m, 12h or 30d",
            ),
            (
                &["--access-token-lifetime", "59s"],
                "invalid value '59s' for '--access-token-lifetime <TIME>': must be between 1m and 400d",
            ),
            (
                &["--invitation-lifetime", "401d"],
                "invalid value '401d' for '--invitation-lifetime <TIME>': must be between 1m and 400d",
            ),
            (
                &["--password-min-length", "7"],
                "invalid value '7' for '--password-min-length <CHARACTERS>': 7 is not in 8..=64",
            ),
            (
                &["--password-min-length", "65"],
                "invalid value '65' for '--password-min-length <CHARACTERS>': 65 is not in 8..=64",
            ),
            (
                &["--argon2-memory-mib", "18"],
                "--argon2-memory-mib must be 19 or more at --argon2-passes 2: with less, passwords are guessed too fast (OWASP Password Storage Cheat Sheet)",
            ),
            (
                &["--argon2-passes", "1"],
                "--argon2-memory-mib must be 46 or more at --argon2-passes 1: with less, passwords are guessed too fast (OWASP Password Storage Cheat Sheet)",
            ),
            (
                &["--argon2-memory-mib", "257"],
                "invalid value '257' for '--argon2-memory-mib <MIB>': 257 is not in 1..=256",
            ),
            (&["--argon2-passes", "33"], "invalid value '33' for '--argon2-passes <PASSES>': 33 is not in 1..=32"),
            (&["--argon2-lanes", "17"], "invalid value '17' for '--argon2-lanes <LANES>': 17 is not in 1..=16"),
            (
                &["--password-hashes-at-once", "0"],
                "invalid value '0' for '--password-hashes-at-once <PASSWORDS>': number would be zero for non-zero type",
            ),
        ] {
            assert_eq!(read(arguments).unwrap_err(), NotStarting::Wrong(says.to_owned()));
        }
        for passes in 1..=MOST_PASSES {
            let (passes, memory) = (passes.to_string(), (least_memory_kib(passes) / 1024).to_string());
            read(&["--argon2-passes", &passes, "--argon2-memory-mib", &memory]).unwrap();
        }
    }
}
