//! Who may call: people who sign in, and API keys.
//!
//! | module | subject |
//! |---|---|
//! | [`user`], [`locale`] | a person |
//! | [`sign_in_account`], [`linking`] | the ways in which people sign in, and when two of them are one person's |
//! | [`session`], [`rotation`], [`lifetimes`] | one sign-in on one device, what its tokens are good for, and how long |
//! | [`token`], [`one_time_token`] | what devices and links show, of which only digests are kept |
//! | [`password`] | which passwords a person may choose |
//! | [`password_hash`], [`password_hasher`] | what is kept of a password; the port that hashes and checks, and its fake |
//! | [`totp`] | codes of authenticator apps |
//! | [`recovery_codes`] | codes for who has lost the app |
//! | [`two_factor`], [`challenge`] | a person's second factor, and sign-ins that wait for it |
//! | [`passkey`] | keys in people's devices; the port that checks their answers, and its fake |
//! | [`ephemeral`] | the port that keeps what lasts for minutes, and its fake |
//! | [`throttle`] | how often somebody may guess a password, and ask for mails |
//! | [`message`] | messages to people about their own sign-in |
//! | [`people`] | the use cases on people, their ports and fakes |
//! | [`staff_account`], [`staff`] | what people are at stores, and the use cases on that |
//! | [`admin_user`], [`admins`] | what people are to the platform, and the use cases on that |
//! | [`standing`] | as whom a person acts |
//! | [`wordpress_link`], [`age_group`] | which member of the WordPress site a person is; the groups of ages |
//! | [`api_key`] | a key, what is said of a new one, and its rules |
//! | [`home`] | whose a key is, and leave to work on keys |
//! | [`api_keys`] | the use cases: issue, authenticate, list, revoke, and the operator's own key |
//! | [`ports`], [`memory`] | what storage must do, and its fake |
//! | [`issuer`] | signing in through OpenID Connect issuers such as Google and LINE: port and fake |
//!
//! A key's secret is shown once, when it is issued; kept is its SHA-256 digest. A key grants no more than its maker may
//! do, inside its maker's tenant or store. The operator of the installation has one key, which the installation's
//! settings name.
//!
//! ```
//! use musubi_identity::api_key::NewApiKey;
//! use musubi_identity::api_keys::ApiKeys;
//! use musubi_identity::home::KeysScope;
//! use musubi_identity::memory::KeysInMemory;
//! use musubi_kernel::access::{Caller, Permission};
//! use musubi_kernel::clock::SystemClock;
//! use musubi_kernel::id::{IdGen, SystemIds};
//! use musubi_kernel::receipt::NoReceipt;
//! use musubi_kernel::retry::NoPause;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(KeysInMemory::default());
//! let keys = ApiKeys::new(store, Arc::new(SystemClock), Arc::new(SystemIds), Arc::new(NoPause));
//! # let tenant = SystemIds.uuid(Default::default()).into();
//! let caller = Caller::system();
//! let scope = KeysScope::from(caller.actor.on_tenant(tenant, Permission::KeyManage)?);
//! let new = NewApiKey { name: "Till".into(), permissions: vec![Permission::BookingRead], expires_at: None };
//! let issued = keys.issue(&caller, &scope, &new, &NoReceipt).await?;
//!
//! // What a caller shows is known until the key is revoked.
//! let actor = keys.authenticate(issued.secret.expose()).await?.expect("a known key");
//! assert!(actor.on_tenant(tenant, Permission::BookingRead).is_ok());
//! keys.revoke(&caller, &scope, issued.key.id).await?;
//! assert_eq!(keys.authenticate(issued.secret.expose()).await?, None);
//! # Ok(())
//! # }
//! ```

pub mod admin_user;
pub mod admins;
pub mod age_group;
pub mod api_key;
pub mod api_keys;
pub mod challenge;
pub mod ephemeral;
pub mod home;
pub mod issuer;
pub mod lifetimes;
pub mod linking;
pub mod locale;
mod mailed_code;
pub mod memory;
pub mod message;
pub mod one_time_token;
pub mod passkey;
pub mod password;
pub mod password_hash;
pub mod password_hasher;
pub mod people;
pub mod ports;
pub mod recovery_codes;
pub mod rotation;
pub mod session;
pub mod sign_in_account;
pub mod staff;
pub mod staff_account;
pub mod standing;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod two_factor;
pub mod user;
pub mod wordpress_link;
