//! The table of what is told. Whom it goes to and what it says is sealed.

use crate::condition::{equals, of_store};
use crate::engine::{Engine, Row};
use crate::entities::{Fields, Stored};
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, NotificationId, PromotionId};
use musubi_kernel::locale::Locale;
use musubi_kernel::secret::Cipher;
use musubi_notification::channel::{Channel, Recipient};
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::status::{Needless, NotificationStatusCode, Status};
use musubi_notification::notification::{Content, Notification};
use musubi_notification::ports::NotificationFilter;
use musubi_notification::promotion::ports::Waiting;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value};
use uuid::Uuid;

pub(super) const TABLE: &str = "notifications";
/// The longest name of a provider for a message. A longer one is not kept: no report could name it.
const PROVIDER_ID: usize = 255;

/// Every column but `id` and `version`.
const COLUMNS: [&str; 32] = [
    "tenant_id",
    "store_id",
    "customer_id",
    "booking_id",
    "promotion_id",
    "user_id",
    "notification_type",
    "channel",
    "notification_key",
    "about",
    "language",
    "recipient",
    "given_up",
    "subject",
    "message_content",
    "provider_id",
    "status",
    "waits_until",
    "scheduled_at",
    "expires_at",
    "sent_at",
    "delivered_at",
    "ended_at",
    "cancel_reason",
    "retry_key",
    "tries",
    "tries_in_all",
    "error_message",
    "place_at",
    "read_at",
    "created_at",
    "updated_at",
];

fn selected(scope: &StoreScope) -> SelectStatement {
    let columns = ["id", "version"].into_iter().chain(COLUMNS);
    Query::select().columns(columns).from(TABLE).cond_where(of_store(scope)).to_owned()
}

pub(super) fn by_id(scope: &StoreScope, id: NotificationId) -> SelectStatement {
    selected(scope).and_where(Expr::col("id").eq(id.0)).to_owned()
}

pub(super) fn by_key(scope: &StoreScope, key: &str) -> SelectStatement {
    Query::select()
        .column("id")
        .from(TABLE)
        .cond_where(of_store(scope))
        .and_where(Expr::col("notification_key").eq(key))
        .to_owned()
}

pub(super) fn named(scope: &StoreScope, channel: Channel, provider_id: &str) -> SelectStatement {
    selected(scope)
        .and_where(equals("provider_id", provider_id))
        .and_where(Expr::col("channel").eq(channel.code()))
        .order_by("id", Order::Asc)
        .limit(1)
        .to_owned()
}

pub(super) fn of_booking(scope: &StoreScope, booking: BookingId) -> SelectStatement {
    selected(scope).and_where(Expr::col("booking_id").eq(booking.0)).order_by("id", Order::Asc).to_owned()
}

/// A page, the youngest first.
pub(super) fn listed(
    scope: &StoreScope,
    filter: &NotificationFilter,
    limit: u32,
    before: Option<NotificationId>,
) -> SelectStatement {
    let NotificationFilter { status, kind, channel, customer, booking, promotion } = filter;
    selected(scope)
        .and_where_option(status.map(|status| Expr::col("status").eq(status.code())))
        .and_where_option(kind.map(|kind| Expr::col("notification_type").eq(kind.code())))
        .and_where_option(channel.map(|channel| Expr::col("channel").eq(channel.code())))
        .and_where_option(customer.map(|customer| Expr::col("customer_id").eq(customer.0)))
        .and_where_option(booking.map(|booking| Expr::col("booking_id").eq(booking.0)))
        .and_where_option(promotion.map(|promotion| Expr::col("promotion_id").eq(promotion.0)))
        .and_where_option(before.map(|before| Expr::col("id").lt(before.0)))
        .order_by("id", Order::Desc)
        .limit(u64::from(limit) + 1)
        .to_owned()
}

pub(super) fn inserting(new: &Notification, cipher: &dyn Cipher) -> InsertStatement {
    inserting_all([new], cipher)
}

