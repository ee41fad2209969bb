//! What is kept, and how: every field comes back, and nothing secret can be read in the database.

use super::{HANAKO, House, PASSWORD, acting, email, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::age_group::AgeGroupId;
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::one_time_token::{OneTimeToken, TokenKind};
use musubi_identity::password_hash::PasswordHash;
use musubi_identity::people::accounts::Identity;
use musubi_identity::people::ports::Which;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::people::strangers::Stranger;
use musubi_identity::session::{EndReason, Fresh, Method, Pair, Session};
use musubi_identity::sign_in_account::SignInAccount;
use musubi_identity::token::TokenDigest;
use musubi_identity::user::{Status, User};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Secret;
use musubi_sql::audit::{chain_of_person, chain_of_strangers, verify};
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::Query;
use uuid::Uuid;

contract!(
    people_come_back,
    accounts_come_back,
    sessions_come_back,
    tokens_come_back,
    a_unit_that_is_dropped_leaves_no_trace
);
on_each_engine!(nothing_secret_can_be_read, every_person_has_a_chain);

fn person(house: &House) -> User {
    User::new(Uuid::from_u128(1).into(), Locale::En, Some(email(HANAKO)), "花子 🌸".into(), house.now())
}

fn account(house: &House) -> SignInAccount {
    let hash = PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$…");
    SignInAccount::local(Uuid::from_u128(2).into(), person(house).id, hash, house.now())
}

async fn people_come_back(world: World) {
    let house = House::of(&world);
    let now = house.now();
    let active = person(&house);
    let group = Some(AgeGroupId(4));
    let unproven = User { email_verified_at: None, age_group: group, version: 2, ..active.clone() };
    let locked = unproven.clone().lock("why 🌸".into(), now).unwrap();
    let banned = locked.clone().ban("threats 🌸".into(), now + TimeDelta::microseconds(1)).unwrap();
    let moved = User { status: Status::Active, ..banned.clone().with_email(email("new@example.jp"), now) };
    let deleted = moved.clone().delete(now).unwrap();
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&active).await.unwrap();
    unit.commit().await.unwrap();
    let mut present = active;
    for next in [unproven, locked, banned, moved, deleted] {
        let mut unit = house.store.begin().await.unwrap();
        assert_eq!(unit.lock(next.id).await, Ok(Some(present)));
        unit.save_user(&next).await.unwrap();
        assert_eq!(unit.user(next.id).await, Ok(Some(next.clone())));
        unit.commit().await.unwrap();
        assert_eq!(house.store.user(next.id).await, Ok(Some(next.clone())));
        present = next;
    }
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.save_user(&present).await, Err(StoreError::Conflict), "not over its own version");
    drop(unit);

    // An address is one person's.
    let (one, two) = (person(&house), User { id: Uuid::from_u128(9).into(), ..person(&house) });
    let one = User { id: Uuid::from_u128(8).into(), ..one };
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&one).await.unwrap();
    assert_eq!(unit.add_user(&two).await, Err(StoreError::Conflict));
}

