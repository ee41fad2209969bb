//! `musubi keys`.

use crate::program::{musubi, musubi_with};
use chrono::{DateTime, Utc};
use musubi_crypto::{KeyRing, MasterKey};
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::{Cipher as _, Place};
use musubi_sql::engine::{Db, Engine};
use musubi_sql::sealed::{self, Bound};
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::Query;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// The key of [`key_ring`].
const RIGHT: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";

#[test]
fn a_new_key_is_a_key_and_another_each_time() {
    let keys = [musubi(&["keys", "generate"]).is(0).out, musubi(&["keys", "generate"]).is(0).out];
    assert_ne!(keys[0], keys[1]);
    for key in &keys {
        MasterKey::parse(key).unwrap();
    }
    let json = musubi(&["keys", "generate", "--json"]).is(0).json();
    MasterKey::parse(json["master_key"].as_str().unwrap()).unwrap();
}

async fn write_a_sealed_value(test: &TestDb) {
    let (tenant, store) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let at: DateTime<Utc> = "2026-03-20T00:00:00Z".parse().unwrap();
    let place = Place { table: "stores", column: "line_channel_secret", row: store };
    let sealed = key_ring().seal(place, b"secret");
    let mut tx = test.db.begin().await.unwrap();
    let insert = Query::insert()
        .into_table("tenants")
        .columns(["id", "name", "version", "created_at", "updated_at"])
        .values_panic([tenant.into(), "t".into(), 1_i64.into(), at.into(), at.into()])
        .to_owned();
    tx.exactly_one(&insert).await.unwrap();
    let columns = ["id", "tenant_id", "name", "slug", "industry_type", "business_hours", "line_channel_secret"];
    let insert = Query::insert()
        .into_table("stores")
        .columns(columns.into_iter().chain(["version", "created_at", "updated_at"]))
        .values_panic([
            store.into(),
            tenant.into(),
            "s".into(),
            "s".into(),
            "beauty".into(),
            "{}".into(),
            sealed.into(),
            1_i64.into(),
            at.into(),
            at.into(),
        ])
        .to_owned();
    tx.exactly_one(&insert).await.unwrap();
    tx.commit().await.unwrap();
}

async fn the_right_key_opens_and_another_does_not(test: TestDb) {
    let check = ["keys", "check", "--database-url", test.url()];
    let quick = [&check[..], &["--quick"]].concat();
    let right = [("MUSUBI_MASTER_KEY", RIGHT)];
    let id = id_of(RIGHT);
    let nothing = "the key of MUSUBI_MASTER_KEY is a key; the database has sealed nothing yet\n";
    assert_eq!(musubi_with(&right, &quick).is(0).out, nothing);
    assert_eq!(musubi_with(&right, &check).is(0).out, format!("{id}  current  seals 0 values\n{nothing}"));

    write_a_sealed_value(&test).await;
    let opens = "the key of MUSUBI_MASTER_KEY opens what is sealed (1 samples)\n";
    assert_eq!(musubi_with(&right, &quick).is(0).out, opens);
    let opens = "MUSUBI_MASTER_KEY opens everything that is sealed (1 values)\n";
    assert_eq!(musubi_with(&right, &check).is(0).out, format!("{id}  current  seals 1 values\n{opens}"));

    let other = musubi(&["keys", "generate"]).out;
    let environment = [("MUSUBI_MASTER_KEY", other.as_str())];
    let line = "stores.line_channel_secret is sealed with a key that is not in the key ring \
                (row 00000000-0000-0000-0000-000000000002)";
    let wrong = json!({ "sound": false, "key_from": "MUSUBI_MASTER_KEY", "opened": 0, "unopened": [line] });
    assert_eq!(musubi_with(&environment, &[&quick[..], &["--json"]].concat()).is(1).json(), wrong);
    let keys = json!([
        { "id": id_of(&other), "part": "current", "values": 0 },
        { "id": id, "part": "missing", "values": 1 },
    ]);
    let wrong = json!({
        "sound": false, "key_from": "MUSUBI_MASTER_KEY", "keys": keys, "opened": 0, "unopened": 1, "complaints": [line],
    });
    assert_eq!(musubi_with(&environment, &[&check[..], &["--json"]].concat()).is(1).json(), wrong);
}
on_each_engine!(the_right_key_opens_and_another_does_not);

fn id_of(key: &str) -> String {
    MasterKey::parse(key).unwrap().id().to_string()
}

/// What a start of the server does.
async fn bind(db: &Db, key: &str) {
    let ring = KeyRing::new(&MasterKey::parse(key).unwrap(), Arc::new(SystemIds));
    let at = "2026-03-20T00:00:00Z".parse().unwrap();
    let bound = sealed::bind(db, &ring, at, |_| Some([7; 32])).await.unwrap();
    assert!(matches!(bound, Bound::ToThese(_)), "{bound:?}");
}

