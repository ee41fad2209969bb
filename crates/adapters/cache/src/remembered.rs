//! Answers with the revisions that they are right for.

use metrics::Counter;
use musubi_kernel::error::StoreError;
use musubi_kernel::revision::{Revisions, Subject};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How many answers of one kind can be read at a time. More than connections to the database, fewer than callers.
const LOADING_AT_ONCE: usize = 64;

/// A bounded map of answers. Each is given out only after the database has said that nothing it rests on was written
/// since it was read. The least useful ones make room for others.
pub struct Remembered<K, V> {
    kept: Cache<K, Arc<Answer<V>>, Size>,
    revisions: Arc<dyn Revisions>,
    /// Of several callers who find the same answer stale, one reads it anew.
    loading: Box<[Mutex<()>]>,
    hasher: RandomState,
    hits: Counter,
    misses: Counter,
}

struct Answer<V> {
    subjects: Box<[Subject]>,
    /// Asked for before the value was read.
    revisions: Vec<i64>,
    size: u64,
    value: V,
}

impl<V> Answer<V> {
    fn is_as_new_as(&self, subjects: &[Subject], revisions: &[i64]) -> bool {
        *self.subjects == *subjects && self.revisions.iter().zip(revisions).all(|(own, other)| own >= other)
    }
}

#[derive(Clone, Copy)]
struct Size;

impl<K, V> Weighter<K, Arc<Answer<V>>> for Size {
    fn weight(&self, _: &K, answer: &Arc<Answer<V>>) -> u64 {
        answer.size
    }
}

/// What is remembered, and how large it is.
pub trait Weigh {
    /// How many bytes it takes, about.
    fn bytes(&self) -> usize;
}

impl<K: Hash + Eq + Clone, V: Clone + Weigh> Remembered<K, V> {
    /// Answers of about `bytes` in all, `typical` bytes each; `what` they are is said in the metrics.
    pub fn new(what: &'static str, revisions: Arc<dyn Revisions>, bytes: u64, typical: u64) -> Self {
        metrics::describe_counter!("remembered_total", "Answers that were remembered, and that had to be read");
        let items = usize::try_from(bytes / typical.max(1)).unwrap_or(usize::MAX).clamp(16, 1_000_000);
        Self {
            kept: Cache::with_weighter(items, bytes, Size),
            revisions,
            loading: (0..LOADING_AT_ONCE).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            hits: metrics::counter!("remembered_total", "what" => what, "found" => "hit"),
            misses: metrics::counter!("remembered_total", "what" => what, "found" => "miss"),
        }
    }

    /// The answer to `key`, which rests on `subjects`, as long as it is `good` otherwise; else what `load` reads.
    pub async fn about<F, E>(
        &self,
        key: &K,
        subjects: &[Subject],
        good: impl Fn(&V) -> bool,
        load: impl FnOnce() -> F,
    ) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
        E: From<StoreError>,
    {
        let revisions = self.revisions.of(subjects).await?;
        if let Some(value) = self.right(key, subjects, &revisions).filter(&good) {
            self.hits.increment(1);
            return Ok(value);
        }
        let _turn = self.turn(key).await;
        if let Some(value) = self.right(key, subjects, &revisions).filter(&good) {
            self.hits.increment(1);
            return Ok(value);
        }
        self.misses.increment(1);
        let value = load().await?;
        self.keep(key, subjects, revisions, &value);
        Ok(value)
    }

