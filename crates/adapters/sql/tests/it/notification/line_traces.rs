//! Who is put away is nobody at LINE any more, and strangers are forgotten.

use super::{Friends, at};
use crate::booking::ground::Ground;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_booking::booking::Booking;
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::Caller;
use musubi_kernel::id::{CustomerId, IdGen as _, SystemIds};
use musubi_notification::chat::ports::{ChatStore as _, Code, Redeemed};
use musubi_sql::engine::Db;
use musubi_sql::notification::SqlChats;
use musubi_sql::retention::{RETENTIONS, Retention};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Order, Query};
use std::sync::Arc;

on_each_engine!(
    who_is_put_away_is_nobody_at_line_any_more,
    who_is_told_of_anothers_booking_stays_a_friend,
    strangers_go_after_half_a_year,
    many_strangers_go_lot_by_lot,
);

struct World {
    db: Db,
    ground: Ground,
    chats: SqlChats,
    friends: Friends,
}

impl World {
    async fn on(test: &TestDb) -> Self {
        let chats = SqlChats::new(test.store(), Arc::new(SystemIds));
        let friends = Friends::Sql(test.db.clone());
        Self { db: test.db.clone(), ground: Ground::in_sql(test).await, chats, friends }
    }

    async fn booking_of(&self, customer: CustomerId) -> Booking {
        let booking = Booking { customer, ..self.ground.booking() };
        self.ground.insert(&booking).await;
        booking
    }

    async fn customer(&self, user: Option<&str>) -> CustomerId {
        let details = CustomerDetails { line_user_id: user.map(str::to_owned), ..CustomerDetails::named("山田") };
        self.ground.house.as_ref().unwrap().customer(&self.ground.ours, details).await
    }

    async fn put_away(&self, customer: CustomerId) {
        let keeper = self.ground.house.as_ref().unwrap().keeper::<Customer>();
        let away = |present: &Customer| Ok(CustomerDetails { is_active: false, ..present.details.clone() });
        keeper.update(&Caller::system(), &self.ground.ours, customer, None, away).await.unwrap();
    }

    /// Somebody on LINE is told of a booking, and was heard of.
    async fn told_of(&self, booking: &Booking, user: &str) {
        let (id, ours) = (SystemIds.uuid(at(0)), &self.ground.ours);
        let digest = SystemIds.secret();
        let expires_at = at(0) + TimeDelta::minutes(30);
        let code = Code { id, digest, booking: booking.id, customer: None, created_at: at(0), expires_at };
        self.chats.put_code(ours, &code).await.unwrap();
        let redeemed = self.chats.redeem(ours, &digest, user, &Caller::system(), at(0)).await;
        assert_eq!(redeemed, Ok(Redeemed::Linked(booking.id)));
        self.heard_of(user, 0).await;
    }

    async fn heard_of(&self, user: &str, second: i64) {
        self.chats.mark(&self.ground.ours, user, true, at(second)).await.unwrap();
    }

    /// The users in a table.
    async fn users(&self, table: &'static str) -> Vec<String> {
        let query = Query::select().column("line_user_id").from(table).order_by("line_user_id", Order::Asc).to_owned();
        self.db.all(&query).await.unwrap().iter().map(|row| row.get("line_user_id").unwrap()).collect()
    }
}

fn of(table: &str) -> &'static Retention {
    RETENTIONS.iter().find(|one| one.table == table).unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn who_is_put_away_is_nobody_at_line_any_more(test: TestDb) {
    let world = World::on(&test).await;
    let (hanako, taro) = (world.customer(Some("U1")).await, world.customer(Some("U2")).await);
    let (hers, his) = (world.booking_of(hanako).await, world.booking_of(taro).await);
    for user in ["U1", "U2"] {
        world.heard_of(user, 0).await;
    }
    world.told_of(&hers, "U7").await;
    world.told_of(&his, "U8").await;
    // What else changes of a customer leaves it as it is.
    let keeper = world.ground.house.as_ref().unwrap().keeper::<Customer>();
    let renamed = |present: &Customer| Ok(CustomerDetails { name: Some("佐藤".into()), ..present.details.clone() });
    keeper.update(&Caller::system(), &world.ground.ours, hanako, None, renamed).await.unwrap();
    assert_eq!(world.users("line_friends").await, ["U1", "U2", "U7", "U8"]);

    world.put_away(hanako).await;
    assert_eq!(world.users("line_friends").await, ["U2", "U7", "U8"]);
    assert_eq!(
        (world.users("line_holders").await, world.users("line_codes").await),
        (vec!["U8".into()], vec!["U8".into()])
    );
    assert!(world.friends.has_blocked(&world.ground.ours, "U2").await);
}

