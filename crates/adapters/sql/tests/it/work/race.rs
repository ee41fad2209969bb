//! Several at once, of several processes.

use super::{Works, at, settled, works};
use crate::crowd::all_at_once;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::JobId;
use musubi_kernel::job::queue::Reaped;
use musubi_kernel::job::settlement::Settlement;
use musubi_kernel::job::{Job, NewJob};
use std::collections::BTreeSet;

works!(
    no_job_is_taken_by_two,
    a_key_that_all_add_is_once,
    of_a_slow_worker_and_the_reaper_one_has_its_way,
    what_is_settled_twice_counts_once,
);

const CROWD: usize = 8;

/// Whoever loses a race on one node of a cluster looks again; a server alone has none.
async fn claim(works: &Works, n: usize) -> Vec<Job> {
    loop {
        match works.queues[n % 2].claim("a", 7, works.lease(60), at(9)).await {
            Err(StoreError::Conflict) => {}
            jobs => return jobs.unwrap(),
        }
    }
}

async fn no_job_is_taken_by_two(works: Works) {
    let jobs: Vec<NewJob> = (0..200).map(|n| works.job("a", n % 5)).collect();
    works.queue().enqueue(&jobs).await.unwrap();
    let taken = all_at_once(CROWD, |n| {
        let works = works.clone();
        Box::pin(async move {
            let mut mine = Vec::new();
            loop {
                let some = claim(&works, n).await;
                if some.is_empty() {
                    return mine;
                }
                let done: Vec<_> = some.iter().map(|job| settled(job, Settlement::Done)).collect();
                assert_eq!(works.queues[n % 2].settle(&done, at(10)).await, Ok(done.len() as u64));
                mine.extend(some.into_iter().map(|job| job.id));
            }
        })
    });
    let taken: Vec<JobId> = taken.await.concat();
    let different: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), different.len()), (200, 200));
    assert_eq!(works.all().await, []);
}

async fn a_key_that_all_add_is_once(works: Works) {
    for round in 0..10 {
        let added = all_at_once(CROWD, |n| {
            let works = works.clone();
            Box::pin(async move {
                let job = works.job("a", 0).keyed(round.to_string());
                works.queues[n % 2].enqueue(&[job, works.job("b", 0)]).await
            })
        });
        assert!(added.await.iter().all(Result::is_ok));
    }
    let lines = works.all().await;
    let of = |kind: &str| lines.iter().filter(|line| line.kind == kind).count();
    assert_eq!((of("a"), of("b")), (10, 10 * CROWD));
}

/// A worker settles at the very moment at which its lease has ended and is reaped.
async fn of_a_slow_worker_and_the_reaper_one_has_its_way(works: Works) {
    for round in 0..10 {
        works.queue().enqueue(&[works.job("a", 0)]).await.unwrap();
        let job = works.claim("a", 1, 0).await.pop().unwrap();
        let both = all_at_once(CROWD, |n| {
            let (works, job) = (works.clone(), job.clone());
            Box::pin(async move {
                if n == round % CROWD {
                    return works.queues[0].settle(&[settled(&job, Settlement::Done)], at(61)).await.unwrap();
                }
                match works.queues[1].reap(9, at(61), 0).await {
                    Ok(Reaped { waiting, failed: 0 }) => waiting * 100,
                    Err(StoreError::Conflict) => 0,
                    other => panic!("{other:?}"),
                }
            })
        });
        let sum: u64 = both.await.iter().sum();
        let left = works.claim("a", 9, 1000).await;
        assert!((sum, left.len()) == (1, 0) || (sum, left.len()) == (100, 1), "{sum} {left:?}");
        for job in left {
            assert_eq!(job.attempt, 2);
            works.settle(&job, Settlement::Done, 1001).await;
        }
    }
}

async fn what_is_settled_twice_counts_once(works: Works) {
    works.queue().enqueue(&(0..20).map(|n| works.job("a", n)).collect::<Vec<_>>()).await.unwrap();
    let jobs = works.claim("a", 20, 99).await;
    let settled_by = all_at_once(CROWD, |n| {
        let (works, jobs) = (works.clone(), jobs.clone());
        Box::pin(async move {
            let how = |job: &Job| match n % 3 {
                0 => settled(job, Settlement::Done),
                1 => settled(job, super::again(500, 1)),
                _ => settled(job, Settlement::Failed { attempts: 1, why: "x".to_owned() }),
            };
            let mut all: Vec<_> = jobs.iter().map(how).collect();
            // Each in an order of its own.
            all.rotate_left(n);
            works.queues[n % 2].settle(&all, at(100)).await.unwrap()
        })
    });
    assert_eq!(settled_by.await.iter().sum::<u64>(), 20);
}
