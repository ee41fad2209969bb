//! People who have signed in, as customers of a store.

use super::patrons::{Admission, Admitted, oldest, read};
use crate::engine::{Row, Tx, for_update};
use crate::entities::{Mapped as _, Stored, columns};
use musubi_booking::patron::{Patron, Person};
use musubi_booking::reach::Reach;
use musubi_customer::customer::Customer;
use musubi_kernel::access::StoreScope;
use musubi_kernel::entity::Entity as _;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, UserId};
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement, UnionType};

const TABLE: &str = "customers";

/// How a record was found, in the order of [`seen`].
const LINKED: i32 = 1;
const BY_ADDRESS: i32 = 2;

/// The ids of the customers that a person is, at one store or at all.
pub(super) fn customers_of(user: UserId, at: Option<&StoreScope>) -> SelectStatement {
    Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where_option(at.map(|scope| Expr::col("store_id").eq(scope.store().0)))
        .to_owned()
}

/// The bookings of the store that are within reach.
pub(super) fn within(scope: &StoreScope, reach: Reach) -> Condition {
    let of_booking = |column| Expr::col(("bookings", column));
    let own = match reach {
        Reach::Store => return Condition::all(),
        Reach::Resource(own) => {
            let holding = Query::select()
                .column("booking_id")
                .from("booking_resources")
                .and_where(Expr::col("resource_id").eq(own.0))
                .to_owned();
            of_booking("id").in_subquery(holding)
        }
        Reach::Person(user) => of_booking("customer_id").in_subquery(customers_of(user, Some(scope))),
    };
    Condition::all().add(own)
}

/// What is on file of a person.
#[derive(Default)]
pub(super) struct Seen {
    /// Who they are here, restricted where one of the others is.
    pub(super) linked: Option<Patron>,
    /// Who has their address and is linked to nobody.
    by_address: Option<Patron>,
    /// Who has the telephone number or the address that they name.
    others: Vec<Patron>,
}

impl Seen {
    /// Restricted when another record that they name is.
    fn as_restricted(&self, patron: Patron) -> Patron {
        self.others.iter().fold(patron, Patron::or_as)
    }
}

/// The records of a person that are in use.
pub(super) async fn seen(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    scope: &StoreScope,
    person: &Person,
) -> Result<Seen, StoreError> {
    let digest = |purpose: &str, value: &Option<String>| {
        value.as_deref().map(|value| cipher.blind_index(purpose, value).to_vec())
    };
    let email = digest("customers.email", &person.said.email).map(|digest| Expr::col("email_index").eq(digest));
    let phone = digest("customers.phone", &person.said.phone).map(|digest| Expr::col("phone_index").eq(digest));
    let unlinked = email.clone().map(|same| same.and(Expr::col("user_id").is_null()));
    let mut query = oldest(scope, Expr::col("user_id").eq(person.user.0), LINKED);
    for (same, mark) in [unlinked, email, phone].into_iter().zip(BY_ADDRESS..) {
        if let Some(same) = same {
            query.union(UnionType::All, oldest(scope, same, mark));
        }
    }
    query.order_by("mark", Order::Asc);
    let mut seen = Seen::default();
    for row in tx.all(&query).await? {
        let patron = read(&row, cipher)?;
        match row.int::<i32>("mark")? {
            LINKED => seen.linked = Some(patron),
            BY_ADDRESS => seen.by_address = Some(patron),
            _ => seen.others.push(patron),
        }
    }
    seen.linked = seen.linked.take().map(|linked| seen.as_restricted(linked));
    Ok(seen)
}

impl Admission<'_> {
    /// Links a person who is nobody here yet, to the record with their address or to a new one.
    pub(super) async fn admit_person(mut self, person: &Person, seen: Seen) -> Result<Admitted, StoreError> {
        let mut records = Vec::from_iter(self.free_person(person.user).await?);
        let admitted = match &seen.by_address {
            Some(known) => {
                records.push(self.link(known.id, person.user).await?);
                Admitted { patron: known.clone(), insert: None, records: Vec::new() }
            }
            None => self.admit(&person.said, Some(person.user)).await?,
        };
        records.extend(admitted.records);
        Ok(Admitted { patron: seen.as_restricted(admitted.patron), records, ..admitted })
    }

    /// A record that was put away does not keep its person from coming again.
    async fn free_person(&mut self, user: UserId) -> Result<Option<Record>, StoreError> {
        let linked = Condition::all().add(Expr::col("user_id").eq(user.0));
        let Some(row) = self.locked(linked).await? else { return Ok(None) };
        let before = Customer::read(&Stored::of(&row, TABLE, self.cipher)?)?;
        if before.details.is_active {
            return Err(StoreError::Conflict);
        }
        self.relink(&before, None).await.map(Some)
    }

    async fn link(&mut self, id: CustomerId, user: UserId) -> Result<Record, StoreError> {
        let this = Condition::all().add(Expr::col("id").eq(id.0));
        let row = self.locked(this).await?.ok_or(StoreError::Conflict)?;
        let before = Customer::read(&Stored::of(&row, TABLE, self.cipher)?)?;
        if before.user_id.is_some() || !before.details.is_active {
            return Err(StoreError::Conflict);
        }
        self.relink(&before, Some(user)).await
    }

    async fn locked(&mut self, which: Condition) -> Result<Option<Row>, StoreError> {
        let query = columns::<Customer>().cond_where(Customer::within(self.scope)).cond_where(which).to_owned();
        self.tx.optional(&for_update(query)).await
    }

    async fn relink(&mut self, before: &Customer, user: Option<UserId>) -> Result<Record, StoreError> {
        let after = Customer { user_id: user, ..before.clone() };
        let after = after.revise(after.details.clone(), self.now);
        let update = Query::update()
            .table(TABLE)
            .value("version", after.version)
            .value("user_id", user.map(|user| user.0))
            .value("updated_at", self.now)
            .and_where(Expr::col("id").eq(after.id.0))
            .and_where(Expr::col("version").eq(before.version))
            .to_owned();
        self.tx.exactly_one(&update).await?;
        Ok(self.record("customer.updated", Some(before), &after))
    }
}
