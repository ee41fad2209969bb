//! New jobs, in whichever transaction.

use super::TABLE;
use crate::engine::Write;
use crate::entities::json;
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::JobStatus;
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement, Value};
use std::collections::BTreeSet;

/// How many rows one statement adds.
const AT_ONCE: usize = 500;

const COLUMNS: [&str; 13] = [
    "id",
    "kind",
    "job_key",
    "live",
    "status",
    "payload",
    "tenant_id",
    "store_id",
    "attempts",
    "max_attempts",
    "due_at",
    "ready_at",
    "created_at",
];

/// What adds jobs; of those with a key, those alone whose key no unfinished job of the kind has. When another adds the same
/// key at the same time, the transaction fails with [`StoreError::Conflict`](musubi_kernel::error::StoreError::Conflict): run
/// again, it finds that one.
///
/// To be called once in a transaction for all jobs that share a key: two writes that are sent together do not see each other.
pub fn adding(jobs: &[NewJob]) -> Vec<Write> {
    let mut keys = BTreeSet::new();
    let (keyed, plain): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.key.is_some());
    let plain = plain.chunks(AT_ONCE).map(|jobs| {
        let mut insert = Query::insert();
        insert.into_table(TABLE).columns(COLUMNS);
        for job in jobs {
            insert.values_panic(values(job).map(Expr::from));
        }
        Write::any(insert).leaving_work()
    });
    let keyed = keyed.into_iter().filter(|job| keys.insert((&job.kind, &job.key))).map(|job| {
        let mut unless_taken = Query::select();
        unless_taken
            .exprs(values(job).map(Expr::from))
            .from_subquery(Query::select().expr_as(Expr::cust("1"), "one").to_owned(), "nothing")
            .and_where(Expr::exists(unfinished(job)).not());
        let mut insert = Query::insert();
        insert.into_table(TABLE).columns(COLUMNS).select_from(unless_taken).expect("as many values as columns");
        Write::any(insert).leaving_work()
    });
    plain.chain(keyed).collect()
}

fn values(job: &NewJob) -> [Value; COLUMNS.len()] {
    [
        job.id.0.into(),
        job.kind.as_ref().into(),
        job.key.clone().into(),
        1.into(),
        JobStatus::Waiting.code().into(),
        json(&job.payload).into(),
        job.tenant.map(|tenant| tenant.0).into(),
        job.store.map(|store| store.0).into(),
        0.into(),
        i32::try_from(job.max_attempts).unwrap_or(i32::MAX).into(),
        job.due_at.into(),
        job.due_at.into(),
        job.created_at.into(),
    ]
}

fn unfinished(job: &NewJob) -> SelectStatement {
    Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("kind").eq(job.kind.as_ref()))
        .and_where(Expr::col("job_key").eq(job.key.clone()))
        .and_where(Expr::col("live").eq(1))
        .to_owned()
}
