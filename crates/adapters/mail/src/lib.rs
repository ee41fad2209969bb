//! Messages to people as e-mail: the port [`Courier`](musubi_identity::message::Courier) of identity, and what stores tell their
//! customers.
//!
//! | module | what it does |
//! |---|---|
//! | [`settings`] | where mail goes, from whom, and how patiently |
//! | [`post`] | takes messages, and sends them in the background |
//! | [`notice`] | what a store tells a customer, handed over once, with what became of it |
//! | [`letter`] | what they say, in Japanese and English |
//! | `eml` | the letter as an e-mail (RFC 5322, MIME) |
//! | `smtp`, `folder` | the two ways out: a mail server, or a folder of files |
//! | `stream` | connections to that server, over which everything goes at once |
//!
//! Messages of sign-ins that wait are in memory: a crash can lose one, and then the person asks again. Neither addresses nor tokens
//! reach the log.
//!
//! ```
//! use musubi_identity::lifetimes::Lifetimes;
//! use musubi_identity::locale::Locale;
//! use musubi_identity::message::{Courier as _, Message, MessageKind};
//! use musubi_kernel::clock::SystemClock;
//! use musubi_kernel::id::SystemIds;
//! use musubi_mail::post::Post;
//! use musubi_mail::settings::{MailSettings, Way};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("outbox");
//! let settings = MailSettings::new(
//!     Way::Folder(folder.clone()),
//!     "Sakura <no-reply@example.jp>".parse()?,
//!     "https://example.jp".parse()?,
//! );
//! let post = Post::begin(settings, Lifetimes::default(), Arc::new(SystemClock), Arc::new(SystemIds))?;
//! let message = Message {
//!     to: "hanako@example.jp".parse()?,
//!     locale: Locale::Ja,
//!     kind: MessageKind::PasswordChanged,
//!     token: None,
//!     invited: None,
//! };
//! post.post(message).await?;
//! assert_eq!(post.drain(Duration::from_secs(5)).await, 0, "nothing is left behind");
//! assert_eq!(std::fs::read_dir(folder)?.count(), 1);
//! # Ok(())
//! # }
//! ```

mod address;
mod eml;
mod failed;
mod folder;
pub mod letter;
pub mod notice;
pub mod post;
pub mod settings;
mod smtp;
mod stream;
