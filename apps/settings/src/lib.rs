//! What every program of Musubi is told alike: where its data is and which keys seal it.
//!
//! A program flattens [`DataSettings`] into its own arguments, so that `--data-dir` means the same everywhere, and ends
//! with one line and exit code 2 when it gets [`NotStarting::Wrong`].

mod data;
mod reading;
mod ring;
mod webhooks;
mod work;

pub use data::{DataSettings, NoKey};
pub use reading::{NotStarting, WRONG_SETTING, secret};
pub use ring::NoRing;
pub use webhooks::WebhookSettings;
pub use work::WorkSettings;
