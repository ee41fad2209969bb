//! One [`EntityStore`] for every entity that says how it lies in its table.
//!
//! To store an entity, implement [`Mapped`] for it: the table, the columns, how its fields are written and read, which
//! rows a scope and a filter admit, and where a page begins. Reading, paging, versions, audit, outbox and idempotency
//! are then done here, in one transaction per write.
//!
//! ```ignore
//! impl Mapped for Menu {
//!     const TABLE: &'static str = "menus";
//!     // Every column but `id` and `version`.
//!     const COLUMNS: &'static [&'static str] = &["store_id", "name", "tags", "sort_order", "created_at", "updated_at"];
//!     // The columns of `SortKey = (i32, MenuId)`, in its order. None of them may be null.
//!     const ORDER: &'static [&'static str] = &["sort_order", "id"];
//!
//!     fn write(&self, row: &mut Fields<'_>) {
//!         row.set("store_id", self.store.0);                 // anything that is Into<sea_query::Value>
//!         row.set("name", self.details.name.as_str());
//!         row.json("tags", &self.details.tags);              // `{json}`; json_or_null for an Option
//!         row.set("sort_order", self.details.sort_order);
//!         row.set("created_at", self.created_at);
//!         row.set("updated_at", self.updated_at);
//!     }
//!     fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
//!         Ok(Self {
//!             id: row.entity_id(),
//!             version: row.version()?,
//!             store: row.id("store_id")?,
//!             details: MenuDetails {
//!                 name: row.get("name")?,                    // get: bool, String, Vec<u8>, dates, Option of them
//!                 tags: row.json("tags")?,
//!                 sort_order: row.int("sort_order")?,        // int: any integer, checked
//!             },
//!             created_at: row.get("created_at")?,
//!             updated_at: row.get("updated_at")?,
//!         })
//!     }
//!     fn within(scope: &StoreScope) -> Condition {
//!         Condition::all().add(Expr::col("store_id").eq(scope.store().0))
//!     }
//!     fn admitted(filter: &MenuFilter, _: &dyn Cipher) -> Condition {
//!         Condition::all().add_option(filter.active.map(|active| Expr::col("is_active").eq(active)))
//!     }
//!     fn position((sort_order, id): (i32, MenuId)) -> Vec<Value> {
//!         vec![sort_order.into(), id.0.into()]
//!     }
//! }
//! ```
//!
//! Columns of one code are read by `row.code("status", Status::from_code)`, with `code_or_null` for those that may be
//! null. Sealed columns are written by [`Fields::sealed`] and found again by [`Fields::look_up`] (a `{bytes:32}` column
//! beside them), read by [`Stored::sealed`]. Rows of other tables that belong to the entity, such as an allow-list, go
//! into [`Mapped::write_children`] and [`Mapped::read_children`]. A unique name gets a line in
//! [`UNIQUE_KEYS`](crate::engine::UNIQUE_KEYS).
//!
//! A complete mapping that is run on every engine stands in `tests/it/entities.rs`.

mod fields;
mod joined;
mod paging;
mod stored;

pub use fields::Fields;
pub(crate) use fields::json;
pub(crate) use joined::{Columns, Joined, joined};
pub use paging::after;
pub use stored::Stored;

use crate::SqlStore;
use crate::audit::chain_of;
use crate::engine::{Db, Row, Tx};
use crate::{idempotency, records};
use async_trait::async_trait;
use musubi_kernel::entity::{Entity, EntityStore};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, Value};
use std::marker::PhantomData;
use uuid::Uuid;

/// How an entity lies in its table.
pub trait Mapped: Entity {
    /// The table. It has a column `id {uuid}` and a column `version {bigint}`.
    const TABLE: &'static str;
    /// Every other column.
    const COLUMNS: &'static [&'static str];
    /// The columns of the sort key, in its order; the last one is `id`. None may be null.
    const ORDER: &'static [&'static str];

    /// Writes every one of [`Mapped::COLUMNS`].
    fn write(&self, row: &mut Fields<'_>);

    /// The entity in a row. A combination of columns that the rules forbid is [`StoreError::Corrupt`], naming the
    /// column.
    fn read(row: &Stored<'_>) -> Result<Self, StoreError>;

    /// The rows of a scope.
    fn within(scope: &Self::Scope) -> Condition;

    /// The rows that a filter admits. An empty condition admits all. Sealed columns are compared by their look-up
    /// columns, with `cipher.blind_index`.
    fn admitted(filter: &Self::Filter, cipher: &dyn Cipher) -> Condition;

    /// The values of [`Mapped::ORDER`] in a sort key.
    fn position(key: Self::SortKey) -> Vec<Value>;

    /// The audit chain that changes of it are written to: by default that of its store, else of its tenant, else of
    /// the platform.
    fn chain(&self) -> String {
        let (tenant, store) = self.home();
        chain_of(tenant, store)
    }

    /// Replaces the rows of other tables that belong to the entity, after its own row was written, in the same
    /// transaction.
    fn write_children(&self, tx: &mut Tx) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = tx;
        async { Ok(()) }
    }

    /// Completes entities from other tables: one query for the whole page, not one for each.
    fn read_children(db: &Db, page: &mut [Self]) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (db, page);
        async { Ok(()) }
    }
}

/// The entities of one kind, in their table.
#[derive(Debug)]
pub struct SqlEntities<E> {
    store: SqlStore,
    entity: PhantomData<fn() -> E>,
}

impl<E: Mapped> SqlEntities<E> {
    /// The entities in this database.
    pub fn new(store: SqlStore) -> Self {
        Self { store, entity: PhantomData }
    }

