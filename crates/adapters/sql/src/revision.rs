//! How often something was written, read off the counters that every write moves in its own transaction: the end of
//! its audit chain, or the versions of the days that it locks.

use crate::SqlStore;
use crate::audit::chain_of;
use crate::engine::Engine;
use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use musubi_kernel::revision::{Revisions, Subject};
use sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement, UnionType};

/// The most subjects that one statement asks for. SQLite takes 500 parts of a union at most.
const MOST: usize = 256;

#[async_trait]
impl Revisions for SqlStore {
    async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError> {
        let mut revisions = vec![0; subjects.len()];
        for (part, subjects) in subjects.chunks(MOST).enumerate() {
            for row in self.db.all(&question(subjects, self.db.engine())).await? {
                let place: usize = row.int("place")?;
                if let Some(revision) = revisions[part * MOST..].get_mut(place) {
                    *revision = row.get("revision")?;
                }
            }
        }
        Ok(revisions)
    }
}

/// One row for each subject. There are only a few different statements, as each has to be prepared once on every
/// connection: chains come before days, and what is missing of either to the next power of two is filled up with the last.
fn question(subjects: &[Subject], engine: Engine) -> SelectStatement {
    let numbered = subjects.iter().copied().enumerate();
    let (days, chains): (Vec<_>, Vec<_>) = numbered.partition(|(_, subject)| matches!(subject, Subject::Days { .. }));
    let filled = [chains, days].into_iter().flat_map(|mut some| {
        if let Some(last) = some.last().copied() {
            some.resize(some.len().next_power_of_two(), last);
        }
        some
    });
    let mut parts = filled.map(|(place, subject)| part(place, subject, engine));
    let mut question = parts.next().unwrap_or_default();
    for part in parts {
        question.union(UnionType::All, part);
    }
    question
}

fn part(place: usize, subject: Subject, engine: Engine) -> SelectStatement {
    let chain = match subject {
        Subject::Installation => chain_of(None, None),
        Subject::Tenant(tenant) => chain_of(Some(tenant), None),
        Subject::Store(store) => chain_of(None, Some(store)),
        Subject::Days { store, from, to } => {
            return sum("version", "store_days", place, engine)
                .and_where(Expr::col("store_id").eq(store.0))
                .and_where(Expr::col("date").between(from, to))
                .to_owned();
        }
    };
    sum("seq", "audit_chains", place, engine).and_where(Expr::col("chain").eq(chain)).to_owned()
}

/// The sum of a column of counters: none of them ever goes back, so the sum stays the same only if all of them do.
fn sum(counter: &'static str, table: &'static str, place: usize, engine: Engine) -> SelectStatement {
    let integer = match engine {
        Engine::MariaDb => "signed",
        Engine::Sqlite | Engine::Postgres => "bigint",
    };
    let sum = Func::coalesce([Expr::col(counter).sum(), Expr::val(0_i64)]);
    Query::select()
        .expr_as(Expr::val(i64::try_from(place).unwrap_or(i64::MAX)), "place")
        .expr_as(Expr::from(sum).cast_as(integer), "revision")
        .from(table)
        .to_owned()
}
