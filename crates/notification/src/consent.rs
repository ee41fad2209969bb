//! Taking back, from a message, that one agreed to hear of a store's offers.
//!
//! The messages of offers have a token: the customer's id, and a keyed digest of store and customer. So it needs no table, cannot be
//! guessed without the installation's [look-up key](Cipher::blind_index), which stays when other keys change, and is of this customer
//! and this store alone. It does one thing: who agrees to hear of offers does not any more. It is worth nothing once the
//! customer's record is not in use, or gone.

use crate::notification::status::Needless;
use crate::promotion::ports::{PromotionStore, Waiting};
use crate::promotion::promoter::LOT;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{CustomerId, StoreId};
use musubi_kernel::retry::{Pause, retrying};
use musubi_kernel::secret::{Cipher, Secret};
use std::sync::Arc;
use uuid::Uuid;

/// What keeps these digests apart from others.
const PURPOSE: &str = "customers.unsubscribe";
/// How many bytes of the digest there are in a token: 128 bits, behind the id.
const MARK: usize = 16;

/// The token by which a customer takes back that they agreed to hear of a store's offers: 43 characters that may stand in
/// addresses.
pub fn token(cipher: &dyn Cipher, store: StoreId, customer: CustomerId) -> Secret {
    let mark = cipher.blind_index(PURPOSE, &format!("{store}.{customer}"));
    Secret::new(BASE64URL_NOPAD.encode(&[&customer.0.as_bytes()[..], &mark[..MARK]].concat()))
}

/// Whose token it says it is; `None`: it is none.
fn customer_of(token: &str) -> Option<CustomerId> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let (id, mark) = bytes.split_first_chunk::<16>()?;
    (mark.len() == MARK).then_some(CustomerId(Uuid::from_bytes(*id)))
}

/// Whose consent it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// At which store.
    pub scope: StoreScope,
    /// What customers call the store.
    pub store_name: String,
    /// Whether they agree to hear of offers.
    pub agrees: bool,
}

