//! Customers.

use crate::contact::{EmailAddress, PhoneNumber};
use crate::details::CustomerDetails;
use crate::search::search_key;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{CustomerId, StoreId, TenantId, UserId};
use musubi_kernel::money::Amount;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// What bookings have made of a customer. Bookings change it, callers do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Completed bookings.
    pub total_bookings: i32,
    /// What they came to, in yen.
    pub total_spent: Amount,
    /// Bookings to which the customer did not come.
    pub no_show_count: i32,
    /// The last of them.
    pub last_no_show_at: Option<DateTime<Utc>>,
    /// First visit.
    pub first_visit_at: Option<DateTime<Utc>>,
    /// Last visit.
    pub last_visit_at: Option<DateTime<Utc>>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Customer {
    /// Id.
    pub id: CustomerId,
    /// Whose store's.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Whose.
    pub store_id: StoreId,
    /// The person who signs in and is this customer; stores are told only whether there is one, as a person is the same
    /// at every store.
    #[serde(rename = "has_account", serialize_with = "is_somebody")]
    #[cfg_attr(feature = "openapi", schema(value_type = bool, required))]
    pub user_id: Option<UserId>,
    /// What can be set.
    #[serde(flatten)]
    pub details: CustomerDetails,
    /// What bookings have made of the customer.
    #[serde(flatten)]
    pub standing: Standing,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

#[expect(clippy::ref_option, reason = "serde hands it over like this")]
fn is_somebody<S: Serializer>(user: &Option<UserId>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bool(user.is_some())
}

/// Which customers a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Those whose name or reading begins like this, in any spelling of [`search_key`].
    pub name: Option<String>,
    /// Those with this telephone number.
    pub phone: Option<PhoneNumber>,
    /// Those with this e-mail address.
    pub email: Option<EmailAddress>,
    /// The one who is this on LINE.
    pub line_user_id: Option<String>,
    /// Inactive ones too.
    pub include_inactive: bool,
}

impl Customer {
    /// What answers the attempt to give a customer a LINE user that another of the store is.
    pub const LINE_USER_TAKEN: StoreError =
        StoreError::Taken { code: "line_user_taken", detail: "another customer of this store has this LINE user id" };

    /// What a search by name finds the name under.
    pub fn name_key(&self) -> Option<String> {
        self.details.name.as_deref().map(search_key)
    }

    /// What a search by name finds the reading under.
    pub fn kana_key(&self) -> Option<String> {
        self.details.name_kana.as_deref().map(search_key)
    }
}

impl Entity for Customer {
    type Id = CustomerId;
    type Scope = StoreScope;
    type Details = CustomerDetails;
    type Filter = CustomerFilter;
    type SortKey = CustomerId;

    const NOUN: &'static str = "customer";

