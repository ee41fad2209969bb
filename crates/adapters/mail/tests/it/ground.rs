//! A post office, and what it logs.

use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::{Invited, Message, MessageKind};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::id::CountingIds;
use musubi_kernel::secret::Secret;
use musubi_mail::post::Post;
use musubi_mail::settings::{MailSettings, Pace, Way};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

pub(crate) const TO: &str = "hanako@example.jp";
pub(crate) const TOKEN: &str = "mot_a-token-of-hers";

/// Longer than anything here takes: to wait for it is to fail.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Attempts end soon, pauses are short.
pub(crate) fn quick() -> Pace {
    Pace {
        head_start: Duration::ZERO,
        attempt: Duration::from_secs(10),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(8),
        ..Pace::default()
    }
}

pub(crate) fn settings(way: Way) -> MailSettings {
    MailSettings {
        pace: quick(),
        ..MailSettings::new(
            way,
            "美容室さくら <no-reply@example.jp>".parse().expect("a sender"),
            "https://example.jp/app".parse().expect("an address"),
        )
    }
}

pub(crate) fn begin(settings: MailSettings) -> Post {
    let clock = ManualClock::at("2026-04-01T03:04:05Z".parse().expect("a time"));
    Post::begin(settings, Lifetimes::default(), Arc::new(clock), Arc::new(CountingIds::default()))
        .expect("a post office")
}

/// A message of this kind, with all that such a message has.
pub(crate) fn message(kind: MessageKind, locale: Locale) -> Message {
    let has_token = kind.lifetime(&Lifetimes::default()).is_some();
    let token = if kind == MessageKind::SignInCode { "042817" } else { TOKEN };
    let role = if locale == Locale::Ja { "受付" } else { "receptionist" };
    let invited = Invited { store: "美容室さくら".to_owned(), role: role.to_owned() };
    Message {
        to: TO.parse().expect("an address"),
        locale,
        kind,
        token: has_token.then(|| Secret::new(token)),
        invited: (kind == MessageKind::Invitation).then_some(invited),
    }
}

pub(crate) fn reset() -> Message {
    message(MessageKind::PasswordReset, Locale::Ja)
}

/// Waits until this is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("it becomes so");
}

/// What is logged in this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to listen; ends with the guard.
    pub(crate) fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let to = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(to.with_max_level(tracing::Level::TRACE).finish());
        (log, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no holder panics").clone()).expect("a text")
    }

    /// The lines with this in them.
    pub(crate) fn lines(&self, with: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(with)).map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no holder panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
