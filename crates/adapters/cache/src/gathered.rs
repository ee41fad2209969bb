//! Merged questions.

use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use musubi_kernel::revision::{Revisions, Subject};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How many questions are under way at a time. With one, more callers share the next.
const AT_ONCE: usize = 1;
/// The most subjects of one question; what is over it waits for the next.
const LARGEST: usize = 128;
/// How long a question may take before the database counts as unavailable.
const LONGEST: Duration = Duration::from_secs(5);

/// Merges the questions of callers who ask at the same time.
///
/// A caller who comes while questions are under way joins the next one, never one that was sent before: every answer
/// was read after its caller asked. A caller who goes away is left out, and nobody else notices.
#[derive(Clone)]
pub struct Gathered(Arc<Desk>);

struct Desk {
    revisions: Arc<dyn Revisions>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Ask>,
    under_way: usize,
}

struct Ask {
    subjects: Box<[Subject]>,
    answer: oneshot::Sender<Result<Vec<i64>, StoreError>>,
}

impl Gathered {
    /// Questions to `revisions`, merged.
    pub fn new(revisions: Arc<dyn Revisions>) -> Self {
        metrics::describe_counter!("revision_questions_total", "Questions for revisions that the database was sent");
        metrics::describe_counter!("revision_callers_total", "Callers that shared these questions");
        metrics::describe_counter!("revision_subjects_total", "Subjects that these questions were about");
        Self(Arc::new(Desk { revisions, queue: Mutex::default() }))
    }
}

#[async_trait]
impl Revisions for Gathered {
    async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let clerk = {
            let mut queue = self.0.queue();
            queue.waiting.push_back(Ask { subjects: subjects.into(), answer });
            let free = queue.under_way < AT_ONCE;
            queue.under_way += usize::from(free);
            free.then(|| Clerk { desk: Arc::clone(&self.0), done: false })
        };
        if let Some(clerk) = clerk {
            // On its own, so that it goes on when the caller who began it goes away.
            tokio::spawn(clerk.work());
        }
        let lost = |_| Err(StoreError::Unavailable("a question for revisions was lost".to_owned()));
        answered.await.unwrap_or_else(lost)
    }
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let slow = |_| Err(StoreError::Unavailable("no answer to a question for revisions".to_owned()));
        let revisions = tokio::time::timeout(LONGEST, self.revisions.of(subjects)).await.unwrap_or_else(slow)?;
        if revisions.len() == subjects.len() {
            Ok(revisions)
        } else {
            Err(StoreError::Internal("a question for revisions was answered in part".to_owned()))
        }
    }
}

impl Queue {
    /// Callers for one question. One of them alone may be over the limit.
    fn next(&mut self) -> Vec<Ask> {
        let mut asks = Vec::new();
        let mut subjects: HashSet<Subject> = HashSet::new();
        while let Some(ask) = self.waiting.pop_front() {
            if ask.answer.is_closed() {
                continue;
            }
            let more = ask.subjects.iter().filter(|subject| !subjects.contains(subject)).count();
            if subjects.len() + more > LARGEST && !asks.is_empty() {
                self.waiting.push_front(ask);
                break;
            }
            subjects.extend(&ask.subjects);
            asks.push(ask);
        }
        asks
    }
}

/// Has one question under way at a time, until nobody waits.
struct Clerk {
    desk: Arc<Desk>,
    done: bool,
}

impl Clerk {
    async fn work(mut self) {
        loop {
            let asks = {
                let mut queue = self.desk.queue();
                let asks = queue.next();
                if asks.is_empty() {
                    queue.under_way -= 1;
                    self.done = true;
                    return;
                }
                asks
            };
            let mut places: HashMap<Subject, usize> = HashMap::with_capacity(asks.len() * 4);
            let mut subjects = Vec::new();
            for subject in asks.iter().flat_map(|ask| &ask.subjects) {
                places.entry(*subject).or_insert_with(|| {
                    subjects.push(*subject);
                    subjects.len() - 1
                });
            }
            metrics::counter!("revision_questions_total").increment(1);
            metrics::counter!("revision_callers_total").increment(asks.len() as u64);
            metrics::counter!("revision_subjects_total").increment(subjects.len() as u64);
            let revisions = self.desk.ask(&subjects).await;
            for Ask { subjects, answer } in asks {
                let own = |all: &Vec<i64>| subjects.iter().map(|subject| all[places[subject]]).collect();
                // Whoever has gone away needs no answer.
                let _ = answer.send(revisions.as_ref().map(own).map_err(Clone::clone));
            }
        }
    }
}