/// All of them in one statement.
pub(super) fn inserting_all<'a>(
    new: impl IntoIterator<Item = &'a Notification>,
    cipher: &dyn Cipher,
) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(TABLE);
    for one in new {
        let (columns, values): (Vec<_>, Vec<_>) = fields(one, cipher).into_iter().unzip();
        insert
            .columns(["id", "version"].into_iter().chain(columns))
            .values_panic([one.id.0.into(), one.version.into()].into_iter().chain(values.into_iter().map(Expr::from)));
    }
    insert
}

/// Those that wait, `most` at most.
pub(super) fn waiting(scope: &StoreScope, which: Waiting, most: u32) -> SelectStatement {
    let kind = NotificationKind::Promotional.code();
    let meant = match which {
        Waiting::Of(promotion) => Expr::col("promotion_id").eq(promotion.0),
        Waiting::To(customer) => Expr::col("customer_id").eq(customer.0).and(Expr::col("notification_type").eq(kind)),
    };
    Query::select()
        .column("id")
        .from(TABLE)
        .cond_where(of_store(scope))
        .and_where(meant)
        .and_where(waits())
        .limit(most.into())
        .to_owned()
}

fn waits() -> Expr {
    Expr::col("status").eq(NotificationStatusCode::Pending.code())
}

/// Calls off those of these that still wait. MariaDB is told to go by their ids, as where
/// [rows are removed](crate::jobs::removing_rows).
pub(super) fn calling_off(engine: Engine, ids: &[Uuid], why: Needless, now: DateTime<Utc>) -> UpdateStatement {
    let stamps = Stamps::of(&Status::Cancelled { at: now, why });
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("version", Expr::col("version").add(1))
        .value("status", NotificationStatusCode::Cancelled.code())
        .value("waits_until", stamps.waits_until)
        .value("ended_at", stamps.ended_at)
        .value("cancel_reason", stamps.cancel_reason)
        .value("updated_at", now)
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .and_where(waits());
    if engine == Engine::MariaDb {
        update.order_by("id", Order::Asc).limit(ids.len() as u64);
    }
    update
}

/// How many there are of a promotion, by channel and status.
pub(super) fn counted(scope: &StoreScope, promotion: PromotionId) -> SelectStatement {
    Query::select()
        .columns(["channel", "status"])
        .expr_as(Expr::cust("COUNT(*)"), "n")
        .from(TABLE)
        .cond_where(of_store(scope))
        .and_where(Expr::col("promotion_id").eq(promotion.0))
        .group_by_columns(["channel", "status"])
        .to_owned()
}

