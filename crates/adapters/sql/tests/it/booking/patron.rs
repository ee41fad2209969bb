//! Customers, as booking sees them.

use super::ground::{Ground, caller, contract, customer_change, now, patron, sent};
use super::house::{at, june};
use chrono::TimeDelta;
use musubi_booking::code::{Gender, Rank};
use musubi_booking::patron::{Newcomer, Patron, VisitRecord};
use musubi_customer::customer::Customer;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, IdGen as _, SystemIds};
use musubi_kernel::money::Amount;

async fn identified(ground: &Ground, scope: &StoreScope, newcomer: &Newcomer) -> Patron {
    let mut unit = ground.unit(scope).await;
    let patron = unit.identify(newcomer, &caller(), now()).await.unwrap();
    unit.commit(&[]).await.unwrap();
    patron
}

fn newcomer() -> Newcomer {
    Newcomer {
        name: Some("鈴木 一郎".to_owned()),
        name_kana: Some("スズキ".to_owned()),
        phone: Some("+819011112222".to_owned()),
        email: Some("ichiro@example.jp".to_owned()),
        birthday: Some(june(1)),
        gender: Some(Gender::Male),
        line_user_id: Some("U0001".to_owned()),
        line_display_name: Some("いち🙂".to_owned()),
    }
}

async fn a_customer_is_read_and_saved(ground: Ground) {
    let id = ground.add_customer(&ground.ours, "太郎 🎌", Some("+819012345678")).await;
    let before = patron(id, "太郎 🎌", Some("+819012345678"));
    assert_eq!(ground.store.patron(&ground.ours, id).await, Ok(Some(before.clone())));
    assert_eq!(ground.store.patron(&ground.ours, CustomerId(SystemIds.uuid(now()))).await, Ok(None));
    let mut after = before;
    after.guest.restricted = true;
    after.guest.restricted_until = Some(at("2026-09-01T00:00:00.000001Z"));
    after.record = VisitRecord {
        total_bookings: 7,
        total_spent: Amount(12_345_678_901),
        no_show_count: 3,
        last_no_show_at: Some(now()),
        first_visit_at: Some(now() - TimeDelta::days(400)),
        last_visit_at: Some(now() - TimeDelta::microseconds(1)),
    };
    let mut unit = ground.unit(&ground.ours).await;
    assert!(unit.patron(id).await.unwrap().is_some());
    unit.save_patron(&after, &customer_change(&ground, id), now()).await.unwrap();
    assert_eq!(unit.patron(id).await, Ok(Some(after.clone())));
    unit.commit(&[]).await.unwrap();
    assert_eq!(ground.store.patron(&ground.ours, id).await, Ok(Some(after.clone())));
    let mut unit = ground.unit(&ground.theirs).await;
    let saved = unit.save_patron(&after, &customer_change(&ground, id), now()).await;
    assert_eq!(sent(saved, unit).await, Err(StoreError::Conflict));
    if let Some(house) = &ground.house {
        let customer = house.keeper::<Customer>().get(&ground.ours, id).await.unwrap();
        assert_eq!((customer.version, customer.updated_at), (2, now()));
        assert_eq!(customer.standing.total_spent, Amount(12_345_678_901));
        assert_eq!(customer.details.phone.unwrap().as_str(), "+819012345678");
    }
}

async fn a_newcomer_becomes_a_customer(ground: Ground) {
    let made = identified(&ground, &ground.ours, &newcomer()).await;
    assert_eq!((made.name.clone(), made.phone.clone()), (newcomer().name, newcomer().phone));
    assert_eq!((made.guest.rank, made.guest.gender), (Rank::Regular, Some(Gender::Male)));
    assert_eq!(made.record, VisitRecord::default());
    assert_eq!(ground.store.patron(&ground.ours, made.id).await, Ok(Some(made.clone())));
    if let Some(house) = &ground.house {
        let customer = house.keeper::<Customer>().get(&ground.ours, made.id).await.unwrap();
        assert_eq!((customer.version, customer.created_at), (1, now()));
        let details = customer.details;
        assert_eq!((details.name_kana, details.line_user_id), (newcomer().name_kana, newcomer().line_user_id));
        assert_eq!(details.line_display_name, newcomer().line_display_name);
        assert_eq!((details.email.unwrap().as_str(), details.birthday), ("ichiro@example.jp", Some(june(1))));
        super::agree::books_agree(&house.sql.db).await;
        let told = super::agree::records_of(&house.sql.db, made.id.0).await;
        assert_eq!(told, ["customer.created"]);
    }
}

