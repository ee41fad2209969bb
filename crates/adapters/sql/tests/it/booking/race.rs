//! Many at a time, over two pools of connections, as two processes would be: nothing is ever overbooked, nobody is
//! refused without reason, and no lost race leaks out.

mod life;
mod person;
mod seat;
mod window;

use super::house::{House, OnTokio};
use crate::crowd::all_at_once;
use musubi_booking::desk::Desk;
use musubi_sql::SqlStore;
use musubi_sql_testing::{Engine, TestDb};
use std::sync::Arc;

/// A house with two desks that share nothing but the database, and one where people stand in line. SQLite's file belongs
/// to one process.
struct Crowd {
    house: Arc<House>,
    desks: [Desk; 3],
}

impl Crowd {
    async fn at(test: &TestDb) -> Self {
        let house = House::new(test).await;
        let first = house.desk();
        let second = match test.engine() {
            Engine::Sqlite => first.clone(),
            _ => house.desk_over(&SqlStore::new(test.reconnect().await, house.sql.cipher.clone())),
        };
        let lined = second.clone().with_lines(Arc::new(OnTokio));
        Self { house: Arc::new(house), desks: [first, second, lined] }
    }

    fn desk(&self, n: usize) -> Desk {
        self.desks[n % 3].clone()
    }
}
