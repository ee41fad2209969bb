//! Who may call: API keys.
//!
//! | module | subject |
//! |---|---|
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

pub mod api_key;
pub mod api_keys;
pub mod home;
pub mod issuer;
pub mod memory;
pub mod ports;
