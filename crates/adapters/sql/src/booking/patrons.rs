//! Customers, as far as booking reads and changes them.

use crate::audit::{self, chain_of};
use crate::condition::equals;
use crate::engine::{Reader, Row, Tx, for_update};
use crate::entities::{Mapped as _, Stored, columns, insert_statement};
use crate::records;
use chrono::{DateTime, Utc};
use musubi_booking::code::{Gender, Rank};
use musubi_booking::patron::{Newcomer, Patron, VisitRecord};
use musubi_booking::request::Guest;
use musubi_customer::contact::{EmailAddress, PhoneNumber};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::entity::Entity as _;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, IdGen};
use musubi_kernel::money::Amount;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use std::borrow::Cow;

const TABLE: &str = "customers";

fn selected(scope: &StoreScope) -> SelectStatement {
    Query::select()
        .columns([
            "id",
            "version",
            "name",
            "phone",
            "loyalty_rank",
            "birthday",
            "gender",
            "is_active",
            "is_restricted",
            "restriction_until",
            "total_bookings",
            "total_spent",
            "no_show_count",
            "last_no_show_at",
            "first_visit_at",
            "last_visit_at",
        ])
        .from(TABLE)
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}

fn of_id(scope: &StoreScope, id: CustomerId) -> SelectStatement {
    selected(scope).and_where(Expr::col("id").eq(id.0)).to_owned()
}

pub(super) async fn find(
    reader: &mut Reader<'_>,
    cipher: &dyn Cipher,
    scope: &StoreScope,
    id: CustomerId,
) -> Result<Option<Patron>, StoreError> {
    reader.optional(&of_id(scope, id)).await?.map(|row| read(&row, cipher)).transpose()
}

pub(super) async fn lock(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    scope: &StoreScope,
    id: CustomerId,
) -> Result<Option<Patron>, StoreError> {
    tx.optional(&for_update(of_id(scope, id))).await?.map(|row| read(&row, cipher)).transpose()
}

fn read(row: &Row, cipher: &dyn Cipher) -> Result<Patron, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    Ok(Patron {
        id: row.entity_id(),
        name: row.get("name")?,
        phone: row.sealed("phone")?.map(|phone| phone.expose().to_owned()),
        active: row.get("is_active")?,
        guest: Guest {
            rank: row.code("loyalty_rank", Rank::from_code)?,
            birthday: row.get("birthday")?,
            gender: row.code_or_null("gender", Gender::from_code)?,
            restricted: row.get("is_restricted")?,
            restricted_until: row.get("restriction_until")?,
        },
        record: VisitRecord {
            total_bookings: row.int("total_bookings")?,
            total_spent: Amount(row.get("total_spent")?),
            no_show_count: row.int("no_show_count")?,
            last_no_show_at: row.get("last_no_show_at")?,
            first_visit_at: row.get("first_visit_at")?,
            last_visit_at: row.get("last_visit_at")?,
        },
    })
}

/// The customer whom a newcomer turns out to be; or a new one.
///
/// Whoever is new queues for the store's audit chain before that is certain: of two newcomers with one telephone number
/// who book different days at a time, the second is known by then.
pub(super) async fn identify(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    ids: &dyn IdGen,
    scope: &StoreScope,
    newcomer: &Newcomer,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Patron, StoreError> {
    if let Some(known) = recognise(tx, cipher, scope, newcomer).await? {
        return Ok(known);
    }
    let chain = chain_of(Some(scope.tenant()), Some(scope.store()));
    audit::lock(tx, &chain).await?;
    if let Some(known) = recognise(tx, cipher, scope, newcomer).await? {
        return Ok(known);
    }
    let mut admission = Admission { tx, cipher, ids, scope, chain, caller, now };
    admission.free_line_user(newcomer).await?;
    admission.admit(newcomer).await
}

/// The same LINE user, else the same telephone number, else the same e-mail address; of several customers the oldest. A
/// restriction of any of these counts, or another's LINE id would lift it.
async fn recognise(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    scope: &StoreScope,
    newcomer: &Newcomer,
) -> Result<Option<Patron>, StoreError> {
    let digest = |purpose: &str, value: &Option<String>| {
        value.as_deref().map(|value| cipher.blind_index(purpose, value).to_vec())
    };
    let line = newcomer.line_user_id.as_deref().map(|id| equals("line_user_id", id));
    let phone = digest("customers.phone", &newcomer.phone).map(|digest| Expr::col("phone_index").eq(digest));
    let email = digest("customers.email", &newcomer.email).map(|digest| Expr::col("email_index").eq(digest));
    let mut known: Option<Patron> = None;
    for same in [line, phone, email].into_iter().flatten() {
        let oldest = selected(scope)
            .and_where(same)
            .and_where(Expr::col("is_active").eq(true))
            .order_by("id", Order::Asc)
            .limit(1)
            .to_owned();
        if let Some(row) = tx.optional(&oldest).await? {
            let one = read(&row, cipher)?;
            known = Some(known.map_or_else(|| one.clone(), |known| known.or_as(&one)));
        }
    }
    Ok(known)
}

/// What it takes to make somebody a customer, under the lock of the store's audit chain.
struct Admission<'a> {
    tx: &'a mut Tx,
    cipher: &'a dyn Cipher,
    ids: &'a dyn IdGen,
    scope: &'a StoreScope,
    chain: String,
    caller: &'a Caller,
    now: DateTime<Utc>,
}

