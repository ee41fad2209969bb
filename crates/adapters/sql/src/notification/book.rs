//! Stores, bookings and customers, as far as somebody is told of them.

use crate::SqlStore;
use crate::booking::SqlBookings;
use crate::condition::{of_store, within_active_tenant};
use crate::engine::Row;
use crate::entities::Stored;
use async_trait::async_trait;
use musubi_booking::booking::Booking;
use musubi_booking::change::BookingChange;
use musubi_booking::ports::BookingStore as _;
use musubi_booking::reach::Reach;
use musubi_kernel::access::StoreScope;
use musubi_kernel::check::JsonObject;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, IdGen, UserId};
use musubi_kernel::money::Currency;
use musubi_kernel::secret::Cipher;
use musubi_notification::channel::Addresses;
use musubi_notification::consent;
use musubi_notification::event::BookingEventKind;
use musubi_notification::facts::{
    Addressee, Author, BookingFacts, BookingLinks, Candidate, House, Links, Snapshot, Step, Unsubscribe,
    UnsubscribeLinks,
};
use musubi_notification::ports::Book;
use musubi_notification::preferences::Preferences;
use musubi_notification::settings::{Columns, StoreSettings};
use sea_query::{Condition, Expr, ExprTrait as _, Func, JoinType, Order, Query, SelectStatement};
use serde::Deserialize as _;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// What is known of stores, bookings and customers, in a database.
#[derive(Clone)]
pub struct SqlBook {
    store: SqlStore,
    bookings: SqlBookings,
    texts: bool,
    links: Option<Links>,
    unsubscribe: UnsubscribeLinks,
}

impl SqlBook {
    /// What this database knows. `texts`: whether the installation can send text messages to telephones.
    pub fn new(store: SqlStore, ids: Arc<dyn IdGen>, texts: bool) -> Self {
        Self {
            bookings: SqlBookings::new(store.clone(), ids),
            store,
            texts,
            links: None,
            unsubscribe: Arc::new(|_| Unsubscribe::default()),
        }
    }

    /// The same, with links to bookings, and to where customers take back that they agreed to hear of offers.
    #[must_use]
    pub fn with_links(self, links: Option<Links>, unsubscribe: UnsubscribeLinks) -> Self {
        Self { links, unsubscribe, ..self }
    }

    async fn links(&self, scope: &StoreScope, id: BookingId) -> Result<Option<BookingLinks>, StoreError> {
        let Some(links) = &self.links else { return Ok(None) };
        Ok(self.bookings.manage_token(scope, id).await?.map(|token| links(&token)))
    }

    /// Who is told, of a booking or of anything else.
    async fn told(
        &self,
        scope: &StoreScope,
        id: CustomerId,
        booking: Option<BookingId>,
    ) -> Result<Option<Addressee>, StoreError> {
        let row = self.store.db.optional(&told(scope, one(scope, id), booking)).await?;
        row.map(|row| self.addressee(scope, &row)).transpose()
    }

    fn addressee(&self, scope: &StoreScope, row: &Row) -> Result<Addressee, StoreError> {
        let cipher: &dyn Cipher = &*self.store.cipher;
        let row = Stored::of(row, "customers", cipher)?;
        let settings: Option<JsonObject> = row.json_or_null("notification_settings")?;
        let preferences = Preferences::of(settings.as_ref());
        let agrees_to_offers = preferences.agrees_to_offers.unwrap_or(false);
        let in_use = row.get("is_active")?;
        let addresses = if in_use { self.addresses(&row)? } else { Addresses::default() };
        let customer = row.entity_id();
        let unsubscribe = (self.unsubscribe)(&consent::token(cipher, scope.store(), customer));
        Ok(Addressee {
            customer,
            name: row.get("name")?,
            in_use,
            addresses,
            preferences,
            agrees_to_offers,
            unsubscribe,
        })
    }

    fn candidate(&self, scope: &StoreScope, row: &Row) -> Result<Candidate, StoreError> {
        Ok(Candidate { addressee: self.addressee(scope, row)?, last_visit_at: row.get("last_visit_at")? })
    }

