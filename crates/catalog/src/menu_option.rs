//! Menu options: extras that can be chosen with a menu.

use crate::menu::{MAX_PRICE, Menu};
use crate::yes;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::id::{MenuId, MenuOptionId, StoreId, TenantId};
use musubi_kernel::money::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What can be set of a menu option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({ "name": "トリートメント", "price": 2200, "duration": 20 })))]
pub struct MenuOptionDetails {
    /// Name, 1 to 255 characters.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// What it adds to the price, in yen; -100,000,000 to 100,000,000, below 0 takes off.
    #[serde(default)]
    pub price: Amount,
    /// Minutes that it adds to the service, 0 to 1,440.
    #[serde(default)]
    pub duration: i32,
    /// Whether every booking must choose it.
    #[serde(default)]
    pub is_required: bool,
    /// Place in lists, lowest first; -1,000,000 to 1,000,000.
    #[serde(default)]
    pub sort_order: i32,
    /// Whether it can be chosen.
    #[serde(default = "yes")]
    pub is_active: bool,
}

impl MenuOptionDetails {
    /// An option of this name with defaults for the rest.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            price: Amount::ZERO,
            duration: 0,
            is_required: false,
            sort_order: 0,
            is_active: yes(),
        }
    }
}

/// A menu option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MenuOption {
    /// Id.
    pub id: MenuOptionId,
    /// Whose store's it is.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// In which store.
    pub store_id: StoreId,
    /// With which menu it can be chosen.
    pub menu_id: MenuId,
    /// What can be set.
    #[serde(flatten)]
    pub details: MenuOptionDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Leave to work on the options of one menu. [`Menu::options`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMenu {
    store: StoreScope,
    menu: MenuId,
}

impl InMenu {
    /// The menu's store.
    pub const fn store(&self) -> &StoreScope {
        &self.store
    }

    /// The menu.
    pub const fn menu(&self) -> MenuId {
        self.menu
    }
}

impl Menu {
    /// Leave to work on its options, for who may work on its store.
    pub fn options(&self, scope: &StoreScope) -> Result<InMenu, EntityError> {
        if self.lives_in(scope) {
            Ok(InMenu { store: scope.clone(), menu: self.id })
        } else {
            Err(EntityError::NotFound(Self::NOUN))
        }
    }
}

/// Which options a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MenuOptionFilter {
    /// Inactive ones too.
    pub include_inactive: bool,
}

impl Entity for MenuOption {
    type Id = MenuOptionId;
    type Scope = InMenu;
    type Details = MenuOptionDetails;
    type Filter = MenuOptionFilter;
    type SortKey = (i32, MenuOptionId);

    const NOUN: &'static str = "menu_option";

    fn create(id: MenuOptionId, scope: &InMenu, details: MenuOptionDetails, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.store.tenant(), scope.store.store());
        Self { id, tenant_id, store_id, menu_id: scope.menu, details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: MenuOptionDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &MenuOptionDetails) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/name", details.name.as_str(), 1..=255);
        invalid.prose("/description", details.description.as_deref());
        invalid.range("/price", details.price.0, -MAX_PRICE..=MAX_PRICE);
        invalid.range("/duration", details.duration, 0..=1440);
        invalid.range("/sort_order", details.sort_order, -1_000_000..=1_000_000);
        invalid.finish()
    }

    fn id(&self) -> MenuOptionId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &MenuOptionDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }
    fn public_record(&self) -> Value {
        serde_json::json!(self)
    }
    fn lives_in(&self, scope: &InMenu) -> bool {
        (self.tenant_id, self.store_id) == (scope.store.tenant(), scope.store.store()) && self.menu_id == scope.menu
    }
    fn admitted_by(&self, filter: &MenuOptionFilter) -> bool {
        self.details.is_active || filter.include_inactive
    }
    fn sort_key(&self) -> (i32, MenuOptionId) {
        (self.details.sort_order, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{broken, keeper, store_scope};
    use crate::menu::MenuDetails;
    use musubi_kernel::access::Caller;
    use musubi_kernel::receipt::NoReceipt;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: MenuOptionDetails = serde_json::from_str(r#"{"name":"Head spa"}"#).unwrap();
        assert_eq!(wire, MenuOptionDetails::new("Head spa"));
    }

    #[test]
    fn rules() {
        let with = |change: fn(&mut MenuOptionDetails)| {
            let mut details = MenuOptionDetails::new("Head spa");
            change(&mut details);
            broken::<MenuOption>(&details)
        };
        assert_eq!(with(|_| ()), []);
        assert_eq!(with(|d| d.name = " ".into()), [("/name".into(), "blank")]);
        assert_eq!(with(|d| d.price = Amount(-500)), []);
        assert_eq!(with(|d| d.price = Amount(-100_000_001)), [("/price".into(), "out_of_range")]);
        assert_eq!(with(|d| d.duration = -1), [("/duration".into(), "out_of_range")]);
        assert_eq!(with(|d| d.duration = 1441), [("/duration".into(), "out_of_range")]);
    }

    #[tokio::test]
    async fn options_are_a_menus_own() {
        let (caller, ours, theirs) = (Caller::system(), store_scope(1, 1), store_scope(2, 2));
        let menus = keeper::<Menu>();
        let details = MenuDetails::new("Cut", 60, Amount(5500));
        let cut = menus.create(&caller, &ours, details.clone(), &NoReceipt).await.unwrap();
        let perm = menus.create(&caller, &ours, details, &NoReceipt).await.unwrap();
        assert_eq!(cut.options(&theirs), Err(EntityError::NotFound("menu")));
        let options = keeper::<MenuOption>();
        let (with_cut, with_perm) = (cut.options(&ours).unwrap(), perm.options(&ours).unwrap());
        let spa = options.create(&caller, &with_cut, MenuOptionDetails::new("Head spa"), &NoReceipt).await.unwrap();
        assert_eq!(options.get(&with_perm, spa.id).await, Err(EntityError::NotFound("menu_option")));
        options.remove(&caller, &with_cut, spa.id, Some(1)).await.unwrap();
        assert_eq!(options.get(&with_cut, spa.id).await, Err(EntityError::NotFound("menu_option")));
    }
}
