//! What it means that a unique key was violated.

use musubi_kernel::error::StoreError;
use sqlx::error::DatabaseError;

/// A unique key of the schema.
#[derive(Debug, Clone, Copy)]
pub struct UniqueKey {
    /// Its table.
    pub table: &'static str,
    /// Its name; `PRIMARY` for the primary key.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
    means: Means,
}

#[derive(Debug, Clone, Copy)]
enum Means {
    /// Another writer was first.
    Conflict,
    /// The name is in use.
    Taken { code: &'static str, detail: &'static str },
    /// The idempotency key was used by another that committed first.
    AlreadyAnswered,
}

const fn conflict(table: &'static str, name: &'static str, columns: &'static [&'static str]) -> UniqueKey {
    UniqueKey { table, name, columns, means: Means::Conflict }
}

const fn taken(
    table: &'static str,
    name: &'static str,
    columns: &'static [&'static str],
    code: &'static str,
    detail: &'static str,
) -> UniqueKey {
    UniqueKey { table, name, columns, means: Means::Taken { code, detail } }
}

/// Every unique key whose violation is not a defect. Primary keys on `id` alone need no line: ids never meet.
///
/// The engines name what was violated differently: PostgreSQL the constraint, MariaDB the key (and every primary key
/// `PRIMARY`), SQLite the columns. A test compares this table with the schema.
pub const UNIQUE_KEYS: &[UniqueKey] = &[
    taken("stores", "uk_stores_slug", &["slug"], "slug_taken", "another store has this slug"),
    taken(
        "customers",
        "uk_customers_store_line",
        &["store_id", "line_user_id"],
        "line_user_taken",
        "another customer of this store has this LINE user id",
    ),
    conflict("customers", "uk_customers_store_user", &["store_id", "user_id"]),
    taken(
        "business_calendars",
        "uk_business_calendars_store_date",
        &["store_id", "date"],
        "date_taken",
        "the calendar has an entry for this date",
    ),
    conflict("api_keys", "uk_api_keys_token_hash", &["token_hash"]),
    conflict("users", "uk_users_email", &["email_index"]),
    conflict("sign_in_accounts", "uk_sign_in_accounts_subject", &["provider", "subject"]),
    conflict("sessions", "uk_sessions_family", &["family_hash"]),
    conflict("sessions", "uk_sessions_access_token", &["access_token_hash"]),
    conflict("sessions", "uk_sessions_challenge", &["challenge_hash"]),
    conflict("one_time_tokens", "uk_one_time_tokens_token", &["token_hash"]),
    conflict("two_factor", "uk_two_factor_user", &["user_id"]),
    conflict("recovery_codes", "PRIMARY", &["user_id", "digest"]),
    conflict("passkeys", "uk_passkeys_credential", &["credential_hash"]),
    conflict("ephemeral", "PRIMARY", &["name"]),
    conflict("step_ups", "PRIMARY", &["session_id"]),
    conflict("staff_accounts", "uk_staff_accounts_user_store", &["user_id", "store_id"]),
    conflict("admin_users", "uk_admin_users_user", &["user_id"]),
    conflict("wordpress_links", "PRIMARY", &["user_id"]),
    taken(
        "wordpress_links",
        "uk_wordpress_links_wp_user",
        &["wp_user_id"],
        "wordpress_user_taken",
        "another person is this member of the WordPress site",
    ),
    conflict("age_groups", "PRIMARY", &["code"]),
    conflict("menu_resources", "PRIMARY", &["menu_id", "resource_id"]),
    conflict("audit_chains", "PRIMARY", &["chain"]),
    conflict("audit_log", "uk_audit_log_chain_seq", &["chain", "seq"]),
    UniqueKey {
        table: "idempotency_keys",
        name: "PRIMARY",
        columns: &["caller", "idem_key"],
        means: Means::AlreadyAnswered,
    },
    conflict("installation", "PRIMARY", &["id"]),
    conflict("look_up_keys", "PRIMARY", &["id"]),
    conflict("store_days", "PRIMARY", &["store_id", "date"]),
    conflict("bookings", "uk_bookings_number", &["booking_number"]),
    conflict("bookings", "uk_bookings_manage_token", &["manage_token_hash"]),
    conflict("booking_resources", "PRIMARY", &["booking_id", "resource_id"]),
    conflict("occupancy", "PRIMARY", &["booking_id", "position"]),
    conflict("holds", "uk_holds_token", &["token_hash"]),
    conflict("hold_resources", "PRIMARY", &["hold_id", "resource_id"]),
    conflict("notifications", "uk_notifications_key", &["store_id", "notification_key"]),
    conflict("notification_plans", "PRIMARY", &["booking_id"]),
    conflict("notification_paces", "PRIMARY", &["store_id"]),
    conflict("line_paces", "PRIMARY", &["store_id"]),
    conflict("line_events", "uk_line_events_key", &["store_id", "event_key"]),
    conflict("line_friends", "PRIMARY", &["store_id", "line_user_id"]),
    conflict("line_codes", "uk_line_codes_booking", &["booking_id"]),
    conflict("line_codes", "uk_line_codes_code", &["code_hash"]),
    conflict("line_holders", "PRIMARY", &["booking_id"]),
    conflict("jobs", "uk_jobs_key", &["kind", "job_key", "live"]),
    conflict("schedules", "PRIMARY", &["name", "scope"]),
    conflict("leaders", "PRIMARY", &["name"]),
    conflict("subscribers", "PRIMARY", &["name"]),
    conflict("handled_events", "PRIMARY", &["event_id", "subscriber"]),
    conflict("webhook_deliveries", "uk_webhook_deliveries_event", &["endpoint_id", "event_id"]),
];

/// The meaning of a violation by the statement `sql`.
pub(super) fn violation(error: &dyn DatabaseError, sql: &str) -> StoreError {
    match UNIQUE_KEYS.iter().find(|key| key.is_violated(error, sql)).map(|key| key.means) {
        Some(Means::Conflict) => StoreError::Conflict,
        Some(Means::Taken { code, detail }) => StoreError::Taken { code, detail },
        Some(Means::AlreadyAnswered) => StoreError::AlreadyAnswered,
        None => StoreError::Internal(format!("a unique key of {} was violated", target(sql).unwrap_or("a table"))),
    }
}

impl UniqueKey {
    fn is_violated(&self, error: &dyn DatabaseError, sql: &str) -> bool {
        if let Some(constraint) = error.constraint() {
            // PostgreSQL
            return error.table() == Some(self.table)
                && (constraint == self.name || (self.name == "PRIMARY" && constraint == format!("pk_{}", self.table)));
        }
        if let Some(columns) = error.message().strip_prefix("UNIQUE constraint failed: ") {
            // SQLite: `stores.tenant_id, stores.slug`
            let violated = columns.split(", ").map(|column| column.split_once('.'));
            return violated.eq(self.columns.iter().map(|column| Some((self.table, *column))));
        }
        // MariaDB: `Duplicate entry 'x' for key 'uk_stores_slug'`
        let key = error.message().rsplit('\'').nth(1);
        key == Some(self.name) && target(sql) == Some(self.table)
    }
}

/// The table that a statement writes to: MariaDB does not say whose `PRIMARY` was violated.
fn target(sql: &str) -> Option<&str> {
    let rest = sql.strip_prefix("INSERT INTO ").or_else(|| sql.strip_prefix("UPDATE "))?;
    rest.get(1..)?.split(['`', '"']).next()
}
