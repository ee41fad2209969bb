//! Setting up a second factor, doing without, and what is kept of it.

use super::{Guarded, HANAKO, House, acting, email, refused, scope, visitor, wrong_code};
use crate::contract::{World, contract};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::passkey::memory::Device;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::lost_factor::REMOVAL_REASON;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::people::second_step::SecondProof;
use musubi_identity::people::two_factor::TwoFactorStatus;
use musubi_identity::recovery_codes::{KeptCode, RecoveryCodes};
use musubi_identity::totp::{TimeStep, TotpSecret};
use musubi_identity::two_factor::TwoFactor;
use musubi_identity::user::User;
use musubi_kernel::access::Caller;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{SessionId, UserId};
use musubi_kernel::secret::Secret;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::Query;
use uuid::Uuid;

contract!(
    an_app_counts_once_it_has_shown_a_code,
    an_app_can_be_put_away,
    the_operator_takes_away_what_is_lost,
    recovery_codes_can_be_renewed,
    a_deleted_person_has_no_app,
    apps_come_back,
    recovery_codes_come_back,
    proofs_of_a_session_come_back,
);
on_each_engine!(nothing_of_a_second_factor_can_be_read);

async fn status(house: &House, who: &Guarded) -> TwoFactorStatus {
    house.people.two_factor(&scope(&who.signed_in).into()).await.unwrap()
}

async fn an_app_counts_once_it_has_shown_a_code(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let here = house.sign_in(HANAKO).await;
    let (caller, own) = (acting(&here), scope(&here));
    let confirm = async |code: &Secret| house.people.confirm_two_factor(&caller, &own, code).await;
    assert_eq!(confirm(&Secret::new("000000")).await, Err(PeopleError::NotFound("two_factor")));

    let dropped = house.people.begin_two_factor(&caller, &own).await.unwrap();
    let enrolment = house.people.begin_two_factor(&caller, &own).await.unwrap();
    assert_ne!(dropped.secret, enrolment.secret);
    let expected = format!("otpauth://totp/Musubi:hanako%40example.jp?secret={}&", enrolment.secret.expose());
    assert!(enrolment.uri.expose().starts_with(&expected), "{}", enrolment.uri.expose());
    // It is not asked for yet.
    house.sign_in(HANAKO).await;
    let old = TotpSecret::from_base32(dropped.secret.expose()).unwrap();
    let app = TotpSecret::from_base32(enrolment.secret.expose()).unwrap();
    for wrong in [old.code_at(house.now()), app.code_at(house.now() + TimeDelta::minutes(2))] {
        let refusal = confirm(&wrong).await.unwrap_err();
        assert!(refused("wrong_code")(&refusal), "{refusal:?}");
    }
    let codes = confirm(&app.code_at(house.now())).await.unwrap();
    house.letter(MessageKind::TwoFactorChanged, HANAKO);
    let who = Guarded { signed_in: here, app, codes };
    let active =
        TwoFactorStatus { active_since: Some(house.now()), passkeys: 0, recovery_codes_left: 10, is_blocked: false };
    assert_eq!((status(&house, &who).await, who.codes.len()), (active, 10));
    house.challenge(HANAKO, super::PASSWORD).await;
    let again = house.people.begin_two_factor(&caller, &own).await.unwrap_err();
    assert!(refused("two_factor_active")(&again), "{again:?}");
    assert_eq!(confirm(&who.app.code_at(house.now())).await, Err(PeopleError::NotFound("two_factor")));
}

async fn an_app_can_be_put_away(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, super::PASSWORD).await;
    let own = scope(&who.signed_in);
    house.people.disable_two_factor(&acting(&who.signed_in), &own).await.unwrap();
    house.letter(MessageKind::TwoFactorChanged, HANAKO);
    assert!(house.is_known(&who.signed_in.tokens.access).await);
    let proof = SecondProof::RecoveryCode(who.codes[0].clone());
    assert_eq!(house.finish(&waiting, &proof).await, Err(PeopleError::ChallengeOver));
    let none = TwoFactorStatus { active_since: None, passkeys: 0, recovery_codes_left: 0, is_blocked: false };
    assert_eq!(status(&house, &who).await, none);
    house.sign_in(HANAKO).await;
    let gone = house.people.disable_two_factor(&acting(&who.signed_in), &own).await;
    assert_eq!(gone, Err(PeopleError::NotFound("two_factor")));
}