async fn who_is_told_of_anothers_booking_stays_a_friend(test: TestDb) {
    let world = World::on(&test).await;
    let (hanako, taro) = (world.customer(Some("U1")).await, world.customer(None).await);
    let his = world.booking_of(taro).await;
    world.told_of(&his, "U1").await;
    world.put_away(hanako).await;
    assert_eq!(
        (world.users("line_friends").await, world.users("line_holders").await),
        (vec!["U1".into()], vec!["U1".into()])
    );
    world.put_away(taro).await;
    assert_eq!((world.users("line_friends").await.len(), world.users("line_holders").await.len()), (1, 0));
}

async fn strangers_go_after_half_a_year(test: TestDb) {
    let world = World::on(&test).await;
    let hanako = world.customer(Some("U1")).await;
    let hers = world.booking_of(hanako).await;
    for (user, second) in [("U1", 0), ("U3", 0), ("U4", 86_400)] {
        world.heard_of(user, second).await;
    }
    world.told_of(&hers, "U7").await;
    let (friends, holders) = (of("line_friends"), of("line_holders"));
    let half_a_year = instant("2026-12-01T12:00:00Z");
    for (now, some) in [("2026-12-01T01:02:03Z", 0), ("2026-12-01T12:00:00Z", 1), ("2026-12-02T12:00:00Z", 2)] {
        assert_eq!(friends.count(&world.db, instant(now)).await, Ok(some), "{now}");
    }
    assert_eq!(friends.apply(&world.db, half_a_year).await, Ok(1));
    assert_eq!(world.users("line_friends").await, ["U1", "U4", "U7"]);

    // Who is told of a booking is so for a month after it.
    assert_eq!(holders.apply(&world.db, instant("2026-07-10T00:00:00Z")).await, Ok(0));
    assert_eq!(holders.count(&world.db, instant("2026-07-11T00:00:00Z")).await, Ok(1));
    assert_eq!(holders.apply(&world.db, instant("2026-07-11T00:00:00Z")).await, Ok(1));
    assert_eq!(friends.apply(&world.db, half_a_year).await, Ok(1));
    assert_eq!(world.users("line_friends").await, ["U1", "U4"]);
    world.put_away(hanako).await;
    world.heard_of("U1", 0).await;
    assert_eq!(friends.apply(&world.db, half_a_year).await, Ok(1), "whoever was put away is a stranger");
}

async fn many_strangers_go_lot_by_lot(test: TestDb) {
    const MANY: usize = 2_100;
    let world = World::on(&test).await;
    let mut tx = world.db.begin().await.unwrap();
    for lot in 0..MANY / 100 {
        let mut insert = Query::insert();
        insert.into_table("line_friends").columns(["tenant_id", "store_id", "line_user_id", "is_blocked", "known_at"]);
        let scopes = [&world.ground.ours, &world.ground.theirs];
        for n in 0..100 {
            let scope = scopes[n % 2];
            insert.values_panic([
                scope.tenant().0.into(),
                scope.store().0.into(),
                format!("U{lot}.{n}").into(),
                false.into(),
                at(0).into(),
            ]);
        }
        tx.execute(&insert).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.heard_of("U1", 86_400).await;
    let now = instant("2026-12-01T12:00:00Z");
    assert_eq!(of("line_friends").apply(&world.db, now).await, Ok(MANY as u64));
    assert_eq!(world.users("line_friends").await, ["U1"]);
}