    /// The entities in the rows of a query that selects [`columns`].
    pub async fn read(&self, query: &SelectStatement) -> Result<Vec<E>, StoreError> {
        let rows = self.store.db.all(query).await?;
        let mut entities = rows.iter().map(|row| self.read_row(row)).collect::<Result<Vec<E>, _>>()?;
        if !entities.is_empty() {
            E::read_children(&self.store.db, &mut entities).await?;
        }
        Ok(entities)
    }

    fn read_row(&self, row: &Row) -> Result<E, StoreError> {
        Stored::of(row, E::TABLE, &*self.store.cipher).and_then(|row| E::read(&row)).map_err(|error| match error {
            StoreError::Corrupt(what) => StoreError::Corrupt(format!("{}.{what}", E::TABLE)),
            other => other,
        })
    }

    async fn finish(&self, mut tx: Tx, entity: &E, record: &Record) -> Result<(), StoreError> {
        records::write(&mut tx, &entity.chain(), record).await?;
        tx.commit().await
    }

    /// First of all: a repeat that runs beside the first must not be told that its names are taken.
    async fn begin(&self, answered: Option<&Answered>) -> Result<Tx, StoreError> {
        let mut tx = self.store.db.begin().await?;
        if let Some(answered) = answered {
            idempotency::write(&mut tx, &*self.store.cipher, answered).await?;
        }
        Ok(tx)
    }
}

fn fields<E: Mapped>(entity: &E, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let mut fields = Fields::new(E::TABLE, entity.id().into(), cipher);
    entity.write(&mut fields);
    let fields = fields.finish();
    debug_assert!(
        E::COLUMNS.iter().all(|column| fields.iter().any(|(written, _)| written == column))
            && fields.len() == E::COLUMNS.len(),
        "{} writes its columns once each",
        E::TABLE
    );
    fields
}

/// The statement that writes a new entity's row.
pub(crate) fn insert_statement<E: Mapped>(new: &E, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(new, cipher).into_iter().unzip();
    let id: Uuid = new.id().into();
    Query::insert()
        .into_table(E::TABLE)
        .columns(["id", "version"].into_iter().chain(columns))
        .values_panic([id.into(), new.version().into()].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned()
}

/// A query for whole entities. Conditions, order and limit are the caller's.
pub fn columns<E: Mapped>() -> SelectStatement {
    let columns = ["id", "version"].into_iter().chain(E::COLUMNS.iter().copied());
    Query::select().columns(columns).from(E::TABLE).to_owned()
}

/// The row of an entity that is at a version.
fn at_version<E: Mapped>(scope: &E::Scope, id: E::Id, version: i64) -> Condition {
    let id: Uuid = id.into();
    Condition::all().add(Expr::col("id").eq(id)).add(Expr::col("version").eq(version)).add(E::within(scope))
}

#[async_trait]
impl<E: Mapped> EntityStore<E> for SqlEntities<E> {
    async fn find(&self, scope: &E::Scope, id: E::Id) -> Result<Option<E>, StoreError> {
        let id: Uuid = id.into();
        let query = columns::<E>().and_where(Expr::col("id").eq(id)).cond_where(E::within(scope)).to_owned();
        Ok(self.read(&query).await?.pop())
    }

    async fn list(&self, scope: &E::Scope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, EntityError> {
        let mut query = columns::<E>();
        query.cond_where(E::within(scope)).cond_where(E::admitted(filter, &*self.store.cipher));
        if let Some(key) = page.position::<E::SortKey>()? {
            query.cond_where(after(E::ORDER, E::position(key)));
        }
        for column in E::ORDER {
            query.order_by(*column, Order::Asc);
        }
        query.limit(u64::from(page.limit) + 1);
        Ok(Page::of(self.read(&query).await?, page.limit, E::sort_key))
    }

    async fn insert(
        &self,
        scope: &E::Scope,
        new: &E,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError> {
        let insert = insert_statement(new, &*self.store.cipher);
        let mut tx = self.begin(answered).await?;
        tx.exactly_one(&insert).await?;
        new.write_children(&mut tx).await?;
        records::write(&mut tx, &new.chain(), record).await?;
        if let Some(bound) = E::BOUND {
            // Whoever writes to the chain waits for the others who do: none of them counts what another has not committed.
            let count = Query::select()
                .expr_as(Expr::cust("COUNT(*)"), "n")
                .from(E::TABLE)
                .cond_where(E::within(scope))
                .to_owned();
            bound.admits(tx.optional(&count).await?.map_or(Ok(0), |row| row.int("n"))?)?;
        }
        tx.commit().await
    }

    async fn update(
        &self,
        scope: &E::Scope,
        new: &E,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError> {
        let mut update = Query::update();
        update
            .table(E::TABLE)
            .value("version", new.version())
            .values(fields(new, &*self.store.cipher).into_iter().map(|(column, value)| (column, value.into())))
            .cond_where(at_version::<E>(scope, new.id(), new.version() - 1));
        let mut tx = self.begin(answered).await?;
        tx.exactly_one(&update).await?;
        new.write_children(&mut tx).await?;
        self.finish(tx, new, record).await
    }

    async fn remove(&self, scope: &E::Scope, old: &E, record: &Record) -> Result<(), StoreError> {
        let delete =
            Query::delete().from_table(E::TABLE).cond_where(at_version::<E>(scope, old.id(), old.version())).to_owned();
        let mut tx = self.begin(None).await?;
        tx.exactly_one(&delete).await?;
        self.finish(tx, old, record).await
    }
}