    /// As [`Remembered::about`], where only the answer tells what it rests on. That there is none is not remembered.
    pub async fn found<F>(
        &self,
        key: &K,
        subjects: impl Fn(&V) -> Vec<Subject>,
        load: impl Fn() -> F,
    ) -> Result<Option<V>, StoreError>
    where
        F: Future<Output = Result<Option<V>, StoreError>>,
    {
        let mut rests_on: Box<[Subject]> = match self.kept.get(key) {
            Some(answer) => answer.subjects.clone(),
            None => match load().await? {
                Some(value) => subjects(&value).into(),
                None => return Ok(None),
            },
        };
        loop {
            let revisions = self.revisions.of(&rests_on).await?;
            if let Some(value) = self.right(key, &rests_on, &revisions) {
                self.hits.increment(1);
                return Ok(Some(value));
            }
            let _turn = self.turn(key).await;
            if let Some(value) = self.right(key, &rests_on, &revisions) {
                self.hits.increment(1);
                return Ok(Some(value));
            }
            self.misses.increment(1);
            let Some(value) = load().await? else {
                self.kept.remove(key);
                return Ok(None);
            };
            let actual = subjects(&value);
            if *actual == *rests_on {
                self.keep(key, &rests_on, revisions, &value);
                return Ok(Some(value));
            }
            rests_on = actual.into();
        }
    }

    /// What is kept, if it is of these revisions. No revision ever goes back: what is of a later one is only newer.
    fn right(&self, key: &K, subjects: &[Subject], revisions: &[i64]) -> Option<V> {
        let answer = self.kept.get(key)?;
        answer.is_as_new_as(subjects, revisions).then(|| answer.value.clone())
    }

    fn keep(&self, key: &K, subjects: &[Subject], revisions: Vec<i64>, value: &V) {
        if self.kept.get(key).is_some_and(|kept| kept.is_as_new_as(subjects, &revisions) && kept.revisions != revisions)
        {
            return;
        }
        let size = u64::try_from(value.bytes() + size_of::<K>() + size_of_val(subjects)).unwrap_or(u64::MAX);
        let answer = Answer { subjects: subjects.into(), revisions, size, value: value.clone() };
        self.kept.insert(key.clone(), Arc::new(answer));
    }

    async fn turn(&self, key: &K) -> tokio::sync::MutexGuard<'_, ()> {
        let places = self.loading.len() as u64;
        let place = usize::try_from(self.hasher.hash_one(key) % places).unwrap_or_default();
        self.loading[place].lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
    use tokio::task::yield_now;
    use uuid::Uuid;

    /// One counter for all subjects.
    #[derive(Default)]
    struct Counter(AtomicI64);