    fn create(id: CustomerId, scope: &StoreScope, details: CustomerDetails, at: DateTime<Utc>) -> Self {
        Self {
            id,
            tenant_id: scope.tenant(),
            store_id: scope.store(),
            user_id: None,
            details: details.consistent(),
            standing: Standing::default(),
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn revise(&self, details: CustomerDetails, at: DateTime<Utc>) -> Self {
        Self { details: details.consistent(), version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &CustomerDetails) -> Result<(), Invalid> {
        details.check()
    }

    fn id(&self) -> CustomerId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &CustomerDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }

    /// Ids, rank and restriction; of who the customer is, only which parts are known.
    fn public_record(&self) -> Value {
        let details = json!(self.details);
        let personal = [
            "line_user_id",
            "line_display_name",
            "line_picture_url",
            "name",
            "name_kana",
            "phone",
            "email",
            "birthday",
            "gender",
            "address",
            "notes",
            "allergies",
            "preferences",
        ];
        let known: Vec<_> = personal.into_iter().filter(|member| !details[member].is_null()).collect();
        json!({
            "id": self.id,
            "store_id": self.store_id,
            "loyalty_rank": self.details.loyalty_rank,
            "is_restricted": self.details.is_restricted,
            "restriction_until": self.details.restriction_until,
            "is_active": self.details.is_active,
            "has_account": self.user_id.is_some(),
            "known": known,
            "version": self.version,
        })
    }

    fn lives_in(&self, scope: &StoreScope) -> bool {
        (self.tenant_id, self.store_id) == (scope.tenant(), scope.store())
    }

    fn admitted_by(&self, filter: &CustomerFilter) -> bool {
        let CustomerFilter { name, phone, email, line_user_id, include_inactive } = filter;
        let named = |name: &String| {
            let beginning = search_key(name);
            [self.name_key(), self.kana_key()].into_iter().flatten().any(|key| key.starts_with(&beginning))
        };
        (self.details.is_active || *include_inactive)
            && name.as_ref().is_none_or(named)
            && (phone.is_none() || self.details.phone == *phone)
            && (email.is_none() || self.details.email == *email)
            && (line_user_id.is_none() || self.details.line_user_id == *line_user_id)
    }

    fn sort_key(&self) -> CustomerId {
        self.id
    }

    fn clash(&self, other: &Self) -> Option<StoreError> {
        let line_user = self.details.line_user_id.as_ref()?;
        let same = self.store_id == other.store_id && Some(line_user) == other.details.line_user_id.as_ref();
        same.then_some(Self::LINE_USER_TAKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::details::LoyaltyRank;
    use musubi_kernel::access::{Actor, Caller, Permission, StoreRef};
    use musubi_kernel::clock::ManualClock;
    use musubi_kernel::entity::{EntitiesInMemory, Keeper};
    use musubi_kernel::error::EntityError;
    use musubi_kernel::id::CountingIds;
    use musubi_kernel::page::PageRequest;
    use musubi_kernel::receipt::NoReceipt;
    use musubi_kernel::retry::NoPause;
    use std::sync::Arc;
    use uuid::Uuid;

    fn keeper() -> Keeper<Customer> {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        Keeper::new(Arc::new(EntitiesInMemory::default()), clock, Arc::new(CountingIds::default()), Arc::new(NoPause))
    }

    fn scope(store: u128) -> StoreScope {
        let (store, tenant) = (Uuid::from_u128(store).into(), Uuid::from_u128(1).into());
        let at = StoreRef { store, tenant, open_to_public: true };
        Actor::System.on_store(&at, Permission::CustomerWrite).unwrap()
    }

    fn hanako() -> CustomerDetails {
        CustomerDetails {
            name_kana: Some("やまだ はなこ".into()),
            phone: Some("090-1234-5678".parse().unwrap()),
            email: Some("Hanako@example.jp".parse().unwrap()),
            line_user_id: Some("U1".into()),
            allergies: Some("nuts".into()),
            ..CustomerDetails::named("山田 花子")
        }
    }

    #[tokio::test]
    async fn customers_are_found_by_name_reading_and_contact() {
        let (keeper, caller, scope) = (keeper(), Caller::system(), scope(1));
        let hanako = keeper.create(&caller, &scope, hanako(), &NoReceipt).await.unwrap().id;
        let john = CustomerDetails { is_active: false, ..CustomerDetails::named("John Smith") };
        let john = keeper.create(&caller, &scope, john, &NoReceipt).await.unwrap().id;

        let none = CustomerFilter::default;
        let by_name = |name: &str| CustomerFilter { name: Some(name.into()), include_inactive: true, ..none() };
        let by_phone = |phone: &str| CustomerFilter { phone: Some(phone.parse().unwrap()), ..none() };
        for (filter, expected) in [
            (none(), vec![hanako]),
            (CustomerFilter { include_inactive: true, ..none() }, vec![hanako, john]),
            (by_name("山田花"), vec![hanako]),
            (by_name("ﾔﾏﾀﾞ"), vec![hanako]),
            (by_name("やまだは"), vec![hanako]),
            (by_name("JOHN S"), vec![john]),
            (by_name("花子"), vec![]),
            (by_phone("+81 90 1234 5678"), vec![hanako]),
            (by_phone("090-1234-5679"), vec![]),
            (CustomerFilter { email: Some("HANAKO@example.jp".parse().unwrap()), ..none() }, vec![hanako]),
            (CustomerFilter { line_user_id: Some("U1".into()), ..none() }, vec![hanako]),
            (CustomerFilter { line_user_id: Some("u1".into()), ..none() }, vec![]),
        ] {
            let page = keeper.list(&scope, &filter, &PageRequest::default()).await.unwrap();
            assert_eq!(page.items.iter().map(|customer| customer.id).collect::<Vec<_>>(), expected, "{filter:?}");
        }
    }

    #[tokio::test]
    async fn one_line_user_is_one_customer_of_a_store() {
        let (keeper, caller) = (keeper(), Caller::system());
        keeper.create(&caller, &scope(1), hanako(), &NoReceipt).await.unwrap();
        let again = keeper.create(&caller, &scope(1), hanako(), &NoReceipt).await;
        assert_eq!(again, Err(EntityError::Store(Customer::LINE_USER_TAKEN)));
        assert!(keeper.create(&caller, &scope(2), hanako(), &NoReceipt).await.is_ok());
        for _ in 0..2 {
            keeper.create(&caller, &scope(1), CustomerDetails::named("namesake"), &NoReceipt).await.unwrap();
        }
    }

    #[test]
    fn a_revision_keeps_the_standing_and_a_lift_forgets_the_term() {
        let at = DateTime::UNIX_EPOCH;
        let mut customer = Customer::create(Uuid::nil().into(), &scope(1), hanako(), at);
        customer.standing.no_show_count = 3;
        let until = DateTime::from_timestamp(86_400, 0);
        let restricted = CustomerDetails { is_restricted: true, restriction_until: until, ..hanako() };
        let restricted = customer.revise(restricted, at);
        assert_eq!(
            (restricted.version, restricted.standing, restricted.details.restriction_until),
            (2, customer.standing, until)
        );
        let lifted = restricted.revise(CustomerDetails { is_restricted: false, ..restricted.details.clone() }, at);
        assert_eq!(lifted.details.restriction_until, None);
    }

    #[test]
    fn a_record_tells_what_is_known_but_not_the_contact_data() {
        let details = CustomerDetails { loyalty_rank: LoyaltyRank::Vip, ..hanako() };
        let record = Customer::create(Uuid::nil().into(), &scope(1), details, DateTime::UNIX_EPOCH).public_record();
        assert_eq!(record["loyalty_rank"], "vip");
        assert_eq!(record["known"], json!(["line_user_id", "name", "name_kana", "phone", "email", "allergies"]));
        let text = record.to_string();
        for private in ["山田", "やまだ", "1234", "example", "U1", "nuts"] {
            assert!(!text.contains(private), "{private}");
        }
    }
}
