//! A tenant with its store and keys, and what is put into the store.

use super::hours::instant;
use super::{DemoError, House, Tally};
use chrono::NaiveDate;
use musubi_catalog::absence::AbsenceDetails;
use musubi_catalog::calendar::CalendarDayDetails;
use musubi_catalog::menu::MenuDetails;
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::{Resource, ResourceDetails};
use musubi_catalog::store::{StoreDetails, StoresScope};
use musubi_catalog::tenant::{PlanType, TenantDetails, TenantsScope};
use musubi_identity::api_key::NewApiKey;
use musubi_identity::home::KeysScope;
use musubi_kernel::access::{Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId, StoreId, TenantId};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::secret::Secret;

/// What the people at the till may do.
const TILL: [Permission; 6] = [
    Permission::CatalogRead,
    Permission::CustomerRead,
    Permission::CustomerContact,
    Permission::CustomerWrite,
    Permission::BookingRead,
    Permission::BookingWrite,
];

/// A tenant with its store.
pub(super) struct Premises {
    /// The store's name.
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) at: StoreRef,
    /// Leave to work on the store.
    pub(super) scope: StoreScope,
    /// Who runs the business: the tenant's key.
    pub(super) owner: Caller,
    pub(super) owner_key: Secret,
    /// Who stands at the till: the store's key.
    pub(super) staff: Caller,
    pub(super) staff_key: Secret,
    pub(super) resources: Vec<Resource>,
}

/// Whom a menu is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody.
    All,
    /// Women.
    Women,
    /// The young.
    Students,
}

/// How a menu is asked for.
pub(super) struct Demand {
    /// How often, in proportion to the others.
    pub(super) weight: u32,
    /// How many come.
    pub(super) parties: &'static [u32],
    pub(super) audience: Audience,
    /// Who can be nominated.
    pub(super) nominated: Vec<ResourceId>,
    /// Whether people like to come when others do.
    pub(super) sociable: bool,
}

/// A menu of a demo shop.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The menu.
    pub id: MenuId,
    /// Its name.
    pub name: String,
    /// Options that every booking must choose.
    pub required: Vec<MenuOptionId>,
    /// Options that a booking may choose.
    pub optional: Vec<MenuOptionId>,
}

/// A demo shop before its bookings.
pub(super) struct Shop {
    pub(super) premises: Premises,
    pub(super) menus: Vec<(Offered, Demand)>,
    /// Bookings of a day, Monday first.
    pub(super) pace: [u32; 7],
    pub(super) customers: u32,
    /// Tells the shops' dice, names and telephone numbers apart.
    pub(super) number: u32,
    /// What customers write.
    pub(super) wishes: &'static [&'static str],
}

/// A demo shop.
#[derive(Debug)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Its name in links.
    pub slug: String,
    /// Its tenant.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// The tenant's key, which may do everything there.
    pub tenant_key: Secret,
    /// The store's key, for customers and bookings of this store alone.
    pub store_key: Secret,
    /// Menus, in the store's order.
    pub menus: Vec<Offered>,
    /// Resources, in the store's order.
    pub resources: Vec<Resource>,
    /// What its four weeks came to.
    pub tally: Tally,
}

impl Premises {
    /// Founds a business with one store.
    pub(super) async fn found(house: House<'_>, tenant: &str, store: StoreDetails) -> Result<Self, DemoError> {
        let system = Caller::system();
        let name = store.name.clone();
        let slug = store.slug.clone();
        let tenant = TenantDetails { plan_type: PlanType::Standard, ..TenantDetails::new(tenant) };
        let all = TenantsScope::from(system.actor.as_operator()?);
        let tenant = house.catalog.tenants.create(&system, &all, tenant, &NoReceipt).await?.id;

        let keys = KeysScope::from(system.actor.on_tenant(tenant, Permission::KeyManage)?);
        let (owner, owner_key) = key(house, &system, &keys, "demo: business", Permission::ALL).await?;
        let stores = StoresScope::from(owner.actor.on_tenant(tenant, Permission::TenantWrite)?);
        let store = house.catalog.stores.create(&owner, &stores, store, &NoReceipt).await?.id;

        let at = StoreRef { store, tenant, open_to_public: true };
        let keys = KeysScope::from(owner.actor.on_store(&at, Permission::KeyManage)?);
        let (staff, staff_key) = key(house, &owner, &keys, "demo: till", &TILL).await?;
        let scope = owner.actor.on_store(&at, Permission::CatalogWrite)?;
        Ok(Self { name, slug, at, scope, owner, owner_key, staff, staff_key, resources: Vec::new() })
    }