    #[async_trait]
    impl Revisions for Counter {
        async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
            yield_now().await;
            Ok(vec![self.0.load(Ordering::SeqCst); subjects.len()])
        }
    }

    impl Weigh for i64 {
        fn bytes(&self) -> usize {
            1000
        }
    }

    /// A value, how often it was written, and how often it was read.
    #[derive(Default)]
    struct World {
        counter: Arc<Counter>,
        reads: AtomicUsize,
    }

    impl World {
        fn write(&self) {
            self.counter.0.fetch_add(1, Ordering::SeqCst);
        }

        /// The present value: what was written last.
        async fn read(&self) -> Result<i64, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            Ok(self.counter.0.load(Ordering::SeqCst))
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }

        fn remembered(&self, bytes: u64) -> Remembered<u32, i64> {
            Remembered::new("test", self.counter.clone(), bytes, 1000)
        }
    }

    fn store(n: u128) -> Subject {
        Subject::Store(Uuid::from_u128(n).into())
    }

    #[tokio::test]
    async fn an_answer_is_read_once_per_write_however_many_ask() {
        let world = Arc::new(World::default());
        let remembered = Arc::new(world.remembered(1_000_000));
        for written in 0..3 {
            let ask = || {
                let (world, remembered) = (Arc::clone(&world), Arc::clone(&remembered));
                tokio::spawn(async move { remembered.about(&1, &[store(1)], |_| true, || world.read()).await })
            };
            let asks: Vec<_> = (0..20).map(|_| ask()).collect();
            for ask in asks {
                assert_eq!(ask.await.unwrap(), Ok(written));
            }
            assert_eq!(world.reads(), usize::try_from(written).unwrap() + 1);
            world.write();
        }
    }

    /// Whoever asked before a write may come for the answer after those who asked later.
    #[tokio::test]
    async fn an_answer_that_is_newer_than_asked_for_is_right_and_stays() {
        let world = World::default();
        let remembered = world.remembered(1_000_000);
        let ask = async || remembered.about::<_, StoreError>(&1, &[store(1)], |_| true, || world.read()).await;
        world.counter.0.store(2, Ordering::SeqCst);
        assert_eq!(ask().await, Ok(2));
        world.counter.0.store(1, Ordering::SeqCst);
        assert_eq!(ask().await, Ok(2));
        remembered.keep(&1, &[store(1)], vec![1], &1);
        world.counter.0.store(2, Ordering::SeqCst);
        assert_eq!((ask().await, world.reads()), (Ok(2), 1));
    }

    #[tokio::test]
    async fn what_is_no_longer_good_is_read_again() {
        let world = World::default();
        let remembered = world.remembered(1_000_000);
        for (good, reads) in [(true, 1), (true, 1), (false, 2), (true, 2)] {
            let answer: Result<i64, StoreError> = remembered.about(&1, &[store(1)], |_| good, || world.read()).await;
            assert_eq!((answer, world.reads()), (Ok(0), reads));
        }
    }

    #[tokio::test]
    async fn that_nothing_was_found_is_asked_again() {
        let world = World::default();
        let remembered = world.remembered(1_000_000);
        for _ in 0..2 {
            assert_eq!(remembered.found(&1, |_| vec![store(1)], || async { Ok(None) }).await, Ok(None));
        }
        let load = || async { world.read().await.map(Some) };
        for reads in [2, 2, 2] {
            assert_eq!(remembered.found(&1, |_| vec![store(1)], load).await, Ok(Some(0)));
            assert_eq!(world.reads(), reads);
        }
    }

    /// A name that another store takes over: what it rests on is then the other store.
    #[tokio::test]
    async fn an_answer_that_rests_on_something_else_is_kept_with_that() {
        struct Stores([AtomicI64; 2]);
        #[async_trait]
        impl Revisions for Stores {
            async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
                let revision = |subject: &Subject| self.0[usize::from(*subject != store(0))].load(Ordering::SeqCst);
                Ok(subjects.iter().map(revision).collect())
            }
        }
        let stores = Arc::new(Stores([AtomicI64::new(1), AtomicI64::new(1)]));
        let remembered = Remembered::<u32, i64>::new("test", stores.clone(), 1_000_000, 1000);
        let owner = AtomicI64::new(0);
        let reads = AtomicUsize::new(0);
        let load = || async {
            reads.fetch_add(1, Ordering::SeqCst);
            Ok(Some(owner.load(Ordering::SeqCst)))
        };
        let of = |owner: &i64| vec![store(u128::try_from(*owner).unwrap())];
        assert_eq!(remembered.found(&1, of, load).await, Ok(Some(0)));
        owner.store(1, Ordering::SeqCst);
        stores.0[0].fetch_add(1, Ordering::SeqCst);
        assert_eq!(remembered.found(&1, of, load).await, Ok(Some(1)));
        let before = reads.load(Ordering::SeqCst);
        assert_eq!((remembered.found(&1, of, load).await, reads.load(Ordering::SeqCst)), (Ok(Some(1)), before));
        // A write of the new owner is noticed.
        stores.0[1].fetch_add(1, Ordering::SeqCst);
        assert_eq!(remembered.found(&1, of, load).await, Ok(Some(1)));
        assert!(reads.load(Ordering::SeqCst) > before);
    }

    #[tokio::test]
    async fn memory_is_bounded_and_may_be_none() {
        let world = World::default();
        for (bytes, most) in [(0, 0), (100_000, 100)] {
            let remembered = world.remembered(bytes);
            for key in 0..1000 {
                let answer: Result<i64, StoreError> =
                    remembered.about(&key, &[store(1)], |_| true, || world.read()).await;
                answer.unwrap();
            }
            assert!(remembered.kept.len() <= most && remembered.kept.weight() <= bytes, "{}", remembered.kept.len());
        }
    }
}