async fn the_operator_takes_away_what_is_lost(world: World) {
    let house = House::of(&world);
    let (by_passkey, _) = house.person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    let who = house.enrol(&by_passkey).await;
    let user = who.signed_in.user.id;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let reset = house.link(MessageKind::PasswordReset, HANAKO);
    let waiting = house.challenge(HANAKO, super::PASSWORD).await;
    let remove = async |caller: &Caller, user: UserId, reason: &str| {
        house.people.remove_second_factor(caller, &house.operator, user, reason).await
    };
    for reason in ["", "two\nlines", &"x".repeat(REMOVAL_REASON + 1)] {
        assert!(matches!(remove(&world.caller, user, reason).await, Err(PeopleError::Invalid(_))), "{reason}");
    }
    let own = remove(&acting(&who.signed_in), user, "lost").await.unwrap_err();
    assert!(refused("own_second_factor")(&own), "{own:?}");
    let nobody = Uuid::from_u128(9).into();
    assert_eq!(remove(&world.caller, nobody, "lost").await, Err(PeopleError::NotFound("user")));
    assert!(house.is_known(&who.signed_in.tokens.access).await);

    remove(&world.caller, user, "lost her phone; came to the shop with her passport").await.unwrap();
    house.letter(MessageKind::TwoFactorRemoved, HANAKO);
    let none = TwoFactorStatus { active_since: None, passkeys: 0, recovery_codes_left: 0, is_blocked: false };
    assert_eq!(status(&house, &who).await, none);
    assert!(!house.is_known(&who.signed_in.tokens.access).await);
    let code = SecondProof::RecoveryCode(who.codes[0].clone());
    assert_eq!(house.finish(&waiting, &code).await, Err(PeopleError::ChallengeOver));
    let new = Secret::new(super::NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &reset, &new).await, Err(PeopleError::SpentToken));
    let signed_in = house.sign_in(HANAKO).await;
    let twice = remove(&world.caller, user, "lost").await.unwrap_err();
    assert!(refused("no_second_factor")(&twice), "{twice:?}");
    house.enrol(&signed_in).await;
}

async fn recovery_codes_can_be_renewed(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let (caller, own) = (acting(&who.signed_in), scope(&who.signed_in));
    let waiting = house.challenge(HANAKO, super::PASSWORD).await;
    house.finish(&waiting, &SecondProof::RecoveryCode(who.codes[0].clone())).await.unwrap();
    house.letter(MessageKind::RecoveryCodeUsed, HANAKO);
    assert_eq!(status(&house, &who).await.recovery_codes_left, 9);
    let codes = house.people.renew_recovery_codes(&caller, &own).await.unwrap();
    house.letter(MessageKind::RecoveryCodesRenewed, HANAKO);
    assert_eq!(status(&house, &who).await.recovery_codes_left, 10);
    let waiting = house.challenge(HANAKO, super::PASSWORD).await;
    let old = SecondProof::RecoveryCode(who.codes[1].clone());
    assert_eq!(house.finish(&waiting, &old).await, Err(PeopleError::WrongCode));
    assert_eq!(house.letters.empty(), []);
    house.finish(&waiting, &SecondProof::RecoveryCode(codes[1].clone())).await.unwrap();
    house.letter(MessageKind::RecoveryCodeUsed, HANAKO);

    house.person("taro@example.jp").await;
    let taro = house.sign_in("taro@example.jp").await;
    let none = house.people.renew_recovery_codes(&acting(&taro), &scope(&taro)).await;
    assert_eq!(none, Err(PeopleError::NotFound("two_factor")));
}

async fn a_deleted_person_has_no_app(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let own = PeopleScope::Own(scope(&who.signed_in));
    house.people.delete(&acting(&who.signed_in), &own).await.unwrap();
    let user = who.signed_in.user.id;
    assert_eq!(house.store.two_factor(user).await, Ok(None));
    assert_eq!(house.store.recovery_codes(user).await.unwrap().kept(), []);
}

async fn a_person(house: &House) -> User {
    let user = User::new(Uuid::from_u128(1).into(), Locale::En, Some(email(HANAKO)), "花子".into(), house.now());
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&user).await.unwrap();
    unit.commit().await.unwrap();
    user
}

async fn apps_come_back(world: World) {
    let house = House::of(&world);
    let (user, now) = (a_person(&house).await, house.now());
    let first = TwoFactor::begin(Uuid::from_u128(2).into(), user.id, TotpSecret::from_bytes(&[0, 255, 7]), now);
    let full = TwoFactor {
        secret: TotpSecret::from_bytes(&[9; 20]),
        confirmed_at: Some(now + TimeDelta::microseconds(1)),
        last_step: Some(TimeStep(u64::try_from(i64::MAX).unwrap())),
        wrong_codes: 100,
        password_reset_at: Some(now + TimeDelta::microseconds(2)),
        version: 2,
        updated_at: now + TimeDelta::microseconds(3),
        ..first.clone()
    };
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.two_factor(user.id).await, Ok(None));
    unit.add_two_factor(&first).await.unwrap();
    assert_eq!(unit.two_factor(user.id).await, Ok(Some(first.clone())));
    assert_eq!(unit.has_second_factor(user.id).await, Ok(false), "not active");
    unit.save_two_factor(&full).await.unwrap();
    assert_eq!(unit.has_second_factor(user.id).await, Ok(true));
    unit.commit().await.unwrap();
    assert_eq!(house.store.two_factor(user.id).await, Ok(Some(full.clone())));

    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.save_two_factor(&full).await, Err(StoreError::Conflict), "not over its own version");
    drop(unit);
    let mut unit = house.store.begin().await.unwrap();
    let second = TwoFactor { id: Uuid::from_u128(3).into(), ..first };
    assert_eq!(unit.add_two_factor(&second).await, Err(StoreError::Conflict), "a person has one");
    drop(unit);
    let mut unit = house.store.begin().await.unwrap();
    unit.remove_two_factor(user.id).await.unwrap();
    unit.add_two_factor(&second).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(house.store.two_factor(user.id).await, Ok(Some(second)));
}