async fn accounts_come_back(world: World) {
    let house = House::of(&world);
    let (user, local) = (person(&house), account(&house));
    let google = SignInAccount {
        id: Uuid::from_u128(3).into(),
        provider: "google".parse().unwrap(),
        subject: Some("108 é".into()),
        email: Some(email("other@example.jp")),
        email_verified: true,
        password_hash: None,
        last_login_at: Some(house.now() + TimeDelta::microseconds(1)),
        ..local.clone()
    };
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&user).await.unwrap();
    unit.add_account(&local).await.unwrap();
    unit.add_account(&google).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(house.store.accounts(user.id).await, Ok(vec![local.clone(), google.clone()]));
    let seen = house.store.see(&email(HANAKO)).await.unwrap().unwrap();
    assert_eq!((&seen.user, seen.local.as_ref(), seen.written), (&user, Some(&local), None));
    assert_eq!(house.store.see(&email("other@example.jp")).await, Ok(None));

    let entered = SignInAccount { last_login_at: Some(house.now()), ..local };
    let mut unit = house.store.begin().await.unwrap();
    unit.save_account(&entered).await.unwrap();
    assert_eq!(unit.accounts(user.id).await, Ok(vec![entered.clone(), google.clone()]));
    for (id, found) in [(entered.id, Some((user.clone(), entered))), (Uuid::nil().into(), None)] {
        assert_eq!(unit.lock_with_account(user.id, id).await, Ok(found));
    }
    assert_eq!(unit.lock_with_account(Uuid::nil().into(), google.id).await, Ok(None), "another's");
    for (subject, found) in [("108 é", Some(google.clone())), ("108 e", None), ("108 É", None), ("108\0", None)] {
        assert_eq!(unit.account_of(&google.provider, subject).await, Ok(found), "{subject}");
    }
    let again = SignInAccount { id: Uuid::from_u128(4).into(), ..google.clone() };
    assert_eq!(unit.add_account(&again).await, Err(StoreError::Conflict));
    drop(unit);

    // What was unlinked can be linked anew, as often as one likes.
    let mut unit = house.store.begin().await.unwrap();
    unit.save_account(&google.clone().deleted()).await.unwrap();
    assert_eq!(unit.lock_with_account(user.id, google.id).await, Ok(None), "deleted");
    unit.add_account(&again).await.unwrap();
    unit.save_account(&again.clone().deleted()).await.unwrap();
    unit.add_account(&SignInAccount { id: Uuid::from_u128(5).into(), ..again }).await.unwrap();
    assert_eq!(unit.accounts(user.id).await.unwrap().len(), 2);
    unit.commit().await.unwrap();
}

async fn sessions_come_back(world: World) {
    let house = House::of(&world);
    let (user, account, now) = (person(&house), account(&house), house.now());
    let digest = |n| TokenDigest([n; 32]);
    let fresh = Fresh { refresh: digest(2), access: digest(3) };
    let methods = [Method::Password, Method::OneTimePassword].into();
    let (id, lifetimes) = (Uuid::from_u128(7).into(), Lifetimes::default());
    let first = Session::begin(id, user.id, account.id, digest(1), fresh, methods, &visitor(), &lifetimes, now);
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&user).await.unwrap();
    unit.add_account(&account).await.unwrap();
    unit.add_session(&first).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(house.store.session_by_access(&digest(3)).await, Ok(Some(first.clone())));
    assert_eq!(house.store.session_by_access(&digest(2)).await, Ok(None));
    let afterwards = SignInAccount { last_login_at: Some(now), ..account };
    assert_eq!(house.store.accounts(user.id).await, Ok(vec![afterwards]));

    let second = Session {
        newest: Pair { refresh: digest(4), access: digest(5), access_expires_at: now, used: true },
        before: Some(digest(2)),
        last_used_at: now + TimeDelta::microseconds(1),
        idle_expires_at: now + TimeDelta::days(1),
        ip: None,
        user_agent: None,
        ..first.clone()
    };
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.lock_session(&digest(9)).await, Ok(None));
    assert_eq!(unit.lock_session(&digest(1)).await, Ok(Some(first)));
    unit.renew_session(&second).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(house.store.session_by_access(&digest(3)).await, Ok(None));
    assert_eq!(house.store.sessions(user.id, now).await, Ok(vec![second.clone()]));
    assert_eq!(house.store.sessions(user.id, now + TimeDelta::days(1)).await, Ok(vec![]));

    // The first use is written once, of the newest pair alone.
    assert_eq!(house.store.mark_used(id, &digest(5), now).await, Ok(false));
    let third = Session { newest: Pair { used: false, ..second.newest }, ..second };
    let mut unit = house.store.begin().await.unwrap();
    unit.renew_session(&third).await.unwrap();
    unit.commit().await.unwrap();
    for (access, marked) in [(3, false), (5, true), (5, false)] {
        assert_eq!(house.store.mark_used(id, &digest(access), now).await, Ok(marked), "{access}");
    }

    for reason in EndReason::ALL {
        let id = Uuid::from_u128(100 + *reason as u128).into();
        let number = u8::try_from(100 + *reason as usize * 2).unwrap();
        let (refresh, access) = (digest(number), digest(number + 1));
        let newest = Pair { refresh, access, ..third.newest };
        let other = Session { id, family: refresh, newest, ..third.clone() };
        let mut unit = house.store.begin().await.unwrap();
        unit.add_session(&other).await.unwrap();
        unit.commit().await.unwrap();
        let mut unit = house.store.begin().await.unwrap();
        assert_eq!(unit.end_sessions(user.id, Which::One(id), *reason, now).await, Ok(1));
        assert_eq!(unit.end_sessions(user.id, Which::One(id), EndReason::Banned, now).await, Ok(0));
        unit.commit().await.unwrap();
        let ended = house.store.session_by_access(&access).await.unwrap().unwrap();
        assert_eq!(ended, Session { ended: Some((now, *reason)), ..other });
        assert_eq!(house.store.mark_used(id, &access, now).await, Ok(false));
    }
    assert_eq!(house.store.sessions(user.id, now).await.unwrap().len(), 1);
}

