//! What happens while a password is being compared, which takes long.

use super::{World, change_of, hanako, visitor, world_with};
use crate::password_hash::PasswordHash;
use crate::password_hasher::{FastHasher, HashingError, PasswordHasher, Verdict};
use crate::people::SignedIn;
use crate::people::error::PeopleError;
use crate::people::memory::PeopleInMemory;
use crate::people::ports::PeopleStore as _;
use crate::people::second_step::SignIn;
use crate::people::step_up::StepUpProof;
use crate::people::tries;
use crate::sign_in_account::SignInAccount;
use crate::user::User;
use async_trait::async_trait;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::Clock as _;
use musubi_kernel::id::UserId;
use musubi_kernel::secret::Secret;
use std::sync::{Arc, Mutex};

/// What others do to a person.
#[derive(Debug, Clone)]
enum Deed {
    /// Their password is kept as this from now on.
    Keep(PasswordHash),
    /// They are locked.
    Lock,
}

/// A hasher during whose next comparison something happens.
struct Slow {
    hasher: FastHasher,
    store: Arc<PeopleInMemory>,
    next: Mutex<Option<(UserId, Deed)>>,
}

impl Slow {
    fn during_the_next(&self, person: UserId, deed: Deed) {
        *self.next.lock().unwrap() = Some((person, deed));
    }
}

async fn done_to(store: &PeopleInMemory, person: UserId, deed: Deed) {
    let mut unit = store.begin().await.unwrap();
    let user = unit.lock(person).await.unwrap().unwrap();
    match deed {
        Deed::Keep(hash) => {
            let account = unit.accounts(person).await.unwrap().remove(0);
            unit.save_account(&SignInAccount { password_hash: Some(hash), ..account }).await.unwrap();
        }
        Deed::Lock => unit.save_user(&user.lock("x".into(), chrono::DateTime::UNIX_EPOCH).unwrap()).await.unwrap(),
    }
    unit.note(Some(person), &change_of(person));
    unit.commit().await.unwrap();
}

#[async_trait]
impl PasswordHasher for Slow {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, HashingError> {
        self.hasher.hash(password).await
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> Result<Verdict, HashingError> {
        let next = self.next.lock().unwrap().take();
        if let Some((person, deed)) = next {
            done_to(&self.store, person, deed).await;
        }
        self.hasher.verify(password, hash).await
    }

    async fn verify_nobody(&self, password: &Secret) -> Result<(), HashingError> {
        self.hasher.verify_nobody(password).await
    }
}

struct Slowly {
    world: World,
    slow: Arc<Slow>,
    hanako: SignedIn,
}

impl Slowly {
    async fn open() -> Self {
        let store = Arc::new(PeopleInMemory::default());
        let (hasher, next) = (FastHasher::default(), Mutex::default());
        let slow = Arc::new(Slow { hasher, store: store.clone(), next });
        let world = world_with(store, slow.clone());
        world.people.register(&visitor(), &hanako()).await.unwrap();
        let link = world.letters.empty().remove(0).token.unwrap();
        world.people.verify_email(&visitor(), link.expose(), &hanako().password).await.unwrap();
        let hanako = signed_in(&world, &hanako().password).await.unwrap();
        Self { world, slow, hanako }
    }

    fn caller(&self) -> Caller {
        Caller { actor: self.hanako.session.actor(), ..visitor() }
    }

    async fn is_kept_as(&self, hash: PasswordHash) -> bool {
        self.world.store.accounts(self.hanako.user.id).await.unwrap()[0].password_hash == Some(hash)
    }
}

async fn signed_in(world: &World, password: &Secret) -> Result<SignedIn, PeopleError> {
    match world.people.sign_in(&visitor(), "hanako@example.jp", password).await? {
        SignIn::Done(signed_in) => Ok(*signed_in),
        SignIn::SecondFactor(challenge) => panic!("{challenge:?}"),
    }
}

#[tokio::test]
async fn a_password_that_is_hashed_anew_meanwhile_is_still_right() {
    let house = Slowly::open().await;
    let (people, own) = (&house.world.people, house.caller().actor.as_person().unwrap());
    let (id, password) = (house.hanako.user.id, hanako().password);
    let (old, new) = (FastHasher::outdated(password.expose()), FastHasher::hashed(password.expose()));
    let begin = async || {
        done_to(&house.world.store, id, Deed::Keep(old.clone())).await;
        house.slow.during_the_next(id, Deed::Keep(new.clone()));
    };
    begin().await;
    signed_in(&house.world, &password).await.unwrap();
    begin().await;
    people.step_up(&house.caller(), &own, &StepUpProof::Password(password.clone())).await.unwrap();
    begin().await;
    let next = Secret::new("quiet lake of stones");
    people.change_password(&house.caller(), &own, &password, &next).await.unwrap();
    assert!(house.is_kept_as(FastHasher::hashed(next.expose())).await);
}

#[tokio::test]
async fn a_password_that_is_another_meanwhile_is_wrong() {
    let house = Slowly::open().await;
    let own = house.caller().actor.as_person().unwrap();
    let (id, password) = (house.hanako.user.id, hanako().password);
    let (present, other) = (FastHasher::hashed(password.expose()), FastHasher::hashed("another one of hers"));
    let begin = async || {
        done_to(&house.world.store, id, Deed::Keep(present.clone())).await;
        house.slow.during_the_next(id, Deed::Keep(other.clone()));
    };
    begin().await;
    assert_eq!(signed_in(&house.world, &password).await, Err(PeopleError::WrongCredentials));
    begin().await;
    let proof = StepUpProof::Password(password.clone());
    let refused = house.world.people.step_up(&house.caller(), &own, &proof).await;
    assert!(matches!(refused, Err(PeopleError::Refused { code: "wrong_proof", .. })), "{refused:?}");
    begin().await;
    let next = Secret::new("quiet lake of stones");
    let refused = house.world.people.change_password(&house.caller(), &own, &password, &next).await;
    assert!(matches!(refused, Err(PeopleError::Refused { code: "wrong_password", .. })), "{refused:?}");
    assert!(house.is_kept_as(other).await);
    let failed = ["sign_in.failed", "session.step_up_failed", "user.password_change_failed"];
    let kinds = house.world.store.records().into_iter().map(|record| record.event.kind);
    let told: Vec<_> = kinds.filter(|kind| kind != "user.changed").collect();
    assert_eq!(told[told.len() - 3..], failed);
}

#[tokio::test]
async fn a_change_that_ends_before_its_password_is_judged_is_no_try() {
    let house = Slowly::open().await;
    let (people, own) = (&house.world.people, house.caller().actor.as_person().unwrap());
    let (id, password, next) = (house.hanako.user.id, hanako().password, Secret::new("quiet lake of stones"));
    for _ in 0..=tries::MOST {
        house.slow.during_the_next(id, Deed::Lock);
        let gone = people.change_password(&house.caller(), &own, &password, &next).await;
        assert_eq!(gone, Err(PeopleError::NotFound("user")));
        let mut unit = house.world.store.begin().await.unwrap();
        let user = unit.lock(id).await.unwrap().and_then(|user: User| user.unlock(house.world.clock.now())).unwrap();
        unit.save_user(&user).await.unwrap();
        unit.note(Some(id), &change_of(id));
        unit.commit().await.unwrap();
    }
    people.change_password(&house.caller(), &own, &password, &next).await.unwrap();
}
