//! `musubi keys`.

use crate::program::{musubi, musubi_with};
use chrono::{DateTime, Utc};
use musubi_crypto::MasterKey;
use musubi_kernel::secret::{Cipher as _, Place};
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::Query;
use serde_json::json;
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
    let right = [("MUSUBI_MASTER_KEY", RIGHT)];
    let nothing = "the key of MUSUBI_MASTER_KEY is a key; the database has sealed nothing yet\n";
    assert_eq!(musubi_with(&right, &check).is(0).out, nothing);

    write_a_sealed_value(&test).await;
    let opens = "the key of MUSUBI_MASTER_KEY opens what is sealed (1 samples)\n";
    assert_eq!(musubi_with(&right, &check).is(0).out, opens);

    let other = musubi(&["keys", "generate"]).out;
    let other = musubi_with(&[("MUSUBI_MASTER_KEY", &other)], &[&check[..], &["--json"]].concat()).is(1).json();
    let line = "stores.line_channel_secret is sealed with a key that is not in the key ring \
                (row 00000000-0000-0000-0000-000000000002)";
    let wrong = json!({ "sound": false, "key_from": "MUSUBI_MASTER_KEY", "opened": 0, "unopened": [line] });
    assert_eq!(other, wrong);
}
on_each_engine!(the_right_key_opens_and_another_does_not);

#[test]
fn a_key_that_is_missing_or_none_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let check = ["keys", "check", "--data-dir", data];
    let line = musubi(&check).complains(1);
    assert!(line.contains("master.key: ") && std::fs::read_dir(data).unwrap().count() == 0, "{line}");
    let line = musubi_with(&[("MUSUBI_MASTER_KEY", "hunter2")], &check).complains(2);
    assert!(line.starts_with("MUSUBI_MASTER_KEY: a master key is 32 random bytes") && !line.contains("hunter2"));
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