async fn tokens_come_back(world: World) {
    let house = House::of(&world);
    let (user, now) = (person(&house), house.now());
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&user).await.unwrap();
    let mut made = Vec::new();
    for kind in TokenKind::ALL {
        let number = u8::try_from(*kind as usize).unwrap();
        let token = OneTimeToken {
            id: Uuid::from_u128(u128::from(number)).into(),
            kind: *kind,
            digest: TokenDigest([number; 32]),
            user: (number > 0).then_some(user.id),
            payload: (number > 1).then(|| Secret::new(r#"{"a":"🌸"}"#)),
            created_at: now,
            expires_at: now + TimeDelta::microseconds(1),
            used_at: None,
        };
        unit.add_token(&token).await.unwrap();
        made.push(token);
    }
    for token in &made {
        assert_eq!(unit.token(&token.digest).await, Ok(Some(token.clone())));
    }
    unit.use_token(made[1].id, now).await.unwrap();
    unit.void_tokens(user.id, now + TimeDelta::microseconds(1)).await.unwrap();
    let mut ends = Vec::new();
    for token in &made {
        let present = unit.token(&token.digest).await.unwrap().unwrap();
        assert!(present.used_at.is_none() || present.payload.is_none(), "what it carried is forgotten");
        ends.push(present.used_at);
    }
    let void = Some(now + TimeDelta::microseconds(1));
    assert_eq!(ends, [None, Some(now), void, void, void]);
    unit.commit().await.unwrap();
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.use_token(made[1].id, now).await, Err(StoreError::Conflict));
}

async fn a_unit_that_is_dropped_leaves_no_trace(world: World) {
    let house = House::of(&world);
    let user = person(&house);
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&user).await.unwrap();
    assert_eq!(house.store.user(user.id).await, Ok(None));
    drop(unit);
    assert_eq!(house.store.user(user.id).await, Ok(None));
}

/// A life in which everything happens; what nobody may read of it.
async fn life(house: &House) -> Vec<String> {
    let link = house.ask(HANAKO).await;
    house.people.verify_email(&visitor(), &link, &Secret::new("wrong-password")).await.unwrap_err();
    house.verify(&link).await.unwrap();
    house.try_sign_in(HANAKO, "wrong-password").await.unwrap_err();
    house.try_sign_in("nobody@example.jp", "wrong-password").await.unwrap_err();
    let signed_in = house.sign_in(HANAKO).await;
    let tokens = house.people.refresh(&visitor(), signed_in.tokens.refresh.expose()).await.unwrap();
    house.people.authenticate(tokens.access.expose()).await.unwrap();
    let own = scope(&signed_in);
    house.people.change_email(&acting(&signed_in), &own, &email("new@example.jp")).await.unwrap();
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let google = Identity {
        provider: "google".parse().unwrap(),
        subject: "108-subject".into(),
        email: Some(email("other@example.jp")),
        email_verified: true,
        locale: Locale::Ja,
        display_name: "花子".into(),
    };
    house.people.arrive(&acting(&signed_in), &google, Some(&own)).await.unwrap();
    house.people.refresh(&visitor(), signed_in.tokens.refresh.expose()).await.unwrap_err();
    let again = house.sign_in(HANAKO).await;
    house.people.delete(&acting(&again), &PeopleScope::Own(scope(&again))).await.unwrap();
    let letters = house.letters.empty();
    let mut secrets: Vec<String> = letters.iter().filter_map(|letter| letter.token.as_ref()).map(secret).collect();
    secrets.extend([&signed_in.tokens.access, &signed_in.tokens.refresh, &tokens.access, &tokens.refresh].map(secret));
    secrets.push(link);
    secrets.extend(
        [HANAKO, PASSWORD, "new@example.jp", "other@example.jp", "nobody@example.jp", "wrong-password"]
            .map(str::to_owned),
    );
    secrets
}