async fn recovery_codes_come_back(world: World) {
    let house = House::of(&world);
    let (user, now) = (a_person(&house).await, house.now());
    let kept = |digests: &[u8]| {
        let code = |n: &u8| KeptCode { digest: [*n; 32], used_at: None };
        RecoveryCodes::from_kept(user.id.0, digests.iter().map(code).collect())
    };
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.recovery_codes(user.id).await, Ok(kept(&[])));
    unit.replace_recovery_codes(user.id, &kept(&[9, 1, 5])).await.unwrap();
    unit.replace_recovery_codes(user.id, &kept(&[8, 1, 4])).await.unwrap();
    unit.use_recovery_code(user.id, &[1; 32], now).await.unwrap();
    unit.commit().await.unwrap();
    let read = house.store.recovery_codes(user.id).await.unwrap();
    let expected = [(8, None), (1, Some(now)), (4, None)].map(|(n, used_at)| KeptCode { digest: [n; 32], used_at });
    assert_eq!(read.kept(), expected);
    for unusable in [1, 9] {
        let mut unit = house.store.begin().await.unwrap();
        assert_eq!(unit.use_recovery_code(user.id, &[unusable; 32], now).await, Err(StoreError::Conflict));
    }
    let mut unit = house.store.begin().await.unwrap();
    unit.replace_recovery_codes(user.id, &kept(&[])).await.unwrap();
    assert_eq!(unit.recovery_codes(user.id).await, Ok(kept(&[])));
}

async fn proofs_of_a_session_come_back(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let other = house.person("taro@example.jp").await;
    let here = house.sign_in(HANAKO).await;
    let (user, session, begun) = (here.user.id, here.session.id, here.session.created_at);
    let proven = async |user, session: SessionId, now: DateTime<Utc>| {
        house.store.begin().await.unwrap().proven_at(user, session, now).await.unwrap()
    };
    assert_eq!(proven(user, session, begun).await, Some(begun));
    assert_eq!(proven(user, Uuid::from_u128(1).into(), begun).await, None);
    assert_eq!(proven(other.id, session, begun).await, None);
    assert_eq!(proven(user, session, begun + TimeDelta::days(30)).await, None);
    for seconds in [1, 2] {
        let at = begun + TimeDelta::seconds(seconds);
        let mut unit = house.store.begin().await.unwrap();
        unit.prove_session(session, at).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(proven(user, session, at).await, Some(at));
    }
    house.people.sign_out(&acting(&here), &scope(&here)).await.unwrap();
    assert_eq!(proven(user, session, house.now()).await, None);
    assert_eq!(house.store.forget(begun + TimeDelta::days(400)).await, Ok(3), "what was proven goes with its session");
}

async fn nothing_of_a_second_factor_can_be_read(test: TestDb) {
    let house = House::of(&World::over(&test.store()));
    let who = house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, super::PASSWORD).await;
    house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap();
    let mailed = house.link(MessageKind::SignInCode, HANAKO);
    let wrong = wrong_code(&who.app, house.now());
    house.finish(&waiting, &wrong).await.unwrap_err();
    house.finish(&waiting, &SecondProof::RecoveryCode(who.codes[0].clone())).await.unwrap();
    house.challenge(HANAKO, super::PASSWORD).await;
    let mut secrets = vec![who.app.to_base32().expose().to_owned(), waiting.token.expose()[4..].to_owned(), mailed];
    secrets.extend(who.codes.iter().flat_map(|code| [code.expose().to_owned(), code.expose().replace('-', "")]));
    secrets.push(HANAKO.to_owned());
    for (table, column) in
        [("audit_log", "after_data"), ("outbox", "payload"), ("ephemeral", "value"), ("ephemeral", "name")]
    {
        let rows = test.db.all(&Query::select().column(column).from(table).to_owned()).await.unwrap();
        assert!(rows.len() >= 3, "{table}");
        for row in &rows {
            let kept = row.get::<Option<String>>(column).unwrap().unwrap_or_default();
            // Six digits stand in ids and digests by chance.
            let shows = |secret: &&String| secret.len() > 6 && kept.contains(secret.as_str());
            assert!(!secrets.iter().any(|secret| shows(&secret)), "{table}.{column}: {kept}");
        }
    }
    for (table, column) in [("two_factor", "secret"), ("recovery_codes", "digest")] {
        for row in test.db.all(&Query::select().column(column).from(table).to_owned()).await.unwrap() {
            let kept: Vec<u8> = row.get(column).unwrap();
            let shows = |secret: &String| kept.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!secrets.iter().any(shows) && !kept.windows(3).any(|part| part == &who.app.expose()[..3]));
        }
    }
}
