//! The queue.

use super::{Works, again, at, dues, settled, works};
use chrono::TimeDelta;
use musubi_kernel::id::{StoreId, TenantId};
use musubi_kernel::job::queue::{JobFilter, JobStatus, KindStats, Reaped, Retried, Retry};
use musubi_kernel::job::settlement::Settlement;
use musubi_kernel::job::{LEASE_ENDED, NewJob};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

works!(
    what_is_due_is_taken_once,
    a_job_comes_as_it_was_written,
    a_key_is_once_among_the_unfinished,
    keys_of_one_batch_are_once,
    a_claim_settles_its_own_alone,
    what_waits_again_comes_again,
    leases_are_lengthened_and_end,
    the_last_attempt_of_the_dead_is_a_failure,
    what_has_failed_is_tried_again_by_hand,
    all_of_a_kind_are_tried_again,
    counts_and_lists_tell_how_it_stands,
    failures_are_forgotten,
    nothing_to_do_is_no_failure,
    news_are_told,
);

async fn what_is_due_is_taken_once(works: Works) {
    let jobs = [works.job("a", 3), works.job("a", 1), works.job("a", 2), works.job("b", 0), works.job("a", 9)];
    works.queue().enqueue(&jobs).await.unwrap();
    assert_eq!(works.claim("a", 10, 0).await, []);
    let due = works.queue().due(&["a", "b", "c"]).await.unwrap();
    assert_eq!(due, [("a".to_owned(), at(1)), ("b".to_owned(), at(0))].into());
    assert_eq!(dues(&works.claim("a", 2, 5).await), [1, 2]);
    assert_eq!(dues(&works.claim("a", 2, 5).await), [3]);
    assert!(works.claim("a", 2, 5).await.is_empty());
    assert!(works.claim("b", 0, 5).await.is_empty());
    assert_eq!(dues(&works.claim("b", 2, 5).await), [0]);
    assert_eq!(works.queue().due(&["a", "b", "c"]).await.unwrap(), [("a".to_owned(), at(9))].into());
}

async fn a_job_comes_as_it_was_written(works: Works) {
    let kind = "種".repeat(100);
    let key = "鍵".repeat(200);
    let payload = json!({ "text": "\u{0}'\"\\ 花子", "list": [1, null, 2.5] });
    let (tenant, store) = (TenantId(Uuid::from_u128(1)), StoreId(Uuid::from_u128(2)));
    let new = NewJob::new(&*works.ids, kind.clone(), &payload, at(0))
        .keyed(key.clone())
        .of(Some(tenant), Some(store))
        .due(at(1))
        .attempts(0);
    works.queue().enqueue(std::slice::from_ref(&new)).await.unwrap();
    let lease = works.lease(61);
    let job = works.queue().claim(&kind, 1, lease, at(1)).await.unwrap().pop().unwrap();
    assert_eq!((job.id, &*job.kind, job.key.as_deref()), (new.id, &*kind, Some(&*key)));
    assert_eq!((&job.payload, job.tenant, job.store), (&payload, Some(tenant), Some(store)));
    assert_eq!((job.due_at, job.created_at, job.lease), (at(1), at(0), lease));
    assert_eq!((job.attempt, job.max_attempts, job.is_last_attempt()), (1, 1, true));
}

async fn a_key_is_once_among_the_unfinished(works: Works) {
    let keyed = |kind, key: &str, due| works.job(kind, due).keyed(key);
    for job in [keyed("a", "x", 0), keyed("a", "x", 1), keyed("b", "x", 2), keyed("a", "X", 3), works.job("a", 4)] {
        works.queue().enqueue(&[job]).await.unwrap();
    }
    assert_eq!(dues(&works.claim("b", 9, 9).await), [2]);
    let claimed = works.claim("a", 9, 9).await;
    assert_eq!(dues(&claimed), [0, 3, 4]);
    // While it runs, it is the one.
    works.queue().enqueue(&[keyed("a", "x", 5)]).await.unwrap();
    assert!(works.claim("a", 9, 9).await.is_empty());
    works.settle(&claimed[0], again(7, 1), 9).await;
    works.queue().enqueue(&[keyed("a", "x", 6)]).await.unwrap();
    let waited = works.claim("a", 9, 9).await;
    assert_eq!(dues(&waited), [0]);
    // Done or failed, it is not.
    works.settle(&waited[0], Settlement::Done, 9).await;
    works.settle(&claimed[1], Settlement::Failed { attempts: 1, why: "no".to_owned() }, 9).await;
    works.queue().enqueue(&[keyed("a", "x", 7), keyed("a", "X", 8)]).await.unwrap();
    assert_eq!(dues(&works.claim("a", 9, 9).await), [7, 8]);
}

