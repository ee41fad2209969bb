//! A store's record of the people it serves.
//!
//! | module | subject |
//! |---|---|
//! | [`customer`] | the customer, and what bookings have made of them |
//! | [`details`] | what can be set of a customer, and its rules |
//! | [`contact`] | telephone numbers and e-mail addresses in the one form that is kept |
//! | [`search`] | names, as people search for them |
//!
//! A customer belongs to one store: the same person at another store is another record. Contact data is never part of
//! events and audit entries. The use cases are those of [`Keeper`](musubi_kernel::entity::Keeper).
//!
//! ```
//! use musubi_customer::customer::{Customer, CustomerFilter};
//! use musubi_customer::details::CustomerDetails;
//! use musubi_kernel::access::{Caller, Permission, StoreRef};
//! use musubi_kernel::clock::SystemClock;
//! use musubi_kernel::entity::{EntitiesInMemory, Keeper};
//! use musubi_kernel::id::{IdGen, SystemIds};
//! use musubi_kernel::page::PageRequest;
//! use musubi_kernel::receipt::NoReceipt;
//! use musubi_kernel::retry::NoPause;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let customers: Keeper<Customer> = Keeper::new(
//!     Arc::new(EntitiesInMemory::default()),
//!     Arc::new(SystemClock),
//!     Arc::new(SystemIds),
//!     Arc::new(NoPause),
//! );
//! # let (store, tenant) = (SystemIds.uuid(Default::default()).into(), SystemIds.uuid(Default::default()).into());
//! let caller = Caller::system();
//! let scope = caller.actor.on_store(&StoreRef { store, tenant, open_to_public: true }, Permission::CustomerWrite)?;
//!
//! let hanako = CustomerDetails {
//!     name_kana: Some("ヤマダ ハナコ".into()),
//!     phone: Some("090-1234-5678".parse()?),
//!     ..CustomerDetails::named("山田 花子")
//! };
//! let hanako = customers.create(&caller, &scope, hanako, &NoReceipt).await?;
//! assert_eq!(serde_json::json!(hanako)["phone"], "+819012345678");
//!
//! let filter = CustomerFilter { name: Some("やまだ".into()), ..CustomerFilter::default() };
//! assert_eq!(customers.list(&scope, &filter, &PageRequest::default()).await?.items, [hanako]);
//! # Ok(())
//! # }
//! ```

pub mod contact;
pub mod customer;
pub mod details;
pub mod search;