    fn addresses(&self, row: &Stored<'_>) -> Result<Addresses, StoreError> {
        let on_line = row.get::<bool>("line_active")? && row.get::<Option<Vec<u8>>>("line_token")?.is_some();
        let blocked = row.get::<Option<bool>>("line_blocked")?.unwrap_or(false);
        let email = row.sealed("email")?;
        let phone = row.sealed("phone")?.map(|phone| phone.expose().to_owned());
        Ok(Addresses {
            line: row.get::<Option<String>>("line_user")?.filter(|_| on_line && !blocked),
            email: email.and_then(|email| email.expose().parse().ok()),
            sms: phone.filter(|phone| self.texts && takes_texts(phone)),
            user: row.get::<Option<Uuid>>("user_id")?.map(UserId),
        })
    }
}

/// Whether a telephone with this number may take text messages: of a Japanese one the number tells, of others only trying.
fn takes_texts(number: &str) -> bool {
    number.strip_prefix("+81").is_none_or(|rest| ["60", "70", "80", "90"].iter().any(|mobile| rest.starts_with(mobile)))
}

fn house_of(scope: &StoreScope) -> SelectStatement {
    Query::select()
        .columns([
            "name",
            "display_name",
            "theme_color",
            "time_zone",
            "currency",
            "address",
            "phone",
            "email",
            "notification_settings",
            "send_booking_notifications",
            "send_reminder_notifications",
            "reminder_hours_before",
        ])
        .from("stores")
        .and_where(Expr::col("id").eq(scope.store().0))
        .and_where(Expr::col("tenant_id").eq(scope.tenant().0))
        .and_where(Expr::col("is_active").eq(true))
        .and_where(within_active_tenant("tenant_id"))
        .to_owned()
}

fn house(scope: &StoreScope, row: &Row) -> Result<House, StoreError> {
    let shown: Option<String> = row.get("display_name")?;
    let settings: Option<JsonObject> = row.json_or_null("notification_settings")?;
    let columns = Columns {
        send_booking_notifications: row.get("send_booking_notifications")?,
        send_reminder_notifications: row.get("send_reminder_notifications")?,
        reminder_hours_before: row.int("reminder_hours_before")?,
    };
    Ok(House {
        store: scope.store(),
        name: shown.map_or_else(|| row.get("name"), Ok)?,
        colour: row.get("theme_color")?,
        zone: row.code("time_zone", |name| name.parse().ok())?,
        currency: row.code("currency", Currency::from_code)?,
        address: row.get("address")?,
        phone: row.get("phone")?,
        email: row.get::<Option<String>>("email")?.and_then(|email| email.parse().ok()),
        settings: StoreSettings::of(settings.as_ref(), columns),
    })
}

/// What is read of customers.
const COLUMNS: [&str; 9] =
    ["id", "name", "line_user_id", "phone", "email", "user_id", "notification_settings", "is_active", "last_visit_at"];

/// A customer.
fn one(scope: &StoreScope, id: CustomerId) -> SelectStatement {
    customers(scope).and_where(Expr::col("id").eq(id.0)).to_owned()
}

/// The next ones whose record is in use.
fn next(scope: &StoreScope, after: Option<CustomerId>, most: u32) -> SelectStatement {
    customers(scope)
        .and_where(Expr::col("is_active").eq(true))
        .and_where_option(after.map(|after| Expr::col("id").gt(after.0)))
        .order_by("id", Order::Asc)
        .limit(most.into())
        .to_owned()
}

fn customers(scope: &StoreScope) -> SelectStatement {
    Query::select().columns(COLUMNS).from("customers").cond_where(of_store(scope)).to_owned()
}

