//! Who hashes when, and how many at once.

use super::argon2id::{Argon2id, SALT};
use super::bcrypt;
use super::memory::Memory;
use super::scheme::Scheme;
use super::settings::{BadCost, HashingSettings};
use super::threads::Threads;
use super::wordpress;
use async_trait::async_trait;
use musubi_identity::password::normalised;
use musubi_identity::password_hash::PasswordHash;
use musubi_identity::password_hasher::{HashingError, LONGEST_ENTRY, PasswordHasher, Verdict};
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use std::sync::Arc;

/// Hashes passwords with Argon2id, and checks hashes of every kind that people bring along, on threads of their own.
///
/// At most [`HashingSettings::at_once`] run, each in memory that is kept for the next; at most
/// [`HashingSettings::waiting`] wait, in the order in which they came, and whoever comes then is told that it is
/// [busy](HashingError::Busy). Who waits and hangs up leaves the queue; what has begun is finished, and counts until then.
/// The threads stand behind all others of the process, so that a burst of sign-ins slows nobody else down.
///
/// Argon2 gets a password in its [normal form](normalised). The other kinds of hashes were made of what was typed, and are
/// compared with that.
///
/// A wrong password takes about as long as [`verify_nobody`](PasswordHasher::verify_nobody), with two exceptions, each until
/// the person has signed in once and the hash is made anew: bcrypt, and Argon2 of another cost, take their own time.
pub struct PasswordPool {
    threads: Threads,
    works: Arc<Works>,
    ids: Arc<dyn IdGen>,
}

impl PasswordPool {
    /// A pool; `ids` gives the salts. It starts no thread and takes no memory before it is asked.
    pub fn new(settings: &HashingSettings, ids: Arc<dyn IdGen>) -> Result<Self, BadCost> {
        let argon2id = Argon2id::new(settings)?;
        let threads = Threads::new(settings.at_once.get(), settings.waiting, argon2id.blocks());
        let decoy = PasswordHash::new(argon2id.decoy(&ids.secret()));
        Ok(Self { threads, works: Arc::new(Works { argon2id, decoy }), ids })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Works, &mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let works = Arc::clone(&self.works);
        self.threads.run(move |memory| work(&works, memory)).await
    }
}

#[async_trait]
impl PasswordHasher for PasswordPool {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, HashingError> {
        let (password, ids) = (normalised(password), Arc::clone(&self.ids));
        self.run(move |works, memory| works.hash(&password, &*ids, memory)).await?
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> Result<Verdict, HashingError> {
        if password.expose().len() > LONGEST_ENTRY {
            return Ok(Verdict::Wrong);
        }
        let (password, hash) = (password.clone(), hash.clone());
        self.run(move |works, memory| works.verify(&password, &hash, memory)).await?
    }

    async fn verify_nobody(&self, password: &Secret) -> Result<(), HashingError> {
        self.verify(password, &self.works.decoy).await.map(drop)
    }
}

/// What is done on a thread.
struct Works {
    argon2id: Argon2id,
    /// A hash of the present cost that no password has.
    decoy: PasswordHash,
}

impl Works {
    fn hash(&self, password: &Secret, ids: &dyn IdGen, memory: &mut Memory) -> Result<PasswordHash, HashingError> {
        let mut salt = [0; SALT];
        salt.copy_from_slice(&ids.secret()[..SALT]);
        self.argon2id.hash(password.expose().as_bytes(), &salt, memory).map(PasswordHash::new).map_err(internal)
    }