impl Drop for Clerk {
    /// A question that panicked takes those who wait with it, or they would wait for a clerk who never comes.
    fn drop(&mut self) {
        if !self.done {
            let mut queue = self.desk.queue();
            queue.under_way -= 1;
            queue.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};
    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    /// Counts its questions: each is answered by its number, and only when there is a permit for it.
    struct Counting {
        asked: AtomicI64,
        sizes: Mutex<Vec<usize>>,
        permits: Semaphore,
        fails: bool,
    }

    #[async_trait]
    impl Revisions for Counting {
        async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            self.sizes.lock().unwrap().push(subjects.len());
            self.permits.acquire().await.unwrap().forget();
            assert!(number < 1000, "a question that panics");
            if self.fails { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(vec![number; subjects.len()]) }
        }
    }

    fn counting(fails: bool) -> (Arc<Counting>, Gathered) {
        let counting =
            Counting { asked: AtomicI64::new(0), sizes: Mutex::default(), permits: Semaphore::new(0), fails };
        let counting = Arc::new(counting);
        (counting.clone(), Gathered::new(counting))
    }

    fn store(n: u128) -> Subject {
        Subject::Store(uuid::Uuid::from_u128(n).into())
    }

    async fn settle() {
        for _ in 0..50 {
            yield_now().await;
        }
    }

    fn ask(gathered: &Gathered, subjects: Vec<Subject>) -> tokio::task::JoinHandle<Result<Vec<i64>, StoreError>> {
        let gathered = gathered.clone();
        tokio::spawn(async move { gathered.of(&subjects).await })
    }

    #[tokio::test]
    async fn callers_share_the_next_question_and_never_one_under_way() {
        let (counting, gathered) = counting(false);
        let first = ask(&gathered, vec![store(1)]);
        settle().await;
        let later: Vec<_> = (0..20).map(|n| ask(&gathered, vec![store(1), store(n % 2)])).collect();
        settle().await;
        assert_eq!(counting.asked.load(Ordering::SeqCst), 1, "the later ones wait");
        counting.permits.add_permits(10);
        assert_eq!(first.await.unwrap(), Ok(vec![1]));
        for later in later {
            assert_eq!(later.await.unwrap(), Ok(vec![2, 2]), "read after they asked");
        }
        assert_eq!(*counting.sizes.lock().unwrap(), [1, 2], "each subject once");
    }

    #[tokio::test]
    async fn callers_who_go_away_leave_nobody_hanging() {
        let (counting, gathered) = counting(false);
        let gone: Vec<_> = (0..4).map(|_| ask(&gathered, vec![store(1)])).collect();
        settle().await;
        let stays = ask(&gathered, vec![store(2)]);
        settle().await;
        gone.iter().for_each(tokio::task::JoinHandle::abort);
        settle().await;
        counting.permits.add_permits(10);
        assert!(stays.await.unwrap().is_ok());
        assert_eq!(*counting.sizes.lock().unwrap().last().unwrap(), 1, "nobody asks for those who left");
        assert!(gathered.of(&[store(3)]).await.is_ok());
    }

    #[tokio::test]
    async fn an_error_reaches_everyone_and_the_next_question_is_asked() {
        let (counting, gathered) = counting(true);
        let asks: Vec<_> = (0..9).map(|n| ask(&gathered, vec![store(n)])).collect();
        settle().await;
        counting.permits.add_permits(10);
        for ask in asks {
            assert_eq!(ask.await.unwrap(), Err(StoreError::Unavailable("away".to_owned())));
        }
    }

    #[tokio::test]
    async fn a_question_that_panics_is_an_error_and_not_the_end() {
        let (counting, gathered) = counting(false);
        counting.asked.store(2000, Ordering::SeqCst);
        counting.permits.add_permits(1);
        assert!(matches!(gathered.of(&[store(1)]).await, Err(StoreError::Unavailable(_))));
        counting.asked.store(0, Ordering::SeqCst);
        counting.permits.add_permits(1);
        assert_eq!(gathered.of(&[store(1)]).await, Ok(vec![1]));
    }

    #[tokio::test]
    async fn a_question_has_a_bounded_size() {
        let (counting, gathered) = counting(false);
        let blocked = ask(&gathered, vec![store(0)]);
        settle().await;
        let asks: Vec<_> = (0..300).map(|n| ask(&gathered, vec![store(n)])).collect();
        settle().await;
        counting.permits.add_permits(100);
        for ask in std::iter::once(blocked).chain(asks) {
            ask.await.unwrap().unwrap();
        }
        assert!(counting.sizes.lock().unwrap().iter().all(|size| *size <= LARGEST));
    }
}
