//! `musubi jobs`.

use crate::program::{Ended, musubi};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::{JobId, LeaseId, SystemIds};
use musubi_kernel::job::queue::{JobFilter, JobQueue as _, JobStatus};
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Lease, NewJob};
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_each_engine!(
    jobs_are_listed_by_status_and_kind,
    a_list_says_whether_there_are_more,
    failed_jobs_are_tried_again_by_id,
    failed_jobs_are_tried_again_by_kind,
    a_job_whose_work_another_does_stays_failed,
);

/// An age ago, so that everything is due by the program's clock.
fn at(seconds: i64) -> DateTime<Utc> {
    "2026-03-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

fn job(kind: &'static str, key: Option<&str>) -> NewJob {
    let job = NewJob::new(&SystemIds, kind, json!({ "delivery": 7 }), at(0));
    match key {
        Some(key) => job.keyed(key.to_owned()),
        None => job,
    }
}

/// Adds a job.
async fn waiting(test: &TestDb, kind: &'static str, key: Option<&str>) -> JobId {
    let job = job(kind, key);
    let id = job.id;
    test.db.enqueue(&[job]).await.unwrap();
    id
}

/// Adds a job that is tried often enough.
async fn failed(test: &TestDb, kind: &'static str, key: Option<&str>, why: &str) -> JobId {
    let id = waiting(test, kind, key).await;
    let lease = Lease { id: LeaseId::new(&SystemIds, at(1)), until: at(60) };
    let claimed = test.db.claim(kind, 10, lease, at(1)).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
    let how = Settlement::Failed { attempts: 1, why: why.to_owned() };
    test.db.settle(&[Settled { id, lease: lease.id, how }], at(2)).await.unwrap();
    id
}

fn jobs(test: &TestDb, arguments: &[&str]) -> Ended {
    let mut all = vec!["jobs"];
    all.extend(arguments);
    all.extend(["--database-url", test.url()]);
    musubi(&all)
}

/// The ids of a list: made at one instant, they have no order.
fn ids(listed: &Value) -> BTreeSet<&str> {
    listed["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

async fn standing(test: &TestDb, status: JobStatus) -> Vec<JobId> {
    let filter = JobFilter { status: Some(status), kind: None };
    test.db.list(&filter, 100).await.unwrap().iter().map(|line| line.id).collect()
}

async fn jobs_are_listed_by_status_and_kind(test: TestDb) {
    assert_eq!(jobs(&test, &["list"]).is(0).out, "no jobs\n");
    let broken = failed(&test, "webhook.deliver", None, "the database\n  was away").await;
    let other = failed(&test, "upkeep.holds", None, "no").await;
    let waits = waiting(&test, "webhook.deliver", Some("7.0")).await;
    let said = jobs(&test, &["list", "--kind", "webhook.deliver"]).is(0).out;
    let line =
        format!("{broken}  webhook.deliver  failed  2026-03-20T00:00:02Z  attempt 1 of 15  the database was away");
    assert_eq!(said, format!("{line}\n1 job\n"));
    let said = jobs(&test, &["list", "--status", "waiting"]).is(0).out;
    assert_eq!(said, format!("{waits}  webhook.deliver  waiting  2026-03-20T00:00:00Z  attempt 0 of 15\n1 job\n"));

    let listed = jobs(&test, &["list", "--json"]).is(0).json();
    let (broken, other, waits) = (broken.to_string(), other.to_string(), waits.to_string());
    assert_eq!((ids(&listed), &listed["more"]), (BTreeSet::from([broken.as_str(), &other]), &json!(false)));
    let all = jobs(&test, &["list", "--json", "--status", "all", "--kind", "webhook.deliver"]).is(0).json();
    assert_eq!(ids(&all), BTreeSet::from([broken.as_str(), &waits]));
    let of = |id: &str| all["jobs"].as_array().unwrap().iter().find(|job| job["id"] == id).unwrap().clone();
    let (job, new) = (of(&broken), of(&waits));
    assert_eq!((&job["status"], &job["last_error"]), (&json!("failed"), &json!("the database\n  was away")));
    assert_eq!(
        (&new["status"], &new["key"], &new["payload"]),
        (&json!("waiting"), &json!("7.0"), &json!({ "delivery": 7 }))
    );
    for arguments in [&["list", "--status", "running", "--json"][..], &["list", "--kind", "nobody's", "--json"]] {
        assert_eq!(jobs(&test, arguments).is(0).json(), json!({ "jobs": [], "more": false }));
    }
}

async fn a_list_says_whether_there_are_more(test: TestDb) {
    for _ in 0..3 {
        waiting(&test, "webhook.deliver", None).await;
    }
    let last = |limit: &str| {
        let said = jobs(&test, &["list", "--status", "waiting", "--limit", limit]).is(0).out;
        (said.lines().count(), said.lines().last().unwrap().to_owned())
    };
    assert_eq!(last("2"), (3, "the first 2 jobs; --limit shows more".to_owned()));
    assert_eq!(last("3"), (4, "3 jobs".to_owned()));
    let listed = jobs(&test, &["list", "--status", "waiting", "--limit", "1", "--json"]).is(0).json();
    assert_eq!((ids(&listed).len(), &listed["more"]), (1, &json!(true)));
}

async fn failed_jobs_are_tried_again_by_id(test: TestDb) {
    let first = failed(&test, "webhook.deliver", None, "no").await;
    let second = failed(&test, "upkeep.holds", None, "no").await;
    let waits = waiting(&test, "webhook.deliver", None).await;
    let (one, unknown) = (first.to_string(), waits.to_string());
    // Named twice, it is one.
    let ended = jobs(&test, &["retry", &one, &one]).is(0);
    assert_eq!(ended.out, "1 to be tried again\n");
    assert_eq!(standing(&test, JobStatus::Failed).await, [second]);
    let ended = jobs(&test, &["retry", &one, &second.to_string(), &unknown, "--json"]).is(1);
    assert_eq!(ended.json(), json!({ "again": 1, "superseded": 0, "missing": 2 }));
    let ended = jobs(&test, &["retry", &unknown]).is(1);
    assert_eq!(ended.out, "0 to be tried again\n1 not found among the failed jobs\n");
    // As often as new ones, and at once.
    let lines = test.db.list(&JobFilter { status: Some(JobStatus::Waiting), kind: None }, 9).await.unwrap();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.attempts == 0 && line.due_at <= SystemClock.now()), "{lines:#?}");
}

async fn failed_jobs_are_tried_again_by_kind(test: TestDb) {
    for _ in 0..3 {
        failed(&test, "webhook.deliver", None, "no").await;
    }
    let other = failed(&test, "upkeep.holds", None, "no").await;
    assert_eq!(jobs(&test, &["retry", "--kind", "webhook.deliver"]).is(0).out, "3 to be tried again\n");
    assert_eq!(standing(&test, JobStatus::Failed).await, [other]);
    let again = jobs(&test, &["retry", "--kind", "webhook.deliver", "--json"]).is(0).json();
    assert_eq!(again, json!({ "again": 0, "superseded": 0, "missing": 0 }));
}

async fn a_job_whose_work_another_does_stays_failed(test: TestDb) {
    let old = failed(&test, "webhook.deliver", Some("7.0"), "no").await;
    waiting(&test, "webhook.deliver", Some("7.0")).await;
    let ended = jobs(&test, &["retry", &old.to_string()]).is(0);
    let said = "0 to be tried again\n1 left as they are: another unfinished job has their key\n";
    assert_eq!(ended.out, said);
    assert_eq!(standing(&test, JobStatus::Failed).await, [old]);
}

#[test]
fn what_is_wrong_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let line = musubi(&["jobs", "list", "--data-dir", data]).complains(1);
    assert!(line.starts_with("there is no database at ") && line.ends_with("`musubi migrate` makes it"), "{line}");
    for (arguments, says) in [
        (&["jobs", "list", "--status", "lost"][..], "invalid value 'lost' for '--status <STATUS>'"),
        (&["jobs", "list", "--limit", "0"], "0 is not in 1..=10000"),
        (&["jobs", "retry"], "the following required arguments were not provided: <ID>..."),
        (&["jobs", "retry", "7"], "invalid value '7' for '[ID]...'"),
        (&["jobs", "retry", "--kind", "a", "0196a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"], "cannot be used with"),
    ] {
        let line = musubi(arguments).complains(2);
        assert!(line.contains(says), "{arguments:?}: {line}");
    }
}
