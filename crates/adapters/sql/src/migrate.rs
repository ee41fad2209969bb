//! The tables, from one portable source for three engines.
//!
//! # Writing a migration
//!
//! Add `migrations/NNNN_subject.sql` with the next number, and a line to [`SOURCES`]. It is plain SQL with a few words in
//! braces for types, which become each engine's own:
//!
//! | word | PostgreSQL | MariaDB | SQLite |
//! |---|---|---|---|
//! | `{uuid}` | `UUID` | `BINARY(16)` | `BLOB` |
//! | `{timestamp}` | `TIMESTAMPTZ(6)` | `DATETIME(6)` | `TEXT` |
//! | `{date}` | `DATE` | `DATE` | `TEXT` |
//! | `{text}` | `TEXT COLLATE "C"` | `LONGTEXT` | `TEXT` |
//! | `{varchar:100}` | `VARCHAR(100) COLLATE "C"` | `VARCHAR(100)` | `TEXT` |
//! | `{json}` | `TEXT COLLATE "C"` | `JSON` | `TEXT` |
//! | `{bytes}` | `BYTEA` | `LONGBLOB` | `BLOB` |
//! | `{bytes:32}` | `BYTEA` | `BINARY(32)` | `BLOB` |
//! | `{bool}` | `BOOLEAN` | `BOOLEAN` | `INTEGER` |
//! | `{int}`, `{bigint}` | `INTEGER`, `BIGINT` | `INT`, `BIGINT` | `INTEGER` |
//! | `{double}` | `DOUBLE PRECISION` | `DOUBLE` | `REAL` |
//!
//! Texts compare by code points on every engine: 'A' is not 'a', and 'a ' is not 'a'. `CREATE TABLE` gets the engine's
//! table options by itself. The rules, which tests hold you to:
//!
//! - A statement ends with `;` at the end of a line, and every statement is a step of its own that can be run again:
//!   `CREATE TABLE IF NOT EXISTS`, `CREATE INDEX IF NOT EXISTS`, `ALTER TABLE … ADD COLUMN IF NOT EXISTS` (a column that may be
//!   null), an `UPDATE` whose condition no longer holds after it. MariaDB commits each DDL statement at once, so a crash
//!   leaves the steps before it done and nothing half-done; the next start goes on from there.
//! - Every constraint has a name: `pk_table`, `uk_table_columns`, `fk_table_other`, `ck_table_what`; an index is
//!   `idx_table_columns`. Checks are declared with the table: SQLite cannot add them later.
//! - A unique key gets a line in [`UNIQUE_KEYS`](crate::engine::UNIQUE_KEYS), which says what its violation means.
//! - No partial indexes (MariaDB has none; use a nullable marker column in the unique key), no SQL clock in a default,
//!   no generated ids.
//! - A statement that has been released is never edited: what was applied is compared by its digest. Append statements,
//!   or write a new file.

mod render;
mod run;

pub use run::{run, steps};

use crate::engine::{Engine, safe};
use sqlx::migrate::{Migration, MigrationType};

/// A file of `migrations/`, in the binary.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name: a number of four digits and a subject.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! source {
    ($name:literal) => {
        Source { name: $name, text: include_str!(concat!("../../../../migrations/", $name, ".sql")) }
    };
}

/// Every migration, in order.
pub const SOURCES: &[Source] = &[
    source!("0001_tenants"),
    source!("0002_stores"),
    source!("0003_resources"),
    source!("0004_menus"),
    source!("0005_business_calendars"),
    source!("0006_customers"),
    source!("0007_api_keys"),
    source!("0008_outbox"),
    source!("0009_audit_log"),
    source!("0010_idempotency_keys"),
    source!("0011_bookings"),
    source!("0012_installation"),
    source!("0013_occupancy"),
    source!("0014_users"),
    source!("0015_sign_in_accounts"),
    source!("0016_sessions"),
    source!("0017_one_time_tokens"),
    source!("0018_two_factor"),
    source!("0019_ephemeral"),
    source!("0020_step_ups"),
    source!("0021_staff_accounts"),
    source!("0022_admin_users"),
    source!("0023_wordpress_links"),
    source!("0024_age_groups"),
    source!("0025_customers_of_people"),
    source!("0026_contact_permission"),
    source!("0029_passkeys"),
    source!("0030_look_up_keys"),
    source!("0031_bans_and_challenges"),
    source!("0032_age_groups_of_people"),
    source!("0033_ends_of_sessions"),
    source!("0034_line_paces"),
    source!("0040_jobs"),
    source!("0041_schedules"),
    source!("0042_subscribers"),
    source!("0043_notifications"),
    source!("0044_notification_templates"),
    source!("0045_line_events"),
    source!("0046_line_friends"),
    source!("0047_line_codes"),
    source!("0048_manage_tokens"),
    source!("0049_promotions"),
    source!("0050_webhooks"),
    source!("0051_system_logs"),
    source!("0052_promotions_planned"),
];

/// Room for this many steps in one file.
const STEPS_PER_FILE: i64 = 1000;

impl Source {
    /// Its statements in the words of an engine.
    ///
    /// # Panics
    /// When it uses a word that is not in [the table](self).
    pub fn statements(&self, engine: Engine) -> Vec<String> {
        render::statements(self.text).map(|statement| render::statement(statement, engine)).collect()
    }

    fn number(&self) -> i64 {
        let number = self.name.split('_').next().unwrap_or_default();
        number.parse().expect("a migration's name begins with its number")
    }

    fn migrations(&self, engine: Engine) -> impl Iterator<Item = Migration> {
        let (_, subject) = self.name.split_once('_').expect("a migration's name has a number and a subject");
        let first = self.number() * STEPS_PER_FILE;
        (first + 1..).zip(self.statements(engine)).map(move |(version, statement)| {
            Migration::new(version, subject.into(), MigrationType::Simple, safe(statement), false)
        })
    }
}
