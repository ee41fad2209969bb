//! Running one test on one engine.

use crate::place::Place;
use crate::{Made, TestDb, engines};
use musubi_sql::engine::{Db, Engine, PoolSettings};
use musubi_sql::migrate;
use std::panic::resume_unwind;
use tokio::runtime::Builder;

/// Runs a test on a fresh database, unless its engine is not tested.
pub fn run<F>(engine: Engine, made: Made, test: impl FnOnce(TestDb) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if !engines().contains(&engine) {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let ended = runtime.block_on(async {
        let place = Place::make(engine, made).await;
        let db = Db::connect(&place.url, PoolSettings::default()).await.expect("the database that was just made");
        if made == Made::Migrated {
            // PostgreSQL's template has the tables already.
            migrate::run(&db).await.expect("the tables can be made");
        }
        let ended = tokio::spawn(test(TestDb { db: db.clone(), url: place.url.clone() })).await;
        db.close().await;
        place.remove(ended.is_ok() && made == Made::Migrated).await;
        ended
    });
    if let Err(failed) = ended {
        resume_unwind(failed.into_panic());
    }
}