async fn a_customer_is_known_again(ground: Ground) {
    let made = identified(&ground, &ground.ours, &newcomer()).await;
    let nobody = Newcomer::default();
    for said in [
        Newcomer { line_user_id: newcomer().line_user_id, name: Some("X".to_owned()), ..nobody.clone() },
        Newcomer { phone: newcomer().phone, ..nobody.clone() },
        Newcomer { email: newcomer().email, ..nobody.clone() },
        Newcomer { line_user_id: Some("U9".to_owned()), ..newcomer() },
    ] {
        // Unchanged: what somebody says of another is not taken over.
        assert_eq!(identified(&ground, &ground.ours, &said).await, made, "{said:?}");
        // Of another store nobody is known.
        let there = identified(&ground, &ground.theirs, &said).await;
        assert_ne!(there.id, made.id, "{said:?}");
    }
    let other = Newcomer {
        line_user_id: Some("u0001".to_owned()),
        phone: Some("+819011112223".to_owned()),
        email: Some("ichiro@example.jp.example".to_owned()),
        ..newcomer()
    };
    let second = identified(&ground, &ground.ours, &other).await;
    assert_ne!(second.id, made.id);
    // The LINE user counts before the telephone number.
    let both = Newcomer { line_user_id: Some("u0001".to_owned()), phone: newcomer().phone, ..nobody };
    assert_eq!(identified(&ground, &ground.ours, &both).await.id, second.id);
}

async fn who_says_nothing_is_nobody_known(ground: Ground) {
    let nobody = Newcomer { name: Some("名前だけ".to_owned()), ..Newcomer::default() };
    let first = identified(&ground, &ground.ours, &nobody).await;
    let second = identified(&ground, &ground.ours, &nobody).await;
    assert_ne!(first.id, second.id);
}

/// A record that is put away is not seen by booking, and does not stand in the way of the person.
async fn who_was_put_away_comes_anew(ground: Ground) {
    let Some(house) = &ground.house else { return };
    let made = identified(&ground, &ground.ours, &newcomer()).await;
    let keeper = house.keeper::<Customer>();
    let put_away = keeper.update(&house.caller, &ground.ours, made.id, None, |customer| {
        let mut details = customer.details.clone();
        details.is_active = false;
        Ok(details)
    });
    put_away.await.unwrap();
    let gone = Ok(Some(Patron { active: false, ..made.clone() }));
    assert_eq!(ground.store.patron(&ground.ours, made.id).await, gone);
    assert_eq!(ground.unit(&ground.ours).await.patron(made.id).await, gone);
    let anew = identified(&ground, &ground.ours, &newcomer()).await;
    assert_ne!(anew.id, made.id);
    let (old, new) =
        (keeper.get(&ground.ours, made.id).await.unwrap(), keeper.get(&ground.ours, anew.id).await.unwrap());
    assert_eq!((old.details.line_user_id, old.details.phone, old.version), (None, new.details.phone, 3));
    assert_eq!(new.details.line_user_id, newcomer().line_user_id);
    assert_eq!(
        super::agree::records_of(&house.sql.db, made.id.0).await,
        ["customer.created", "customer.updated", "customer.updated"],
    );
    super::agree::books_agree(&house.sql.db).await;
    assert_eq!(identified(&ground, &ground.ours, &newcomer()).await.id, anew.id);
}

contract!(
    a_customer_is_read_and_saved,
    a_newcomer_becomes_a_customer,
    a_customer_is_known_again,
    who_says_nothing_is_nobody_known,
    who_was_put_away_comes_anew,
);
