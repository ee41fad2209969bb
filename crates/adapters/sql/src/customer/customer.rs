//! Customers. Contact data and allergies are sealed.

use crate::audit::chain_of_customers;
use crate::condition::{equals, of_store};
use crate::engine::{Tx, starts_with};
use crate::entities::{Fields, Mapped, Stored};
use crate::notification::line_traces;
use musubi_customer::contact::{EmailAddress, PhoneNumber};
use musubi_customer::customer::{Customer, CustomerFilter, Standing};
use musubi_customer::details::{CustomerDetails, Gender, LoyaltyRank};
use musubi_customer::search::search_key;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, UserId};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::{Cipher, Secret};
use sea_query::{Condition, Expr, ExprTrait as _, Value};
use uuid::Uuid;

/// What the digests of telephone numbers are made for.
const PHONE: &str = "customers.phone";
/// What the digests of e-mail addresses are made for.
const EMAIL: &str = "customers.email";

impl Mapped for Customer {
    const TABLE: &'static str = "customers";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "user_id",
        "line_user_id",
        "line_display_name",
        "line_picture_url",
        "name",
        "name_key",
        "name_kana",
        "name_kana_key",
        "phone",
        "phone_index",
        "email",
        "email_index",
        "birthday",
        "gender",
        "address",
        "notes",
        "allergies",
        "preferences",
        "loyalty_rank",
        "total_bookings",
        "total_spent",
        "no_show_count",
        "last_no_show_at",
        "is_restricted",
        "restriction_until",
        "notification_settings",
        "first_visit_at",
        "last_visit_at",
        "is_active",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["id"];

    fn write(&self, row: &mut Fields<'_>) {
        let (details, standing) = (&self.details, &self.standing);
        let (phone, email) = (details.phone.as_ref(), details.email.as_ref());
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("user_id", self.user_id.map(|user| user.0));
        row.set("line_user_id", details.line_user_id.as_deref());
        row.set("line_display_name", details.line_display_name.as_deref());
        row.set("line_picture_url", details.line_picture_url.as_deref());
        row.set("name", details.name.as_deref());
        row.set("name_key", self.name_key());
        row.set("name_kana", details.name_kana.as_deref());
        row.set("name_kana_key", self.kana_key());
        row.sealed("phone", phone.map(PhoneNumber::as_str));
        row.look_up("phone_index", PHONE, phone.map(PhoneNumber::as_str));
        row.sealed("email", email.map(EmailAddress::as_str));
        row.look_up("email_index", EMAIL, email.map(EmailAddress::as_str));
        row.set("birthday", details.birthday);
        row.set("gender", details.gender.map(Gender::code));
        row.sealed("address", details.address.as_deref());
        row.set("notes", details.notes.as_deref());
        row.sealed("allergies", details.allergies.as_deref());
        row.json_or_null("preferences", details.preferences.as_ref());
        row.set("loyalty_rank", details.loyalty_rank.code());
        row.set("total_bookings", standing.total_bookings);
        row.set("total_spent", standing.total_spent.0);
        row.set("no_show_count", standing.no_show_count);
        row.set("last_no_show_at", standing.last_no_show_at);
        row.set("is_restricted", details.is_restricted);
        row.set("restriction_until", details.restriction_until);
        row.json_or_null("notification_settings", details.notification_settings.as_ref());
        row.set("first_visit_at", standing.first_visit_at);
        row.set("last_visit_at", standing.last_visit_at);
        row.set("is_active", details.is_active);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            user_id: row.get::<Option<Uuid>>("user_id")?.map(UserId),
            details: details(row)?,
            standing: Standing {
                total_bookings: row.int("total_bookings")?,
                total_spent: Amount(row.int("total_spent")?),
                no_show_count: row.int("no_show_count")?,
                last_no_show_at: row.get("last_no_show_at")?,
                first_visit_at: row.get("first_visit_at")?,
                last_visit_at: row.get("last_visit_at")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        of_store(scope)
    }

    fn admitted(filter: &CustomerFilter, cipher: &dyn Cipher) -> Condition {
        let CustomerFilter { name, phone, email, line_user_id, include_inactive } = filter;
        let index = |purpose: &str, value: &str| cipher.blind_index(purpose, value).to_vec();
        Condition::all()
            .add_option((!include_inactive).then(|| Expr::col("is_active").eq(true)))
            .add_option(name.as_deref().map(named))
            .add_option(phone.as_ref().map(|phone| Expr::col("phone_index").eq(index(PHONE, phone.as_str()))))
            .add_option(email.as_ref().map(|email| Expr::col("email_index").eq(index(EMAIL, email.as_str()))))
            .add_option(line_user_id.as_deref().map(|user| equals("line_user_id", user)))
    }

    fn position(id: CustomerId) -> Vec<Value> {
        vec![id.0.into()]
    }

    fn chain(&self) -> String {
        chain_of_customers(self.store_id)
    }

    /// Whoever is put away is told nothing any more: who they are at LINE is forgotten.
    async fn write_children(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.details.is_active { Ok(()) } else { line_traces::forget(tx, self).await }
    }
}

fn named(name: &str) -> Condition {
    let key = search_key(name);
    Condition::any().add(starts_with("name_key", &key)).add(starts_with("name_kana_key", &key))
}

fn details(row: &Stored<'_>) -> Result<CustomerDetails, StoreError> {
    let text = |column: &str| Ok(row.sealed(column)?.map(|secret| secret.expose().to_owned()));
    Ok(CustomerDetails {
        line_user_id: row.get("line_user_id")?,
        line_display_name: row.get("line_display_name")?,
        line_picture_url: row.get("line_picture_url")?,
        name: row.get("name")?,
        name_kana: row.get("name_kana")?,
        phone: parsed(row.sealed("phone")?, "phone", |text| PhoneNumber::from_e164(text).ok())?,
        email: parsed(row.sealed("email")?, "email", |text| text.parse().ok())?,
        birthday: row.get("birthday")?,
        gender: row.code_or_null("gender", Gender::from_code)?,
        address: text("address")?,
        notes: row.get("notes")?,
        allergies: text("allergies")?,
        preferences: row.json_or_null("preferences")?,
        loyalty_rank: row.code("loyalty_rank", LoyaltyRank::from_code)?,
        is_restricted: row.get("is_restricted")?,
        restriction_until: row.get("restriction_until")?,
        notification_settings: row.json_or_null("notification_settings")?,
        is_active: row.get("is_active")?,
    })
}

fn parsed<T>(
    opened: Option<Secret>,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let Some(opened) = opened else { return Ok(None) };
    parse(opened.expose()).map(Some).ok_or_else(|| StoreError::Corrupt(format!("{column}: not in its normal form")))
}
