//! One question for all that a request looks at.

use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use musubi_kernel::revision::{Revisions, Subject};
use quick_cache::sync::Cache;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// How many requests' subjects are remembered.
const REQUESTS: usize = 20_000;
/// The most subjects that are asked for ahead.
const MOST: usize = 8;

tokio::task_local! {
    static SEEN: RefCell<Seen>;
}

/// Keeps the revisions that were asked for since a request arrived until it is answered, so that none is asked for
/// twice; and asks at its first question for all that a request like it looked at before.
///
/// The answer is as fresh as the first question, which was sent after the request arrived. That is right for requests
/// that only read, and for those that compare the revisions once more under the locks of what they write, and
/// that ask [anew](PerRequest::anew) before they read what they decide on. Others ask outside of [`PerRequest::scope`].
#[derive(Clone)]
pub struct PerRequest(Arc<Inner>);

struct Inner {
    revisions: Arc<dyn Revisions>,
    ahead: Cache<u64, Arc<[Subject]>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Seen {
    ahead: Arc<[Subject]>,
    revisions: Vec<(Subject, i64)>,
    used: Vec<Subject>,
}

impl PerRequest {
    /// Questions to `revisions`, once per request.
    pub fn new(revisions: Arc<dyn Revisions>) -> Self {
        Self(Arc::new(Inner { revisions, ahead: Cache::new(REQUESTS), hasher: RandomState::new() }))
    }

    /// Answers a request. Requests that are `alike` look at the same subjects, mostly: if not, that costs
    /// a question and nothing else.
    pub async fn scope<F: Future>(&self, alike: impl Hash, answer: F) -> F::Output {
        let alike = self.0.hasher.hash_one(alike);
        let ahead = self.0.ahead.get(&alike).unwrap_or_default();
        let seen = Seen { ahead: Arc::clone(&ahead), ..Seen::default() };
        SEEN.scope(RefCell::new(seen), async {
            let output = answer.await;
            let used = SEEN.with(|seen| std::mem::take(&mut seen.borrow_mut().used));
            if *used != *ahead && !used.is_empty() && used.len() <= MOST {
                self.0.ahead.insert(alike, used.into());
            }
            output
        })
        .await
    }
}

impl PerRequest {
    /// As [`Revisions::of`], read after this call began, whatever the request knew before.
    pub async fn anew(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let revisions = self.0.revisions.of(subjects).await?;
        // Outside of a request nothing is kept.
        let _ = SEEN.try_with(|seen| seen.borrow_mut().replace(subjects, &revisions));
        Ok(revisions)
    }
}

#[async_trait]
impl Revisions for PerRequest {
    async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let Ok(missing) = SEEN.try_with(|seen| seen.borrow_mut().missing(subjects)) else {
            return self.0.revisions.of(subjects).await;
        };
        if !missing.is_empty() {
            let revisions = self.0.revisions.of(&missing).await?;
            SEEN.with(|seen| seen.borrow_mut().revisions.extend(missing.into_iter().zip(revisions)));
        }
        SEEN.with(|seen| seen.borrow().of(subjects))
    }
}

impl Seen {
    /// What has to be asked for to know the revisions of these subjects.
    fn missing(&mut self, subjects: &[Subject]) -> Vec<Subject> {
        for subject in subjects {
            if !self.used.contains(subject) {
                self.used.push(*subject);
            }
        }
        let known = |subject: &Subject| self.revisions.iter().any(|(known, _)| known == subject);
        let mut missing: Vec<Subject> = subjects.iter().filter(|subject| !known(subject)).copied().collect();
        if !missing.is_empty() {
            let ahead = self.ahead.iter().filter(|ahead| !known(ahead) && !subjects.contains(ahead));
            missing.extend(ahead);
        }
        missing
    }

    fn replace(&mut self, subjects: &[Subject], revisions: &[i64]) {
        self.revisions.retain(|(known, _)| !subjects.contains(known));
        self.revisions.extend(subjects.iter().copied().zip(revisions.iter().copied()));
    }

    fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let revision =
            |subject: &Subject| self.revisions.iter().find(|(known, _)| known == subject).map(|known| known.1);
        let all: Option<Vec<i64>> = subjects.iter().map(revision).collect();
        all.ok_or_else(|| StoreError::Internal("a revision was asked for in vain".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use uuid::Uuid;

    #[derive(Default)]
    struct Asked(Mutex<Vec<Vec<Subject>>>);

    #[async_trait]
    impl Revisions for Asked {
        async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
            let mut asked = self.0.lock().unwrap();
            asked.push(subjects.to_vec());
            Ok(vec![i64::try_from(asked.len()).unwrap(); subjects.len()])
        }
    }

    #[tokio::test]
    async fn a_request_asks_once_and_the_next_like_it_for_all_at_once() {
        let asked = Arc::new(Asked::default());
        let once = PerRequest::new(asked.clone());
        let [key, store] = [1, 2].map(|n| Subject::Store(Uuid::from_u128(n).into()));
        let look = || async {
            let first = once.of(&[key]).await.unwrap();
            let second = once.of(&[key, store]).await.unwrap();
            (first, second)
        };
        assert_eq!(once.scope("a", look()).await, (vec![1], vec![1, 2]));
        assert_eq!(once.scope("a", look()).await, (vec![3], vec![3, 3]));
        assert_eq!(once.scope("b", look()).await, (vec![4], vec![4, 5]));
        assert_eq!(*asked.0.lock().unwrap(), [vec![key], vec![store], vec![key, store], vec![key], vec![store]]);
        // Outside of a request nothing is kept.
        assert_eq!((look().await, asked.0.lock().unwrap().len()), ((vec![6], vec![7, 7]), 7));
    }

    #[tokio::test]
    async fn who_asks_anew_learns_what_was_written_meanwhile() {
        let once = PerRequest::new(Arc::new(Asked::default()));
        let [key, store] = [1, 2].map(|n| Subject::Store(Uuid::from_u128(n).into()));
        let look = async {
            let first = once.of(&[key, store]).await.unwrap();
            let anew = once.anew(&[store]).await.unwrap();
            (first, anew, once.of(&[key, store]).await.unwrap())
        };
        assert_eq!(once.scope("a", look).await, (vec![1, 1], vec![2], vec![1, 2]));
    }
}