/// Where it is kept who agrees.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// The customer with this id, of whichever store; `None`: there is none, or their record is not in use.
    async fn holder(&self, customer: CustomerId) -> Result<Option<Holder>, StoreError>;

    /// Writes that a customer does not agree any more, with its record; [`StoreError::Conflict`] when another was first. Of who
    /// does not agree anyway nothing is written.
    async fn withdraw(
        &self,
        scope: &StoreScope,
        customer: CustomerId,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

/// The ports of [`Consents`].
#[derive(Clone)]
pub struct Ports {
    /// Where it is kept who agrees.
    pub store: Arc<dyn ConsentStore>,
    /// Where it is kept what waits.
    pub promotions: Arc<dyn PromotionStore>,
    /// Makes the digests in tokens.
    pub cipher: Arc<dyn Cipher>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// The use cases of who holds a token.
#[derive(Clone)]
pub struct Consents {
    ports: Ports,
}

impl Consents {
    /// The use cases over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Whose consent a token can take back. Changes nothing.
    pub async fn see(&self, token: &Secret) -> Result<Holder, EntityError> {
        Ok(self.known(token).await?.1)
    }

    /// Takes a consent back, and calls off what waits of offers to this customer. Once more changes nothing.
    pub async fn withdraw(&self, token: &Secret, caller: &Caller) -> Result<Holder, EntityError> {
        let Ports { store, promotions, clock, pause, .. } = &self.ports;
        let (customer, holder) = self.known(token).await?;
        let scope = &holder.scope;
        retrying(&**pause, || store.withdraw(scope, customer, caller, clock.now())).await?;
        let waiting = Waiting::To(customer);
        let call_off = || promotions.call_off(scope, waiting, Needless::Declined, LOT, clock.now());
        while retrying(&**pause, call_off).await? >= u64::from(LOT) {}
        Ok(Holder { agrees: false, ..holder })
    }

    async fn known(&self, given: &Secret) -> Result<(CustomerId, Holder), EntityError> {
        let none = EntityError::NotFound("consent");
        let Some(customer) = customer_of(given.expose()) else { return Err(none) };
        let Some(holder) = self.ports.store.holder(customer).await? else { return Err(none) };
        let right = token(&*self.ports.cipher, holder.scope.store(), customer);
        if right == *given { Ok((customer, holder)) } else { Err(none) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::NotificationKind;
    use crate::memory::{BookInMemory, ConsentsInMemory, NotificationsInMemory};
    use crate::notification::About;
    use crate::plan::Draft;
    use crate::ports::NotificationStore;
    use crate::testing::{CUSTOMER, STORE, at, hanako, house, scope, written};
    use musubi_kernel::clock::ManualClock;
    use musubi_kernel::id::CountingIds;
    use musubi_kernel::job::memory::JobsInMemory;
    use musubi_kernel::locale::Locale;
    use musubi_kernel::retry::NoPause;
    use musubi_kernel::secret::Place;
    use proptest::prelude::*;
    use serde_json::json;
    use sha2::{Digest as _, Sha256};
    use zeroize::Zeroizing;

    /// Makes digests, and seals nothing.
    struct Digests;

    impl Cipher for Digests {
        fn seal(&self, _: Place<'_>, value: &[u8]) -> Vec<u8> {
            value.to_vec()
        }

        fn open(&self, _: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
            Ok(Zeroizing::new(sealed.to_vec()))
        }

        fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32] {
            Sha256::digest(format!("key.{purpose}.{value}")).into()
        }
    }

    struct World {
        consents: Consents,
        book: Arc<BookInMemory>,
        store: Arc<NotificationsInMemory>,
    }

    fn world() -> World {
        let book = Arc::new(BookInMemory::default());
        book.put_house(house(&json!({})));
        let mut addressee = hanako();
        addressee.agrees_to_offers = true;
        book.put_customer(STORE, addressee);
        let store = Arc::new(NotificationsInMemory::new(Arc::new(JobsInMemory::default())));
        let consents = Consents::new(Ports {
            store: Arc::new(ConsentsInMemory::new(book.clone(), scope())),
            promotions: store.clone(),
            cipher: Arc::new(Digests),
            clock: Arc::new(ManualClock::at(at("2026-03-20T00:00:00Z"))),
            pause: Arc::new(NoPause),
        });
        World { consents, book, store }
    }

    #[tokio::test]
    async fn who_takes_it_back_is_sent_nothing_that_waits() {
        let World { consents, store, .. } = world();
        let (now, mine) = (at("2026-03-20T00:00:00Z"), token(&Digests, STORE, CUSTOMER));
        let waits = |kind, about, number: u128| {
            let draft = Draft {
                kind,
                about,
                key: number.to_string(),
                language: Locale::Ja,
                recipient: crate::channel::Recipient::Line("U1".into()),
                scheduled_at: now,
                expires_at: at("2026-03-21T00:00:00Z"),
            };
            written(draft, number, now)
        };
        let offer = || About::Offer { promotion: Uuid::nil().into() };
        let booking = About::Booking {
            booking: Uuid::nil().into(),
            start: now,
            terms: String::new(),
            old_start: None,
            answers: false,
        };
        let mut waiting: Vec<_> =
            (0..=u128::from(LOT)).map(|n| waits(NotificationKind::Promotional, offer(), n)).collect();
        waiting.push(waits(NotificationKind::Reminder, booking, 9_999));
        for one in &waiting {
            let job = crate::job::sending(&CountingIds::default(), one, now, now);
            assert_eq!(NotificationStore::add(&*store, &scope(), one, &job).await, Ok(true));
        }
        let pending = || store.all().iter().filter(|one| one.status.is_pending()).count();
        let seen = consents.see(&mine).await.unwrap();
        assert_eq!((seen.agrees, seen.store_name.as_str(), pending()), (true, "サロン花子", waiting.len()));
        for _ in 0..2 {
            let done = consents.withdraw(&mine, &Caller::system()).await.unwrap();
            assert_eq!((done.agrees, pending()), (false, 1), "the reminder is still sent");
        }
        assert!(!consents.see(&mine).await.unwrap().agrees);
    }

    #[tokio::test]
    async fn a_token_is_of_one_customer_at_one_store() {
        let World { consents, book, .. } = world();
        let mine = token(&Digests, STORE, CUSTOMER);
        assert_eq!(mine.expose().len(), 43);
        let elsewhere = token(&Digests, Uuid::from_u128(99).into(), CUSTOMER);
        let anothers = token(&Digests, STORE, Uuid::from_u128(98).into());
        let none = Err(EntityError::NotFound("consent"));
        for wrong in [elsewhere, anothers, Secret::new(""), Secret::new("x".repeat(43)), Secret::new("あ")] {
            assert_eq!(consents.withdraw(&wrong, &Caller::system()).await, none, "{}", wrong.expose());
        }
        assert!(consents.see(&mine).await.unwrap().agrees);
        book.close_house(STORE);
        assert!(consents.see(&mine).await.unwrap().agrees, "a consent can be taken back wherever it is kept");
        book.put_customer(STORE, crate::facts::Addressee { in_use: false, agrees_to_offers: true, ..hanako() });
        assert_eq!(consents.see(&mine).await, none);
    }

    proptest! {
        /// Whatever is changed of a token, or made up, opens nothing.
        #[test]
        fn nothing_else_is_a_token(place in 0..43_usize, other in "[A-Za-z0-9_-]", made_up in "[A-Za-z0-9_-]{0,60}") {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let World { consents, .. } = world();
            let mine = token(&Digests, STORE, CUSTOMER);
            let mut changed = mine.expose().to_owned();
            changed.replace_range(place..=place, &other);
            for given in [changed, made_up] {
                let seen = runtime.block_on(consents.see(&Secret::new(given.clone())));
                prop_assert_eq!(seen.is_ok(), given == mine.expose());
            }
        }
    }
}