    /// Somebody or something that can be booked.
    pub(super) async fn resource(
        &mut self,
        house: House<'_>,
        details: ResourceDetails,
    ) -> Result<ResourceId, DemoError> {
        let sort_order = i32::try_from(self.resources.len()).unwrap_or(i32::MAX);
        let details = ResourceDetails { sort_order, ..details };
        let resource = house.catalog.resources.create(&self.owner, &self.scope, details, &NoReceipt).await?;
        let id = resource.id;
        self.resources.push(resource);
        Ok(id)
    }

    /// A time at which a resource is away.
    pub(super) async fn absence(
        &self,
        house: House<'_>,
        who: ResourceId,
        date: NaiveDate,
        times: (&str, &str),
        reason: &str,
    ) -> Result<(), DemoError> {
        let Some(resource) = self.resources.iter().find(|one| one.id == who) else { return Ok(()) };
        let (from, to) = (instant(date, times.0), instant(date, times.1));
        let details = AbsenceDetails { from, to, reason: Some(reason.to_owned()) };
        let scope = resource.absences(&self.scope)?;
        house.catalog.absences.create(&self.owner, &scope, details, &NoReceipt).await?;
        Ok(())
    }

    /// A date that differs from the week.
    pub(super) async fn date(
        &self,
        house: House<'_>,
        date: NaiveDate,
        day: CalendarDayDetails,
    ) -> Result<(), DemoError> {
        house.catalog.calendar.put(&self.owner, &self.scope, date, day, None).await?;
        Ok(())
    }

    /// A menu with its options.
    pub(super) async fn menu(
        &self,
        house: House<'_>,
        details: MenuDetails,
        options: Vec<MenuOptionDetails>,
    ) -> Result<Offered, DemoError> {
        let menu = house.catalog.menus.create(&self.owner, &self.scope, details, &NoReceipt).await?;
        let scope = menu.options(&self.scope)?;
        let mut offered = Offered { id: menu.id, name: menu.details.name, required: Vec::new(), optional: Vec::new() };
        for (sort_order, option) in (0..).zip(options) {
            let option = MenuOptionDetails { sort_order, ..option };
            let option = house.catalog.menu_options.create(&self.owner, &scope, option, &NoReceipt).await?;
            let kind = if option.details.is_required { &mut offered.required } else { &mut offered.optional };
            kind.push(option.id);
        }
        Ok(offered)
    }
}

async fn key(
    house: House<'_>,
    maker: &Caller,
    scope: &KeysScope,
    name: &str,
    permissions: &[Permission],
) -> Result<(Caller, Secret), DemoError> {
    let new = NewApiKey { name: name.to_owned(), permissions: permissions.to_vec(), expires_at: None };
    let issued = house.keys.issue(maker, scope, &new, &NoReceipt).await?;
    let caller = Caller { actor: issued.key.actor(), request_id: "demo".to_owned(), ..Caller::system() };
    Ok((caller, issued.secret))
}

impl Shop {
    /// The shop with what its four weeks came to.
    pub(super) fn made(self, tally: Tally) -> Made {
        let Premises { name, slug, at, owner_key, staff_key, resources, .. } = self.premises;
        Made {
            name,
            slug,
            tenant: at.tenant,
            store: at.store,
            tenant_key: owner_key,
            store_key: staff_key,
            menus: self.menus.into_iter().map(|(offered, _)| offered).collect(),
            resources,
            tally,
        }
    }
}