impl Admission<'_> {
    /// A record that was put away does not keep its LINE user from coming again.
    async fn free_line_user(&mut self, newcomer: &Newcomer) -> Result<(), StoreError> {
        let Some(line_user) = newcomer.line_user_id.as_deref() else { return Ok(()) };
        let query = columns::<Customer>()
            .cond_where(Customer::within(self.scope))
            .and_where(equals("line_user_id", line_user))
            .to_owned();
        let Some(row) = self.tx.optional(&for_update(query)).await? else { return Ok(()) };
        let before = Customer::read(&Stored::of(&row, TABLE, self.cipher)?)?;
        if before.details.is_active {
            return Err(StoreError::Conflict);
        }
        let details = CustomerDetails { line_user_id: None, ..before.details.clone() };
        let after = before.revise(details, self.now);
        let update = Query::update()
            .table(TABLE)
            .value("version", after.version)
            .value("line_user_id", None::<String>)
            .value("updated_at", self.now)
            .and_where(Expr::col("id").eq(after.id.0))
            .and_where(Expr::col("version").eq(before.version))
            .to_owned();
        self.tx.exactly_one(&update).await?;
        self.note("customer.updated", Some(&before), &after).await
    }

    async fn admit(&mut self, newcomer: &Newcomer) -> Result<Patron, StoreError> {
        let id = CustomerId::new(self.ids, self.now);
        let customer = Customer::create(id, self.scope, details(newcomer)?, self.now);
        let inserted = self.tx.exactly_one(&insert_statement(&customer, self.cipher)).await;
        // The store itself may have entered the same LINE user at the same time: then they are known the next time.
        inserted.map_err(|error| if error == Customer::LINE_USER_TAKEN { StoreError::Conflict } else { error })?;
        self.note("customer.created", None, &customer).await?;
        Ok(Patron {
            id,
            name: newcomer.name.clone(),
            phone: newcomer.phone.clone(),
            active: true,
            guest: Guest {
                rank: Rank::Regular,
                birthday: newcomer.birthday,
                gender: newcomer.gender,
                restricted: false,
                restricted_until: None,
            },
            record: VisitRecord::default(),
        })
    }

    async fn note(
        &mut self,
        kind: &'static str,
        before: Option<&Customer>,
        after: &Customer,
    ) -> Result<(), StoreError> {
        let change = Change {
            kind: Cow::Borrowed(kind),
            subject_kind: Customer::NOUN,
            subject: after.id.0,
            tenant: Some(self.scope.tenant()),
            store: Some(self.scope.store()),
            caller: self.caller,
            at: self.now,
        };
        let before = before.map(Customer::public_record);
        let record = Record::of(self.ids, &change, before.as_ref(), Some(&after.public_record()));
        records::write(self.tx, &self.chain, &record).await
    }
}

fn details(newcomer: &Newcomer) -> Result<CustomerDetails, StoreError> {
    let not_normalised = |what: &str| StoreError::Internal(format!("a newcomer's {what} is not normalised"));
    let phone = newcomer.phone.as_deref().map(PhoneNumber::from_e164).transpose();
    let email = newcomer.email.as_deref().map(str::parse::<EmailAddress>).transpose();
    let gender = newcomer.gender.and_then(|gender| musubi_customer::details::Gender::from_code(gender.code()));
    Ok(CustomerDetails {
        name: newcomer.name.clone(),
        name_kana: newcomer.name_kana.clone(),
        phone: phone.map_err(|_| not_normalised("telephone number"))?,
        email: email.map_err(|_| not_normalised("e-mail address"))?,
        birthday: newcomer.birthday,
        gender,
        line_user_id: newcomer.line_user_id.clone(),
        line_display_name: newcomer.line_display_name.clone(),
        ..CustomerDetails::default()
    })
}

/// Writes what bookings have made of a customer. The row is locked since it was read.
pub(super) async fn save(
    tx: &mut Tx,
    scope: &StoreScope,
    patron: &Patron,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let update = Query::update()
        .table(TABLE)
        .value("version", Expr::col("version").add(1))
        .value("total_bookings", patron.record.total_bookings)
        .value("total_spent", patron.record.total_spent.0)
        .value("no_show_count", patron.record.no_show_count)
        .value("last_no_show_at", patron.record.last_no_show_at)
        .value("first_visit_at", patron.record.first_visit_at)
        .value("last_visit_at", patron.record.last_visit_at)
        .value("is_restricted", patron.guest.restricted)
        .value("restriction_until", patron.guest.restricted_until)
        .value("updated_at", now)
        .and_where(Expr::col("id").eq(patron.id.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned();
    tx.exactly_one(&update).await
}