/// Over the version before its own.
pub(super) fn updating(scope: &StoreScope, new: &Notification, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("version", new.version)
        .values(fields(new, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .cond_where(of_store(scope))
        .and_where(Expr::col("id").eq(new.id.0))
        .and_where(Expr::col("version").eq(new.version - 1))
        .to_owned()
}

/// The instants of a status, and why it was called off.
#[derive(Default)]
struct Stamps {
    waits_until: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    cancel_reason: Option<&'static str>,
}

impl Stamps {
    fn of(status: &Status) -> Self {
        let none = Self::default();
        match status {
            Status::Pending { until } => Self { waits_until: Some(*until), ..none },
            Status::Sent { at, .. } => Self { sent_at: Some(*at), ..none },
            Status::Delivered { sent_at, at, .. } => Self { sent_at: Some(*sent_at), delivered_at: Some(*at), ..none },
            Status::Failed { at } => Self { ended_at: Some(*at), ..none },
            Status::Cancelled { at, why } => Self { ended_at: Some(*at), cancel_reason: Some(why.code()), ..none },
        }
    }
}

/// A text of a provider, without what PostgreSQL keeps in no text.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn fields(one: &Notification, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let stamps = Stamps::of(&one.status);
    let provider_id = one.status.provider_id().map(without_nul);
    let user = match &one.recipient {
        Recipient::InApp(user) => Some(user.0),
        _ => None,
    };
    let mut row = Fields::new(TABLE, one.id.0, cipher);
    row.set("tenant_id", one.tenant.0);
    row.set("store_id", one.store.0);
    row.set("customer_id", one.customer.0);
    row.set("booking_id", one.booking().map(|booking| booking.0));
    row.set("promotion_id", one.promotion().map(|promotion| promotion.0));
    row.set("user_id", user);
    row.set("notification_type", one.kind.code());
    row.set("channel", one.channel().code());
    row.set("notification_key", one.key.as_str());
    row.json("about", &one.about);
    row.set("language", one.language.code());
    row.sealed("recipient", Some(&one.recipient.text()));
    row.json("given_up", &one.given_up);
    row.sealed("subject", one.content.as_ref().and_then(|content| content.subject.as_deref()));
    row.sealed("message_content", one.content.as_ref().map(|content| content.text.as_str()));
    row.set("provider_id", provider_id.filter(|id| id.chars().count() <= PROVIDER_ID));
    row.set("status", one.status.name().code());
    row.set("waits_until", stamps.waits_until);
    row.set("scheduled_at", one.scheduled_at);
    row.set("expires_at", one.expires_at);
    row.set("sent_at", stamps.sent_at);
    row.set("delivered_at", stamps.delivered_at);
    row.set("ended_at", stamps.ended_at);
    row.set("cancel_reason", stamps.cancel_reason);
    row.set("retry_key", one.retry_key);
    row.set("tries", one.tries);
    row.set("tries_in_all", one.tries_in_all);
    row.set("error_message", one.error.as_deref().map(without_nul));
    row.set("place_at", one.place);
    row.set("read_at", one.read_at);
    row.set("created_at", one.created_at);
    row.set("updated_at", one.updated_at);
    row.finish()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Notification, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |column: &str| StoreError::Corrupt(format!("notifications.{column}"));
    let channel = row.code("channel", Channel::from_code)?;
    let recipient = row.sealed("recipient")?.ok_or_else(|| corrupt("recipient"))?;
    let text = |column: &str| Ok::<_, StoreError>(row.sealed(column)?.map(|text| text.expose().to_owned()));
    let subject = text("subject")?;
    Ok(Notification {
        id: row.entity_id(),
        tenant: row.id("tenant_id")?,
        store: row.id("store_id")?,
        customer: row.id("customer_id")?,
        kind: row.code("notification_type", NotificationKind::from_code)?,
        about: row.json("about")?,
        key: row.get("notification_key")?,
        language: row.code("language", Locale::from_code)?,
        recipient: Recipient::read(channel, recipient.expose()).ok_or_else(|| corrupt("recipient"))?,
        given_up: row.json("given_up")?,
        content: text("message_content")?.map(|text| Content { subject, text }),
        status: status(&row)?,
        retry_key: row.get("retry_key")?,
        tries: row.int("tries")?,
        tries_in_all: row.int("tries_in_all")?,
        error: row.get("error_message")?,
        place: row.get("place_at")?,
        scheduled_at: row.get("scheduled_at")?,
        expires_at: row.get("expires_at")?,
        read_at: row.get("read_at")?,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn status(row: &Row) -> Result<Status, StoreError> {
    let at = |column: &str| {
        row.get::<Option<DateTime<Utc>>>(column)?
            .ok_or_else(|| StoreError::Corrupt(format!("notifications.{column}: the status needs it")))
    };
    let provider_id = row.get("provider_id")?;
    Ok(match row.code("status", NotificationStatusCode::from_code)? {
        NotificationStatusCode::Pending => Status::Pending { until: at("waits_until")? },
        NotificationStatusCode::Sent => Status::Sent { at: at("sent_at")?, provider_id },
        NotificationStatusCode::Delivered => {
            Status::Delivered { sent_at: at("sent_at")?, at: at("delivered_at")?, provider_id }
        }
        NotificationStatusCode::Failed => Status::Failed { at: at("ended_at")? },
        NotificationStatusCode::Cancelled => {
            Status::Cancelled { at: at("ended_at")?, why: row.code("cancel_reason", Needless::from_code)? }
        }
    })
}
