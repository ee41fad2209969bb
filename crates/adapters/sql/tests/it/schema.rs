//! The three schemas are one.

use musubi_sql::engine::{Db, Engine, PoolSettings, UNIQUE_KEYS, sqlite_url};
use musubi_sql::migrate::{self, SOURCES};
use musubi_sql_testing::{TestDb, on_each_engine};
use sqlx::{Connection as _, MySqlConnection, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// What must be equal on all engines.
#[derive(Debug, Default, PartialEq)]
struct Schema {
    /// Table and column -> whether it may be null.
    columns: BTreeMap<(String, String), bool>,
    /// Table and columns of every unique key, the primary one included.
    unique: BTreeSet<(String, Vec<String>)>,
    /// Names of foreign keys, checks and indexes.
    names: BTreeSet<String>,
}

impl Schema {
    async fn of(engine: Engine, url: &str) -> Self {
        let (columns, keys, names) = match engine {
            Engine::Sqlite => sqlite(url).await,
            Engine::Postgres => postgres(url).await,
            Engine::MariaDb => mariadb(url).await,
        };
        let ours = |table: &String| table != "_sqlx_migrations";
        let mut unique: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (table, key, column) in keys.into_iter().filter(|(table, ..)| ours(table)) {
            unique.entry((table, key)).or_default().push(column);
        }
        Self {
            columns: columns
                .into_iter()
                .filter(|(table, ..)| ours(table))
                .map(|(table, column, nullable)| ((table, column), nullable))
                .collect(),
            unique: unique.into_iter().map(|((table, _), columns)| (table, columns)).collect(),
            names: names
                .into_iter()
                .filter(|name| ["fk_", "ck_", "idx_"].iter().any(|prefix| name.starts_with(prefix)))
                .collect(),
        }
    }
}

/// Columns, columns of unique keys in order, names.
type Found = (Vec<(String, String, bool)>, Vec<(String, String, String)>, Vec<String>);

async fn sqlite(url: &str) -> Found {
    let mut db = SqliteConnection::connect(url).await.unwrap();
    let columns = sqlx::query_as(
        r#"SELECT t.name, c.name, NOT c."notnull" FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"#,
    );
    let keys = sqlx::query_as(
        r#"SELECT t.name, i.name, c.name FROM sqlite_schema t JOIN pragma_index_list(t.name) i
           JOIN pragma_index_info(i.name) c WHERE t.type = 'table' AND i."unique" ORDER BY i.name, c.seqno"#,
    );
    let columns = columns.fetch_all(&mut db).await.unwrap();
    let keys = keys.fetch_all(&mut db).await.unwrap();
    let text: Vec<String> =
        sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetch_all(&mut db).await.unwrap();
    let words = text.iter().flat_map(|sql| sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    (columns, keys, words.map(str::to_owned).collect())
}

async fn postgres(url: &str) -> Found {
    let mut db = PgConnection::connect(url).await.unwrap();
    let columns = sqlx::query_as(
        "SELECT table_name::text, column_name::text, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public'",
    );
    let keys = sqlx::query_as(
        "SELECT t.relname::text, i.relname::text, a.attname::text FROM pg_index x
         JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace
         CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(number, place)
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
         WHERE x.indisunique AND n.nspname = 'public' ORDER BY i.relname, k.place",
    );
    let names = sqlx::query_scalar(
        "SELECT conname::text FROM pg_constraint UNION SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public'",
    );
    let columns = columns.fetch_all(&mut db).await.unwrap();
    let keys = keys.fetch_all(&mut db).await.unwrap();
    (columns, keys, names.fetch_all(&mut db).await.unwrap())
}

async fn mariadb(url: &str) -> Found {
    let mut db = MySqlConnection::connect(url).await.unwrap();
    let columns = sqlx::query_as(
        "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = DATABASE()",
    );
    let keys = sqlx::query_as(
        "SELECT table_name, index_name, column_name FROM information_schema.statistics
         WHERE table_schema = DATABASE() AND non_unique = 0 ORDER BY table_name, index_name, seq_in_index",
    );
    // MariaDB makes an index for a foreign key that has none, under the key's name.
    let names = sqlx::query_scalar(
        "SELECT constraint_name FROM information_schema.table_constraints WHERE table_schema = DATABASE()
         UNION SELECT constraint_name FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()
         UNION SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()",
    );
    let columns = columns.fetch_all(&mut db).await.unwrap();
    let keys = keys.fetch_all(&mut db).await.unwrap();
    (columns, keys, names.fetch_all(&mut db).await.unwrap())
}

/// SQLite is the measure: it is always there.
async fn every_engine_has_the_same_tables(test: TestDb) {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("measure.db"));
    let measure = Db::connect(&url, PoolSettings::default()).await.unwrap();
    migrate::run(&measure).await.unwrap();
    let measure = Schema::of(Engine::Sqlite, &url).await;
    assert!(measure.columns.len() > 200 && measure.unique.len() > 20 && measure.names.len() > 50, "{measure:?}");
    let found = Schema::of(test.engine(), test.url()).await;
    assert_eq!(found.columns, measure.columns);
    assert_eq!(found.unique, measure.unique);
    assert_eq!(found.names, measure.names);
}
on_each_engine!(every_engine_has_the_same_tables);

async fn every_unique_key_has_a_meaning(test: TestDb) {
    let found = Schema::of(test.engine(), test.url()).await;
    let known: BTreeSet<_> = UNIQUE_KEYS
        .iter()
        .map(|key| (key.table.to_owned(), key.columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>()))
        .collect();
    // A key that holds the id can only be violated by an id that is used twice.
    let open: Vec<_> =
        found.unique.difference(&known).filter(|(_, columns)| !columns.contains(&"id".to_owned())).collect();
    assert!(open.is_empty(), "these keys need a line in UNIQUE_KEYS: {open:?}");
    let is_there = |table: &String| found.columns.keys().any(|(there, _)| there == table);
    let stray: Vec<_> = known.difference(&found.unique).filter(|(table, _)| is_there(table)).collect();
    assert!(stray.is_empty(), "there are no such keys: {stray:?}");
}
on_each_engine!(every_unique_key_has_a_meaning);

#[test]
fn every_file_is_listed_in_order() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".sql").to_owned())
        .collect();
    files.sort();
    let listed: Vec<_> = SOURCES.iter().map(|source| source.name).collect();
    assert_eq!(listed, files);
}

#[test]
fn every_step_can_be_run_again() {
    for source in SOURCES {
        for statement in source.statements(Engine::MariaDb) {
            let begins = [
                "CREATE TABLE IF NOT EXISTS ",
                "CREATE INDEX IF NOT EXISTS idx_",
                "CREATE UNIQUE INDEX IF NOT EXISTS uk_",
            ];
            let fills_in = statement.starts_with("INSERT INTO ") && statement.contains(" NOT IN (SELECT ");
            let adds = statement.starts_with("ALTER TABLE ") && statement.contains(" ADD COLUMN IF NOT EXISTS ");
            let changes = statement.starts_with("UPDATE ") && statement.contains(" NOT LIKE ");
            let again = fills_in || adds || changes || begins.iter().any(|begin| statement.starts_with(begin));
            assert!(again, "{}: {statement}", source.name);
            let code = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
            assert!(
                !code.collect::<String>().contains(';'),
                "{}: one statement ends with `;` at the end of a line",
                source.name
            );
        }
    }
}