async fn keys_of_one_batch_are_once(works: Works) {
    let mut batch: Vec<_> = (0..1200).map(|n| works.job("a", n)).collect();
    batch.extend((0..20).map(|n| works.job("b", n).keyed((n % 4).to_string())));
    batch.extend((0..4).map(|n| works.job("c", n).keyed("0")));
    works.queue().enqueue(&batch).await.unwrap();
    assert_eq!(works.claim("a", 2000, 2000).await.len(), 1200);
    assert_eq!(dues(&works.claim("b", 99, 99).await), [0, 1, 2, 3]);
    assert_eq!(dues(&works.claim("c", 99, 99).await), [0]);
}

async fn a_claim_settles_its_own_alone(works: Works) {
    works.queue().enqueue(&[works.job("a", 0), works.job("a", 1), works.job("a", 2)]).await.unwrap();
    let first = works.claim("a", 3, 5).await;
    // Too slow: the lease ends, and another takes the first of them.
    assert_eq!(works.queue().reap(1, at(66), 0).await, Ok(Reaped { waiting: 1, failed: 0 }));
    let second = works.claim("a", 1, 100).await;
    assert_eq!((second[0].id, second[0].attempt), (first[0].id, 2));
    let failed = || Settlement::Failed { attempts: 9, why: "x".to_owned() };
    for how in [Settlement::Done, again(0, 0), failed()] {
        assert_eq!(works.settle(&first[0], how, 101).await, 0);
    }
    // Together with others, too: each job counts by its own claim.
    let late = [settled(&first[0], Settlement::Done), settled(&first[1], Settlement::Done)];
    assert_eq!(works.queue().settle(&late, at(101)).await, Ok(1));
    let holds: Vec<_> = first.iter().chain(&second).map(|job| (job.id, job.lease.id)).collect();
    let mut still = works.queue().extend(&holds, at(500)).await.unwrap();
    let mut expected = vec![(second[0].id, second[0].lease.id), (first[2].id, first[2].lease.id)];
    still.sort_unstable();
    expected.sort_unstable();
    assert_eq!(still, expected);
    assert_eq!(works.settle(&second[0], Settlement::Done, 102).await, 1);
    assert_eq!(works.settle(&second[0], Settlement::Done, 102).await, 0);
    assert_eq!(works.all().await.iter().map(|line| line.id).collect::<Vec<_>>(), [first[2].id]);
}

async fn what_waits_again_comes_again(works: Works) {
    works.queue().enqueue(&[works.job("a", 0)]).await.unwrap();
    let job = works.claim("a", 1, 0).await.pop().unwrap();
    assert_eq!(works.settle(&job, again(10, 1), 1).await, 1);
    assert_eq!(works.claim("a", 1, 9).await, []);
    let job = works.claim("a", 1, 10).await.pop().unwrap();
    assert_eq!((job.attempt, job.due_at), (2, at(10)));
    assert_eq!(works.all().await[0].last_error.as_deref(), Some("not yet"));
    // Given back without an attempt, it is as it was.
    assert_eq!(works.settle(&job, Settlement::given_back(&job), 11).await, 1);
    let line = works.all().await.pop().unwrap();
    assert_eq!((line.status, line.attempts, line.due_at), (JobStatus::Waiting, 1, at(10)));
    assert_eq!(line.last_error.as_deref(), Some("not yet"));
    assert_eq!(works.claim("a", 1, 11).await[0].attempt, 2);
}