    fn verify(&self, entered: &Secret, hash: &PasswordHash, memory: &mut Memory) -> Result<Verdict, HashingError> {
        let (password, text) = (entered.expose(), hash.as_text());
        let scheme = Scheme::of(text).ok_or(HashingError::UnknownHash)?;
        let verdict = match scheme {
            Scheme::Argon2 => self.argon2id.verify(normalised(entered).expose().as_bytes(), text, memory),
            Scheme::Bcrypt => bcrypt::verify(password.as_bytes(), text).map(of_elsewhere),
            Scheme::WordPressBcrypt => wordpress::verify_bcrypt(password, text).map(of_elsewhere),
            Scheme::Phpass => wordpress::verify_phpass(password, text).map(of_elsewhere),
            Scheme::Md5 => wordpress::verify_md5(password, text).map(of_elsewhere),
        };
        if verdict == Some(Verdict::Wrong) && scheme.is_quick() {
            // For its time alone.
            self.argon2id.verify(password.as_bytes(), self.decoy.as_text(), memory);
        }
        verdict.ok_or(HashingError::UnknownHash)
    }
}

/// What is right of a hash that Musubi would not make.
const fn of_elsewhere(is_right: bool) -> Verdict {
    if is_right { Verdict::RightButOutdated } else { Verdict::Wrong }
}

fn internal(error: impl std::fmt::Display) -> HashingError {
    HashingError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;
    use proptest::prelude::*;
    use std::num::NonZeroUsize;
    use std::pin::{Pin, pin};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Poll;

    const AT_ONCE: usize = 2;
    const WAITING: usize = 3;

    fn settings(memory_kib: u32) -> HashingSettings {
        let at_once = NonZeroUsize::new(AT_ONCE).expect("two");
        HashingSettings { memory_kib, passes: 2, lanes: 1, at_once, waiting: WAITING }
    }

    fn pool() -> PasswordPool {
        PasswordPool::new(&settings(64), Arc::new(SystemIds)).expect("a pool")
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    /// Polls once.
    async fn begin<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_hash_alone() {
        let pool = pool();
        let (one, other) = (secret("correct horse"), secret("battery staple"));
        let (hash, again) = (pool.hash(&one).await.expect("a hash"), pool.hash(&one).await.expect("a hash"));
        assert_ne!(hash, again, "salted");
        for hash in [&hash, &again] {
            assert_eq!(pool.verify(&one, hash).await, Ok(Verdict::Right));
            assert_eq!(pool.verify(&other, hash).await, Ok(Verdict::Wrong));
        }
        assert_eq!(pool.verify_nobody(&one).await, Ok(()));
        let stronger = PasswordPool::new(&settings(128), Arc::new(SystemIds)).expect("a pool");
        assert_eq!(stronger.verify(&one, &hash).await, Ok(Verdict::RightButOutdated));
    }

    #[tokio::test]
    async fn a_password_is_right_in_whatever_way_it_is_typed() {
        let pool = pool();
        let hash = pool.hash(&secret("が ｐａｓｓ")).await.expect("a hash");
        assert_eq!(pool.verify(&secret("か\u{3099}\u{3000}pass"), &hash).await, Ok(Verdict::Right));
        assert_eq!(pool.verify(&secret("が Pass"), &hash).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn hashes_from_elsewhere_are_right_once_and_then_made_anew() {
        let pool = pool();
        for text in [
            "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6",
            "$P$984478476IagS59wHZvyQMArzfx58u.",
            "$H$984478476IagS59wHZvyQMArzfx58u.",
            "8743b52063cd84097a65d1633f5c74f5",
        ] {
            let (hash, password) = (PasswordHash::new(text), secret("hashcat"));
            assert_eq!(pool.verify(&password, &hash).await, Ok(Verdict::RightButOutdated), "{text}");
            assert_eq!(pool.verify(&secret("Hashcat"), &hash).await, Ok(Verdict::Wrong), "{text}");
            let anew = pool.hash(&password).await.expect("a hash");
            assert_eq!(pool.verify(&password, &anew).await, Ok(Verdict::Right), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_hash_is_said_to_be_none() {
        for text in ["", "*", "hashcat", "$argon2id$v=19$", "$2a$05$", "$wp$2y$10$", "$P$9", "$2x$05$LhayLxezLhK1LhWv"]
        {
            let verdict = pool().verify(&secret("hashcat"), &PasswordHash::new(text)).await;
            assert_eq!(verdict, Err(HashingError::UnknownHash), "{text}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_have_been_kept(
            beginning in r"(\$P\$|\$H\$|\$2a\$|\$2y\$|\$wp\$2y\$|\$argon2id\$v=19\$m=8,t=1,p=1\$)?",
            rest in r"[ -~]{0,70}|\PC{0,40}",
            entered: String,
        ) {
            let works = Arc::clone(&pool().works);
            let kept = PasswordHash::new(beginning + &rest);
            let verdict = works.verify(&Secret::new(entered), &kept, &mut Memory::default());
            prop_assert!(matches!(verdict, Ok(Verdict::Wrong) | Err(HashingError::UnknownHash)));
        }
    }

    #[tokio::test]
    async fn what_is_too_long_is_wrong() {
        let pool = pool();
        let long = secret(&"x".repeat(LONGEST_ENTRY + 1));
        let hash = pool.hash(&long).await.expect("a hash");
        assert_eq!(pool.verify(&long, &hash).await, Ok(Verdict::Wrong));
        assert_eq!(pool.verify_nobody(&long).await, Ok(()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_run_at_once_than_may() {
        let pool = Arc::new(
            PasswordPool::new(&HashingSettings { waiting: 100, ..settings(64) }, Arc::new(SystemIds)).expect("a pool"),
        );
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (pool, running, most) = (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
                tokio::spawn(async move {
                    pool.run(move |works, memory| {
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        works.hash(&secret("correct horse"), &SystemIds, memory).expect("a hash");
                        running.fetch_sub(1, Ordering::SeqCst);
                    })
                    .await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.expect("no panic"), Ok(()));
        }
        assert!((1..=AT_ONCE).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn when_all_seats_are_taken_it_is_busy_until_somebody_leaves() {
        let pool = pool();
        let password = secret("correct horse");
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let hold = || {
            let gate = Arc::clone(&gate);
            Box::pin(pool.run(move |_, _| gate.lock().expect("no panic").recv().expect("opened")))
        };
        let mut running = [hold(), hold()];
        for running in &mut running {
            assert!(begin(running.as_mut()).await.is_pending());
        }
        let mut waiting: Vec<_> = (0..WAITING).map(|_| pool.hash(&password)).collect();
        for waiting in &mut waiting {
            assert!(begin(waiting.as_mut()).await.is_pending());
        }
        assert_eq!(begin(pin!(pool.hash(&password))).await, Poll::Ready(Err(HashingError::Busy)));

        waiting.pop();
        let mut last = pool.verify_nobody(&password);
        assert!(begin(last.as_mut()).await.is_pending(), "the seat of who hung up is free");

        for _ in 0..AT_ONCE {
            open.send(()).expect("somebody waits");
        }
        for running in running {
            assert_eq!(running.await, Ok(()));
        }
        for waiting in waiting {
            assert!(waiting.await.is_ok());
        }
        assert_eq!(last.await, Ok(()));
        assert_eq!(pool.threads.free_seats(), AT_ONCE + WAITING);
    }

    #[tokio::test]
    async fn what_has_begun_counts_until_it_ends() {
        let pool = pool();
        let (open, gate) = mpsc::channel::<()>();
        let (tell_begun, has_begun) = tokio::sync::oneshot::channel::<()>();
        let (tell, ended) = tokio::sync::oneshot::channel::<()>();
        {
            let mut begun = pin!(pool.run(move |_, _| {
                tell_begun.send(()).expect("the test waits");
                let opened = gate.recv();
                tell.send(()).and(opened.map_err(drop))
            }));
            assert!(begin(begun.as_mut()).await.is_pending());
            has_begun.await.expect("a thread takes it");
        }
        assert_eq!(pool.threads.free_seats(), AT_ONCE + WAITING - 1, "its caller is gone, the work is not");
        open.send(()).expect("the work waits");
        ended.await.expect("it is worked on to its end");
        while pool.threads.free_seats() < AT_ONCE + WAITING {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn work_that_panics_leaves_its_place() {
        let pool = pool();
        for _ in 0..2 * (AT_ONCE + WAITING) {
            let failed = pool.run(|_, _| panic!("for the test")).await;
            assert!(matches!(failed, Err::<(), _>(HashingError::Internal(_))));
        }
        assert!(pool.hash(&secret("correct horse")).await.is_ok());
    }
}