/// Customers, and whether they can be told on LINE: of a booking whoever has shown a code of it, instead of them.
fn told(scope: &StoreScope, customers: SelectStatement, booking: Option<BookingId>) -> SelectStatement {
    let holder = Query::select()
        .column("line_user_id")
        .from("line_holders")
        .cond_where(of_store(scope))
        .and_where(Expr::col("booking_id").eq(booking.map(|booking| booking.0)))
        .to_owned();
    let on_line = || Func::coalesce([Expr::col(("holder", "line_user_id")), Expr::col(("told", "line_user_id"))]);
    let known_friend = Condition::all()
        .add(Expr::col(("line_friends", "store_id")).eq(scope.store().0))
        .add(Expr::col(("line_friends", "line_user_id")).eq(on_line()));
    let mut query = Query::select();
    query
        .columns(COLUMNS.map(|column| ("told", column)))
        .expr_as(on_line(), "line_user")
        .expr_as(Expr::col(("line_friends", "is_blocked")), "line_blocked")
        .expr_as(Expr::col(("stores", "line_integration_active")), "line_active")
        .expr_as(Expr::col(("stores", "line_access_token")), "line_token")
        .from_subquery(customers, "told")
        .inner_join("stores", Expr::col(("stores", "id")).eq(scope.store().0))
        .join_subquery(JoinType::LeftJoin, holder, "holder", Expr::val(1).eq(1))
        .left_join("line_friends", known_friend);
    query
}

/// How a booking stood, as its record tells it.
fn snapshot(record: &Value) -> Result<Snapshot, StoreError> {
    Snapshot::deserialize(record).map_err(|error| StoreError::Corrupt(format!("the record of a booking: {error}")))
}

fn step(change: &BookingChange) -> Result<Step, StoreError> {
    let unknown = |what: &str| StoreError::Corrupt(format!("booking_changes.{what}: unknown code"));
    Ok(Step {
        kind: BookingEventKind::from_code(change.kind.event()).ok_or_else(|| unknown("change_type"))?,
        at: change.at,
        by: Author::from_code(&change.by_kind).ok_or_else(|| unknown("changed_by_type"))?,
        before: change.before.as_ref().map(snapshot).transpose()?,
        after: snapshot(&change.after)?,
    })
}

fn facts(
    booking: &Booking,
    changes: &[BookingChange],
    links: Option<BookingLinks>,
    addressee: Addressee,
) -> Result<BookingFacts, StoreError> {
    Ok(BookingFacts {
        id: booking.id,
        number: booking.number.as_str().to_owned(),
        now: snapshot(&booking.public_record())?,
        created_at: booking.created_at,
        changeable_until: booking.changeable_until(),
        links,
        addressee: Addressee { name: addressee.name.or_else(|| booking.contact.name.clone()), ..addressee },
        history: changes.iter().map(step).collect::<Result<_, _>>()?,
    })
}

#[async_trait]
impl Book for SqlBook {
    async fn house(&self, scope: &StoreScope) -> Result<Option<House>, StoreError> {
        self.store.db.optional(&house_of(scope)).await?.map(|row| house(scope, &row)).transpose()
    }

    async fn booking(&self, scope: &StoreScope, id: BookingId) -> Result<Option<BookingFacts>, StoreError> {
        let Some(booking) = self.bookings.find(scope, id, Reach::Store).await? else { return Ok(None) };
        let Some(addressee) = self.told(scope, booking.customer, Some(id)).await? else { return Ok(None) };
        let changes = self.bookings.changes(scope, id).await?;
        facts(&booking, &changes, self.links(scope, id).await?, addressee).map(Some)
    }

    async fn customer(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Addressee>, StoreError> {
        self.told(scope, id, None).await
    }

    async fn customers(
        &self,
        scope: &StoreScope,
        after: Option<CustomerId>,
        most: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let query = told(scope, next(scope, after, most), None).order_by(("told", "id"), Order::Asc).to_owned();
        self.store.db.all(&query).await?.iter().map(|row| self.candidate(scope, row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::takes_texts;

    #[test]
    fn landlines_take_no_texts() {
        for (number, takes) in
            [("+819012345678", true), ("+81312345678", false), ("+81120123456", false), ("+14155552671", true)]
        {
            assert_eq!(takes_texts(number), takes, "{number}");
        }
    }
}
