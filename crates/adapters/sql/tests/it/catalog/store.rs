//! Stores, and finding them.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, hours, object, pages, plain_store};
use musubi_catalog::ports::Found;
use musubi_catalog::store::{BookingMode, IndustryType, NoShowPolicy, Store, StoreDetails, StoreFilter, StoresScope};
use musubi_catalog::tenant::{Tenant, TenantDetails, TenantsScope};
use musubi_kernel::access::StoreRef;
use musubi_kernel::error::EntityError;
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::secret::Secret;
use musubi_kernel::zone::Tz;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};

contract!(live, page, one_alone, slugs, slug_race, directory);
on_each_engine!(secrets_are_sealed, damage_is_seen);

fn full(slug: &str) -> StoreDetails {
    let early = OpenInterval { open: "00:00".parse().unwrap(), close: "30:00".parse().unwrap() };
    StoreDetails {
        name: "サロン ハナコ".into(),
        slug: slug.into(),
        display_name: Some("Salon 🌸 Hanako".into()),
        description: Some("line one\nline two\t' \" \\ % _".into()),
        industry_type: IndustryType::School,
        industry_settings: Some(object()),
        phone: Some("03-1234-5678".into()),
        email: Some("salon@example.jp".into()),
        address: Some("東京都渋谷区".into()),
        postal_code: Some("150-0001".into()),
        latitude: Some(35.658_034_123_456_7),
        longitude: Some(-139.701_636_1),
        time_zone: Tz::Australia__Lord_Howe,
        holiday_region: None,
        business_hours: WeeklyHours { sun: vec![early], holiday: None, ..hours() },
        time_slot_interval: 15,
        advance_booking_days: 60,
        accept_same_day_booking: false,
        booking_mode: BookingMode::Manual,
        booking_limit_per_day: 99_999,
        hold_minutes: 5,
        require_customer_info: true,
        no_show_policy: NoShowPolicy { threshold: 2, restrict_days: 30 },
        notification_settings: Some(object()),
        send_booking_notifications: false,
        send_reminder_notifications: false,
        reminder_hours_before: 48,
        line_channel_id: Some("1234567890".into()),
        line_channel_secret: Some(Secret::new("channel-secret")),
        line_access_token: Some(Secret::new("access-token")),
        line_liff_id: Some("liff-id".into()),
        line_integration_active: true,
        logo_url: Some("https://example.jp/logo.png".into()),
        cover_image_url: Some("https://example.jp/cover.png".into()),
        theme_color: "#000000".into(),
        custom_css: Some(object()),
        is_active: false,
        is_public: false,
        settings: Some(object()),
        notes: Some("notes".into()),
        ..plain_store(slug)
    }
}

async fn live(world: World) {
    let own = StoresScope::from(world.tenant().await);
    let foreign = StoresScope::from(world.tenant().await);
    assert_nothing_is_default(&plain_store("plain"), &full("full"), &["currency"]);
    behaves(&world, &world.stores, (&own, &foreign), plain_store("plain"), full("full")).await;
}

async fn page(world: World) {
    let scope = StoresScope::from(world.tenant().await);
    pages(&world, &world.stores, &scope, |index| plain_store(&format!("store-{index}"))).await;
}

async fn one_alone(world: World) {
    let tenant = world.tenant().await;
    let (first, second) = (world.sister(&tenant, "first").await, world.sister(&tenant, "second").await);
    let (keeper, one) = (world.keeper(&world.stores), StoresScope::from(first.clone()));
    assert!(keeper.get(&one, first.store()).await.is_ok());
    assert_eq!(keeper.get(&one, second.store()).await, Err(EntityError::NotFound("store")));
    let ids = async |scope: &StoresScope| {
        let listed = world.list(&world.stores, scope, &StoreFilter::default()).await;
        listed.into_iter().map(|store| store.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&one).await, [first.store()]);
    assert_eq!(ids(&StoresScope::from(tenant)).await, [first.store(), second.store()]);
}

