//! Customers, as far as booking reads and changes them.

use crate::condition::equals;
use crate::engine::{Reader, Row, Tx, Write, for_update};
use crate::entities::{Mapped as _, Stored, columns, insert_statement};
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
use musubi_kernel::id::{CustomerId, IdGen, UserId};
use musubi_kernel::money::Amount;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement, SubQueryStatement, UnionType};
use std::borrow::Cow;
use std::collections::BTreeSet;

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

/// In order of id, so that no two units wait for each other.
pub(super) async fn lock(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    scope: &StoreScope,
    ids: &BTreeSet<CustomerId>,
) -> Result<Vec<Patron>, StoreError> {
    let ids = ids.iter().map(|id| id.0);
    let query = selected(scope).and_where(Expr::col("id").is_in(ids)).order_by("id", Order::Asc).to_owned();
    tx.all(&for_update(query)).await?.iter().map(|row| read(row, cipher)).collect()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Patron, StoreError> {
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

/// The same LINE user, else the same telephone number, else the same e-mail address; of several customers the oldest. A
/// restriction of any of these counts, or another's LINE id would lift it.
pub(super) async fn recognise(
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
    let marks = [line, phone, email].into_iter().zip(1_i32..);
    let mut of_marks = marks.filter_map(|(same, mark)| Some(oldest(scope, same?, mark)));
    let Some(mut query) = of_marks.next() else { return Ok(None) };
    for other in of_marks {
        query.union(UnionType::All, other);
    }
    query.order_by("mark", Order::Asc);
    let mut known: Option<Patron> = None;
    for row in tx.all(&query).await? {
        let one = read(&row, cipher)?;
        known = Some(known.map_or_else(|| one.clone(), |known| known.or_as(&one)));
    }
    Ok(known)
}

/// The oldest customer in use of whom `same` holds, with this `mark`.
pub(super) fn oldest(scope: &StoreScope, same: Expr, mark: i32) -> SelectStatement {
    let first = Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(same)
        .and_where(Expr::col("is_active").eq(true))
        .order_by("id", Order::Asc)
        .limit(1)
        .to_owned();
    selected(scope)
        .expr_as(Expr::val(mark), "mark")
        .and_where(Expr::col("id").eq(Expr::from(SubQueryStatement::from(first))))
        .to_owned()
}

/// Somebody becomes a customer, under the lock of the customers' audit chain.
pub(super) struct Admission<'a> {
    pub(super) tx: &'a mut Tx,
    pub(super) cipher: &'a dyn Cipher,
    pub(super) ids: &'a dyn IdGen,
    pub(super) scope: &'a StoreScope,
    pub(super) caller: &'a Caller,
    pub(super) now: DateTime<Utc>,
}

/// What an admission leaves to be written.
pub(super) struct Admitted {
    pub(super) patron: Patron,
    /// `None`: they are on file.
    pub(super) insert: Option<Write>,
    pub(super) records: Vec<Record>,
}

impl Admission<'_> {
    pub(super) async fn admit(mut self, newcomer: &Newcomer, user: Option<UserId>) -> Result<Admitted, StoreError> {
        let mut records = Vec::from_iter(self.free_line_user(newcomer).await?);
        let id = CustomerId::new(self.ids, self.now);
        let customer = Customer { user_id: user, ..Customer::create(id, self.scope, details(newcomer)?, self.now) };
        records.push(self.record("customer.created", None, &customer));
        let insert = Some(Write::one(insert_statement(&customer, self.cipher)));
        let patron = Patron {
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
        };
        Ok(Admitted { patron, insert, records })
    }

    /// A record that was put away does not keep its LINE user from coming again.
    async fn free_line_user(&mut self, newcomer: &Newcomer) -> Result<Option<Record>, StoreError> {
        let Some(line_user) = newcomer.line_user_id.as_deref() else { return Ok(None) };
        let query = columns::<Customer>()
            .cond_where(Customer::within(self.scope))
            .and_where(equals("line_user_id", line_user))
            .to_owned();
        let Some(row) = self.tx.optional(&for_update(query)).await? else { return Ok(None) };
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
        Ok(Some(self.record("customer.updated", Some(&before), &after)))
    }

    pub(super) fn record(&self, kind: &'static str, before: Option<&Customer>, after: &Customer) -> Record {
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
        Record::of(self.ids, &change, before.as_ref(), Some(&after.public_record()))
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

/// What writes what bookings have made of a customer. The row is locked since it was read.
pub(super) fn updating(scope: &StoreScope, patron: &Patron, now: DateTime<Utc>) -> Write {
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
    Write::one(update)
}