async fn leases_are_lengthened_and_end(works: Works) {
    works.queue().enqueue(&[works.job("a", 0), works.job("a", 1)]).await.unwrap();
    let jobs = works.claim("a", 2, 5).await;
    let kept = [(jobs[1].id, jobs[1].lease.id)];
    assert_eq!(works.queue().extend(&kept, at(200)).await, Ok(kept.to_vec()));
    assert_eq!(works.queue().reap(9, at(64), 0).await, Ok(Reaped::default()));
    assert_eq!(works.queue().reap(9, at(65), 0).await, Ok(Reaped { waiting: 1, failed: 0 }));
    let line = works.all().await.into_iter().find(|line| line.id == jobs[0].id).unwrap();
    assert_eq!((line.status, line.attempts, line.last_error.as_deref()), (JobStatus::Waiting, 1, Some(LEASE_ENDED)));
    assert_eq!(line.due_at, at(65) + TimeDelta::seconds(1));
    assert_eq!(works.queue().extend(&[(jobs[0].id, jobs[0].lease.id)], at(500)).await, Ok(vec![]));
    assert_eq!(works.settle(&jobs[1], Settlement::Done, 199).await, 1);
}

async fn the_last_attempt_of_the_dead_is_a_failure(works: Works) {
    works.queue().enqueue(&[works.job("a", 0).attempts(2)]).await.unwrap();
    for (now, reaped) in
        [(0, Reaped { waiting: 1, failed: 0 }), (100, Reaped { waiting: 0, failed: 1 }), (200, Reaped::default())]
    {
        works.claim("a", 1, now).await;
        assert_eq!(works.queue().reap(9, at(now + 60), 0).await, Ok(reaped));
    }
    let line = works.all().await.pop().unwrap();
    assert_eq!((line.status, line.attempts, line.failed_at), (JobStatus::Failed, 2, Some(at(160))));
    assert_eq!(line.last_error.as_deref(), Some(LEASE_ENDED));
}

/// Jobs that have failed, one second after the other.
async fn fail(works: &Works, jobs: &[NewJob]) {
    works.queue().enqueue(jobs).await.unwrap();
    for (now, job) in (1000..).zip(jobs) {
        let claimed = works.claim(&job.kind, 1, now).await.pop().unwrap();
        works.settle(&claimed, Settlement::Failed { attempts: 1, why: "ない\n".repeat(300) }, now).await;
    }
}