async fn slugs(world: World) {
    let (ours, theirs) = (StoresScope::from(world.tenant().await), StoresScope::from(world.tenant().await));
    let keeper = world.keeper(&world.stores);
    world.add(&world.stores, &ours, plain_store("hanako")).await;
    let taken = keeper.create(&world.caller, &theirs, plain_store("hanako"), &NoReceipt).await;
    assert_eq!(taken, Err(EntityError::Store(Store::SLUG_TAKEN)));
    let other = world.add(&world.stores, &theirs, plain_store("hanako-2")).await;
    let moved = keeper.update(&world.caller, &theirs, other.id, None, |_| Ok(plain_store("hanako"))).await;
    assert_eq!(moved, Err(EntityError::Store(Store::SLUG_TAKEN)));
    let kept = keeper.update(&world.caller, &theirs, other.id, None, |_| Ok(plain_store("hanako-2"))).await;
    assert_eq!(kept.map(|store| store.version), Ok(2));
}

async fn slug_race(world: World) {
    let scope = StoresScope::from(world.tenant().await);
    let keeper = world.keeper(&world.stores);
    let open = || keeper.create(&world.caller, &scope, plain_store("hanako"), &NoReceipt);
    let results: [_; 4] = tokio::join!(open(), open(), open(), open()).into();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let lost = Err(EntityError::Store(Store::SLUG_TAKEN));
    assert_eq!(results.iter().filter(|result| **result == lost).count(), 3, "{results:?}");
}

async fn directory(world: World) {
    let all = TenantsScope::from(world.operator());
    for (index, (tenant_active, is_active, is_public)) in
        [(true, true, true), (false, true, true), (true, false, true), (true, true, false)].into_iter().enumerate()
    {
        let details = TenantDetails { is_active: tenant_active, ..TenantDetails::new("t") };
        let tenant: Tenant = world.add(&world.tenants, &all, details).await;
        let details = StoreDetails { is_active, is_public, ..full(&format!("store-{index}")) };
        let store = world.add(&world.stores, &world.of_tenant(tenant.id).into(), details).await;
        let at = StoreRef { store: store.id, tenant: tenant.id, open_to_public: index == 0 };
        assert_eq!(world.directory.by_id(store.id).await, Ok(Some(at)), "{index}");
        let found = world.directory.by_slug(&store.details.slug).await.unwrap();
        assert_eq!(found, Some(Found { at, store }), "{index}");
    }
    for unknown in ["store-9", "STORE-0", "store-0 ", "store-0\0", "", "störe-0", "' OR 1=1 --"] {
        assert_eq!(world.directory.by_slug(unknown).await, Ok(None), "{unknown:?}");
    }
    assert_eq!(world.directory.by_id(uuid::Uuid::nil().into()).await, Ok(None));
}

async fn secrets_are_sealed(test: TestDb) {
    let world = World::over(&test.store());
    let scope = StoresScope::from(world.tenant().await);
    world.add(&world.stores, &scope, full("hanako")).await;
    let query = Query::select().columns(["line_channel_secret", "line_access_token"]).from("stores").to_owned();
    let row = test.db.optional(&query).await.unwrap().expect("the store");
    for (column, secret) in [("line_channel_secret", "channel-secret"), ("line_access_token", "access-token")] {
        let sealed: Vec<u8> = row.get(column).unwrap();
        assert!(!sealed.windows(6).any(|part| secret.as_bytes().starts_with(part)), "{column}");
    }
}

async fn damage_is_seen(test: TestDb) {
    let world = World::over(&test.store());
    let scope = StoresScope::from(world.tenant().await);
    let store = world.add(&world.stores, &scope, full("hanako")).await;
    for (column, damage, sound) in [
        ("time_zone", "Mars/Base", "Asia/Tokyo"),
        ("business_hours", "[1]", r#"{"mon":[]}"#),
        ("no_show_policy", r#"{"threshold":"x"}"#, "{}"),
    ] {
        for (value, corrupt) in [(damage, true), (sound, false)] {
            let update = Query::update()
                .table("stores")
                .value(column, value)
                .and_where(Expr::col("id").eq(store.id.0))
                .to_owned();
            let mut tx = test.db.begin().await.unwrap();
            tx.exactly_one(&update).await.unwrap();
            tx.commit().await.unwrap();
            let found = world.stores.find(&scope, store.id).await;
            let named = matches!(&found, Err(musubi_kernel::error::StoreError::Corrupt(what)) if what.starts_with(&format!("stores.{column}")));
            assert_eq!(named, corrupt, "{column}: {found:?}");
        }
    }
}
