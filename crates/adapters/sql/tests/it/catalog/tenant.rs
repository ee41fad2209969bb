//! Tenants.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, object, pages};
use musubi_catalog::tenant::{PlanType, TenantDetails, TenantFilter, TenantsScope};
use musubi_kernel::access::Permission;

contract!(live, page, filter);

fn full() -> TenantDetails {
    TenantDetails {
        name: "株式会社 花 🌸".into(),
        plan_type: PlanType::Enterprise,
        subscription_expires_at: Some("2027-12-31T14:59:59.999999Z".parse().unwrap()),
        settings: Some(object()),
        is_active: false,
    }
}

async fn live(world: World) {
    let all = TenantsScope::from(world.operator());
    let other = TenantsScope::from(world.tenant().await);
    assert_nothing_is_default(&TenantDetails::new("Hana Inc."), &full(), &[]);
    behaves(&world, &world.tenants, (&all, &other), TenantDetails::new("Hana Inc."), full()).await;
}

async fn page(world: World) {
    let all = TenantsScope::from(world.operator());
    pages(&world, &world.tenants, &all, |index| TenantDetails::new(format!("tenant {index}"))).await;
}

async fn filter(world: World) {
    let all = TenantsScope::from(world.operator());
    let active = world.add(&world.tenants, &all, TenantDetails::new("active")).await;
    let inactive = TenantDetails { is_active: false, ..TenantDetails::new("inactive") };
    let inactive = world.add(&world.tenants, &all, inactive).await;

    let ids = async |scope: &TenantsScope, include_inactive| {
        let listed = world.list(&world.tenants, scope, &TenantFilter { include_inactive }).await;
        listed.into_iter().map(|tenant| tenant.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&all, false).await, [active.id]);
    assert_eq!(ids(&all, true).await, [active.id, inactive.id]);
    let own = world.caller.actor.on_tenant(inactive.id, Permission::TenantRead).unwrap().into();
    assert_eq!(ids(&own, true).await, [inactive.id]);
}
