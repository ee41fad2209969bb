//! The example of a mapping: a person, in the table of customers.

use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{CustomerId, StoreId, TenantId};
use musubi_kernel::record::Change;
use musubi_kernel::secret::Cipher;
use musubi_sql::engine::starts_with;
use musubi_sql::entities::{Fields, Mapped, Stored};
use sea_query::{Condition, Expr, ExprTrait as _, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Guest {
    pub(crate) id: CustomerId,
    pub(crate) version: i64,
    tenant: TenantId,
    store: StoreId,
    pub(crate) details: GuestDetails,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GuestDetails {
    pub(crate) name: String,
    pub(crate) line_user: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) likes: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct GuestFilter {
    pub(crate) prefix: Option<String>,
    pub(crate) phone: Option<String>,
}

impl Mapped for Guest {
    const TABLE: &'static str = "customers";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "name_key",
        "line_user_id",
        "phone",
        "phone_index",
        "preferences",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["name_key", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        let GuestDetails { name, line_user, phone, likes } = &self.details;
        row.set("tenant_id", self.tenant.0);
        row.set("store_id", self.store.0);
        row.set("name_key", name.as_str());
        row.set("line_user_id", line_user.as_deref());
        row.sealed("phone", phone.as_deref());
        row.look_up("phone_index", "customers.phone", phone.as_deref());
        row.json("preferences", likes);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            version: row.version()?,
            tenant: row.id("tenant_id")?,
            store: row.id("store_id")?,
            details: GuestDetails {
                name: row.get("name_key")?,
                line_user: row.get("line_user_id")?,
                phone: row.sealed("phone")?.map(|phone| phone.expose().to_owned()),
                likes: row.json("preferences")?,
            },
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        Condition::all().add(Expr::col("tenant_id").eq(scope.tenant().0)).add(Expr::col("store_id").eq(scope.store().0))
    }

    fn admitted(filter: &GuestFilter, cipher: &dyn Cipher) -> Condition {
        let phone = filter.phone.as_ref().map(|phone| cipher.blind_index("customers.phone", phone).to_vec());
        Condition::all()
            .add_option(filter.prefix.as_ref().map(|prefix| starts_with("name_key", prefix)))
            .add_option(phone.map(|phone| Expr::col("phone_index").eq(phone)))
    }

    fn position((name, id): (String, CustomerId)) -> Vec<Value> {
        vec![name.into(), id.0.into()]
    }
}

impl Entity for Guest {
    type Id = CustomerId;
    type Scope = StoreScope;
    type Details = GuestDetails;
    type Filter = GuestFilter;
    type SortKey = (String, CustomerId);

    const NOUN: &'static str = "guest";

    fn create(id: CustomerId, scope: &StoreScope, details: GuestDetails, at: DateTime<Utc>) -> Self {
        let (tenant, store) = (scope.tenant(), scope.store());
        Self { id, version: 1, tenant, store, details, created_at: at, updated_at: at }
    }
    fn revise(&self, details: GuestDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..self.clone() }
    }
    fn check(_: &GuestDetails) -> Result<(), Invalid> {
        Ok(())
    }
    fn id(&self) -> CustomerId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &GuestDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant), Some(self.store))
    }
    fn public_record(&self) -> serde_json::Value {
        serde_json::json!({"likes": self.details.likes})
    }
    fn lives_in(&self, scope: &StoreScope) -> bool {
        self.store == scope.store()
    }
    fn admitted_by(&self, filter: &GuestFilter) -> bool {
        filter.prefix.as_ref().is_none_or(|prefix| self.details.name.starts_with(prefix))
            && filter.phone.as_ref().is_none_or(|phone| self.details.phone.as_ref() == Some(phone))
    }
    fn sort_key(&self) -> (String, CustomerId) {
        (self.details.name.clone(), self.id)
    }
    fn clash(&self, other: &Self) -> Option<StoreError> {
        let both = self.details.line_user.is_some() && self.details.line_user == other.details.line_user;
        (both && self.store == other.store).then_some(StoreError::Taken { code: "line_user_taken", detail: "taken" })
    }
}

/// A change of a guest, for a record.
pub(crate) fn change<'a>(guest: &Guest, caller: &'a Caller) -> Change<'a> {
    Change {
        kind: "guest.updated".into(),
        subject_kind: Guest::NOUN,
        subject: guest.id.0,
        tenant: Some(guest.tenant),
        store: Some(guest.store),
        caller,
        at: guest.updated_at,
    }
}