async fn keys_of_the_environment_are_changed(test: TestDb) {
    let on = ["--database-url", test.url()];
    let run =
        |keys: &str, what: &str| musubi_with(&[("MUSUBI_MASTER_KEY", keys)], &[&["keys", what][..], &on].concat());
    assert!(run(RIGHT, "rotate").complains(1).starts_with("nothing is sealed yet"));
    bind(&test.db, RIGHT).await;
    write_a_sealed_value(&test).await;
    let new = musubi(&["keys", "generate"]).out.trim().to_owned();
    let both = format!("{new},{RIGHT}");
    assert!(run(&new, "rotate").complains(1).ends_with("this is not the master key that the database is sealed with"));
    assert!(run(RIGHT, "rotate").complains(2).starts_with("MUSUBI_MASTER_KEY holds one key: "));
    let left = format!("3 values are not sealed with key {}: `musubi keys rotate` comes first\n", id_of(&new));
    assert_eq!(run(&both, "retire").is(1).out, left);
    let rotated =
        format!("everything is sealed with key {} (3 values anew); `musubi keys retire` ends it\n", id_of(&new));
    assert_eq!(run(&both, "rotate").is(0).out, rotated);
    assert_eq!(run(&both, "rotate").is(0).out, rotated.replace("(3 ", "(0 "));
    assert!(run(&both, "retire").is(0).out.ends_with("MUSUBI_MASTER_KEY can be set to its first key alone\n"));
    assert!(run(&new, "retire").is(0).out.contains("holds one key"));
    run(&new, "check").is(0);
    assert!(run(RIGHT, "check").is(1).out.ends_with("MUSUBI_MASTER_KEY does not open 3 of 3 values\n"));
    let back = format!("{RIGHT} {new}");
    assert!(run(&back, "rotate").is(0).out.contains("(3 values anew)"));
}
on_each_engine!(keys_of_the_environment_are_changed);

async fn a_key_file_gets_a_new_key(test: TestDb) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let on = ["--database-url", test.url(), "--data-dir", folder.path().to_str().unwrap()];
    let run = |what: &[&str]| musubi(&[&["keys"][..], what, &on].concat());
    let read = || std::fs::read_to_string(&file).unwrap();
    bind(&test.db, RIGHT).await;
    write_a_sealed_value(&test).await;

    let foreign = musubi(&["keys", "generate"]).out;
    std::fs::write(&file, &foreign).unwrap();
    assert!(run(&["rotate", "--one-machine"]).complains(1).ends_with("that the database is sealed with"));
    assert_eq!(read(), foreign, "a wrong key gets no company");

    std::fs::write(&file, RIGHT).unwrap();
    if test.engine() != Engine::Sqlite {
        assert!(run(&["rotate"]).complains(2).contains("--one-machine"));
        assert_eq!(read(), RIGHT);
    }
    let rotated = run(&["rotate", "--one-machine", "--json"]).is(0).json();
    let after = read();
    let [new, old] = after.split_whitespace().collect::<Vec<_>>()[..] else { panic!("two keys") };
    assert!(MasterKey::parse(old) == MasterKey::parse(RIGHT));
    assert_eq!(rotated, json!({ "sound": true, "key": id_of(new), "resealed": 3, "unopened": 0 }));

    assert!(run(&["retire"]).complains(1).starts_with("the key file changed just now"));
    let long_ago = SystemTime::from(SystemClock.now()) - Duration::from_mins(2);
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    assert!(run(&["retire"]).is(0).out.contains("; 1 older were taken out of "));
    assert_eq!(read().trim(), new);
    run(&["check"]).is(0);
}
on_each_engine!(a_key_file_gets_a_new_key);

#[test]
fn a_key_that_is_missing_or_none_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let check = ["keys", "check", "--data-dir", data];
    let line = musubi(&check).complains(1);
    assert!(line.contains("master.key: ") && std::fs::read_dir(data).unwrap().count() == 0, "{line}");
    let line = musubi_with(&[("MUSUBI_MASTER_KEY", "hunter2")], &check).complains(2);
    assert!(line.starts_with("MUSUBI_MASTER_KEY: a master key is 32 random bytes") && !line.contains("hunter2"));
    std::fs::write(folder.path().join("master.key"), format!("{RIGHT}\nhunter2\n")).unwrap();
    let line = musubi(&check).complains(1);
    assert!(line.contains("/master.key: line 2: a master key is 32") && !line.contains("hunter2"), "{line}");
}

#[test]
fn the_key_file_is_used_when_the_environment_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    musubi(&["migrate", "--data-dir", data]).is(0);
    std::fs::write(folder.path().join("master.key"), musubi(&["keys", "generate"]).out).unwrap();
    let ended = musubi(&["keys", "check", "--data-dir", data]).is(0);
    assert!(ended.out.contains("/master.key is a key; the database has sealed nothing yet"), "{ended:?}");
}