fn secret(token: &Secret) -> String {
    token.expose().to_owned()
}

async fn nothing_secret_can_be_read(test: TestDb) {
    let house = House::of(&World::over(&test.store()));
    let mut secrets = life(&house).await;
    secrets.extend(["花子".to_owned(), "108-subject".to_owned()]);
    for (table, columns) in [("audit_log", &["before_data", "after_data"][..]), ("outbox", &["payload"][..])] {
        let rows = test.db.all(&Query::select().columns(columns.iter().copied()).from(table).to_owned()).await.unwrap();
        assert!(rows.len() >= 10, "{table}");
        for row in &rows {
            for column in columns {
                let kept = row.get::<Option<String>>(column).unwrap().unwrap_or_default();
                assert!(!secrets.iter().any(|secret| kept.contains(secret.as_str())), "{table}.{column}: {kept}");
            }
        }
    }
    // Registered again, with all of it in use, when mails are sent again.
    house.later(TimeDelta::hours(1));
    house.person(HANAKO).await;
    house.sign_in(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    secrets.push(house.link(MessageKind::PasswordReset, HANAKO));
    secrets.extend(["Mozilla".to_owned(), "2001:db8".to_owned(), "new:".to_owned()]);
    for (table, columns) in [
        ("users", &["email", "email_index"][..]),
        ("sign_in_accounts", &["email", "password_hash"][..]),
        ("sessions", &["family_hash", "refresh_token_hash", "access_token_hash", "ip_address", "user_agent"][..]),
        ("one_time_tokens", &["token_hash", "payload"][..]),
    ] {
        let rows = test.db.all(&Query::select().columns(columns.iter().copied()).from(table).to_owned()).await.unwrap();
        for column in columns {
            let kept: Vec<Vec<u8>> =
                rows.iter().filter_map(|row| row.get::<Option<Vec<u8>>>(column).unwrap()).collect();
            assert!(!kept.is_empty() || (table, *column) == ("sign_in_accounts", "email"), "{table}.{column}");
            for (kept, secret) in kept.iter().flat_map(|kept| secrets.iter().map(move |secret| (kept, secret))) {
                let shows = kept.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!shows, "{table}.{column} shows {secret}");
            }
        }
    }
}

async fn every_person_has_a_chain(test: TestDb) {
    let house = House::of(&World::over(&test.store()));
    let stranger = |typed| chain_of_strangers(Stranger::of(&key_ring(), typed));
    let (nobody, before) = (stranger("nobody@example.jp"), stranger(HANAKO));
    assert_ne!(nobody, before);
    for _ in 0..2 {
        house.try_sign_in("nobody@example.jp", PASSWORD).await.unwrap_err();
    }
    house.people.ask_reset(&visitor(), &email("nobody@example.jp")).await.unwrap();
    let user = house.person(HANAKO).await;
    house.sign_in(HANAKO).await;
    house.try_sign_in(HANAKO, "wrong").await.unwrap_err();
    for (chain, length) in [(chain_of_person(user.id), 3), (nobody, 3), (before, 1)] {
        let verified = verify(&test.db, &chain).await.unwrap();
        assert_eq!((verified.sound, verified.flaw), (length, None), "{chain}");
    }
}