async fn what_has_failed_is_tried_again_by_hand(works: Works) {
    let jobs = [works.job("a", 0), works.job("a", 1).keyed("x"), works.job("a", 2)];
    fail(&works, &jobs).await;
    works.queue().enqueue(&[works.job("a", 50).keyed("x")]).await.unwrap();
    let unknown = musubi_kernel::id::JobId(Uuid::from_u128(9));
    let these = Retry::Ids(vec![jobs[0].id, jobs[1].id, unknown]);
    assert_eq!(works.queue().retry(&these, at(2000)).await, Ok(Retried { again: 1, superseded: 1 }));
    assert_eq!(works.queue().retry(&these, at(2000)).await, Ok(Retried { again: 0, superseded: 1 }));
    let claimed = works.claim("a", 9, 2000).await;
    assert_eq!(claimed.iter().map(|job| job.attempt).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(claimed[1].id, jobs[0].id);
    works.settle(&claimed[0], Settlement::Done, 2001).await;
    assert_eq!(works.queue().retry(&these, at(2002)).await, Ok(Retried { again: 1, superseded: 0 }));
    assert_eq!(works.queue().retry(&Retry::Ids(vec![]), at(2002)).await, Ok(Retried::default()));
}

async fn all_of_a_kind_are_tried_again(works: Works) {
    let mut jobs: Vec<_> = (0..1001).map(|n| works.job("a", n)).collect();
    jobs.push(works.job("b", 0));
    works.queue().enqueue(&jobs).await.unwrap();
    let claimed = works.claim("a", 2000, 2000).await;
    let failed = |job| settled(job, Settlement::Failed { attempts: 1, why: "x".to_owned() });
    let all: Vec<_> = claimed.iter().map(failed).collect();
    for some in all.chunks(100) {
        assert_eq!(works.queue().settle(some, at(2000)).await, Ok(some.len() as u64));
    }
    let kind = |kind: &str| Retry::Kind(kind.to_owned());
    assert_eq!(works.queue().retry(&kind("c"), at(3000)).await, Ok(Retried::default()));
    assert_eq!(works.queue().retry(&kind("b"), at(3000)).await, Ok(Retried::default()));
    assert_eq!(works.queue().retry(&kind("a"), at(3000)).await, Ok(Retried { again: 1001, superseded: 0 }));
    assert_eq!(works.claim("a", 2000, 3000).await.len(), 1001);
}

async fn counts_and_lists_tell_how_it_stands(works: Works) {
    let jobs = [works.job("b", 0), works.job("a", 1), works.job("a", 2).keyed("k")];
    fail(&works, &jobs).await;
    works.queue().enqueue(&[works.job("a", 3), works.job("a", 5), works.job("c", 4)]).await.unwrap();
    works.claim("a", 1, 10).await;
    let stats = works.queue().stats().await.unwrap();
    let expected = [
        ("a", KindStats { waiting: 1, running: 1, failed: 2, due_at: Some(at(5)) }),
        ("b", KindStats { failed: 1, ..KindStats::default() }),
        ("c", KindStats { waiting: 1, due_at: Some(at(4)), ..KindStats::default() }),
    ];
    assert_eq!(stats, expected.map(|(kind, stats)| (kind.to_owned(), stats)).into());

    let list = async |status, kind: Option<&str>, limit| {
        let filter = JobFilter { status, kind: kind.map(str::to_owned) };
        let lines = works.queue().list(&filter, limit).await.unwrap();
        lines.iter().map(|line| line.payload["due"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list(Some(JobStatus::Failed), None, 9).await, [1, 2, 0]);
    assert_eq!(list(Some(JobStatus::Failed), Some("a"), 9).await, [1, 2]);
    assert_eq!(list(Some(JobStatus::Failed), None, 1).await, [1]);
    assert_eq!(list(None, None, 9).await, [5, 4, 3, 1, 2, 0]);
    assert_eq!(list(None, Some("a"), 3).await, [5, 3, 1]);
    assert!(list(None, Some("none"), 3).await.is_empty());
    let failed = JobFilter { status: Some(JobStatus::Failed), kind: Some("a".to_owned()) };
    let line = works.queue().list(&failed, 9).await.unwrap().pop().unwrap();
    assert_eq!((line.id, line.key.as_deref(), line.failed_at), (jobs[2].id, Some("k"), Some(at(1002))));
    assert_eq!((line.attempts, line.max_attempts, line.created_at), (1, 15, at(-60)));
    assert_eq!(line.last_error, Some("ない\n".repeat(300)));
}

async fn failures_are_forgotten(works: Works) {
    fail(&works, &[works.job("a", 0), works.job("b", 1), works.job("a", 2)]).await;
    works.queue().enqueue(&[works.job("a", 3)]).await.unwrap();
    assert_eq!(works.queue().forget_failed(at(1000), 9).await, Ok(0));
    assert_eq!(works.queue().forget_failed(at(1002), 1).await, Ok(1));
    assert_eq!(works.queue().forget_failed(at(1002), 9).await, Ok(1));
    assert_eq!(works.queue().forget_failed(at(1002), 9).await, Ok(0));
    assert_eq!(works.all().await.len(), 2);
}

async fn nothing_to_do_is_no_failure(works: Works) {
    works.queue().enqueue(&[]).await.unwrap();
    assert_eq!(works.queue().due(&[]).await, Ok([].into()));
    assert_eq!(works.queue().settle(&[], at(0)).await, Ok(0));
    assert_eq!(works.queue().extend(&[], at(0)).await, Ok(vec![]));
    assert_eq!(works.queue().reap(9, at(0), 0).await, Ok(Reaped::default()));
    assert_eq!(works.queue().stats().await, Ok([].into()));
    assert_eq!(works.claim("a", 9, 0).await, []);
}

async fn news_are_told(works: Works) {
    let told = async || tokio::time::timeout(Duration::from_secs(10), works.queue().news()).await.is_ok();
    works.queue().enqueue(&[works.job("a", 0)]).await.unwrap();
    assert!(told().await);
    works.happens("thing.made", 0).await;
    assert!(told().await);
    let job = works.claim("a", 1, 0).await.pop().unwrap();
    works.settle(&job, again(1, 1), 0).await;
    assert!(told().await);
}
