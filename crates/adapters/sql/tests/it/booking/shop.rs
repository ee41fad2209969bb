//! What a store offers is what its catalog says.

use super::house::{House, at, every_day, june, scope_of};
use chrono::Days;
use musubi_booking::code::{BookingMode, DayName, Gender, Rank, ResourceKind, ServiceKind};
use musubi_booking::ports::ShopBook as _;
use musubi_booking::service::{Eligibility, PriceChange, Pricing, Requirement, ServiceOption, TimeRule};
use musubi_booking::shop::{CalendarDay as Day, NoShowPolicy as Policy};
use musubi_catalog::absence::{Absence, AbsenceDetails};
use musubi_catalog::calendar::{CalendarDay, CalendarDayDetails, CalendarEntry, HolidayType};
use musubi_catalog::efficiency::EfficiencyRate;
use musubi_catalog::menu::{self, GenderRestriction, MenuDetails, PriceDay, PriceKind, ServiceType, TimePrice};
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::{Resource, ResourceType};
use musubi_catalog::store::{self, NoShowPolicy, Store, StoresScope};
use musubi_catalog::tenant::{Tenant, TenantDetails};
use musubi_kernel::access::{Actor, Permission, StoreScope};
use musubi_kernel::id::{IdGen as _, ResourceId, SystemIds};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::zone::Tz;
use musubi_sql::booking::SqlShops;
use musubi_sql_testing::{TestDb, on_each_engine};

async fn a_store_is_read_with_all_its_rules(test: TestDb) {
    let house = House::new(&test).await;
    let shops = SqlShops::new(test.store());
    let hours =
        musubi_kernel::hours::WeeklyHours { holiday: Some(Vec::new()), tue: Vec::new(), ..every_day("10:30", "26:00") };
    let scope = house.store("full", |store| {
        store.display_name = Some("サロン 🌸".to_owned());
        store.address = Some("東京都\n千代田区".to_owned());
        store.time_zone = Tz::America__New_York;
        store.business_hours = hours.clone();
        store.time_slot_interval = 7;
        store.advance_booking_days = 400;
        store.accept_same_day_booking = false;
        store.booking_limit_per_day = 99_999;
        store.hold_minutes = 3;
        store.booking_mode = store::BookingMode::Manual;
        store.require_customer_info = true;
        store.is_public = false;
        store.no_show_policy = NoShowPolicy { threshold: 2, restrict_days: 7 };
    });
    let scope = scope.await;
    let shop = shops.shop(&scope).await.unwrap().unwrap();
    assert_eq!((shop.id, &*shop.name, shop.address.as_deref()), (scope.store(), "サロン 🌸", Some("東京都\n千代田区")));
    assert_eq!((shop.zone, &shop.hours), (Tz::America__New_York, &hours));
    assert_eq!((shop.slot_interval, shop.advance_booking_days, shop.daily_limit), (7, 400, 99_999));
    assert_eq!(
        (shop.hold_minutes, shop.mode, shop.no_show_policy),
        (3, BookingMode::Manual, Policy { threshold: 2, restrict_days: 7 })
    );
    assert_eq!(
        (shop.accept_same_day, shop.require_customer_info, shop.active, shop.public),
        (false, true, true, false)
    );

    let plain = house.store("plain", |_| ()).await;
    let shop = shops.shop(&plain).await.unwrap().unwrap();
    assert_eq!((&*shop.name, shop.address, shop.mode), ("Salon", None, BookingMode::Auto));
    assert_eq!((shop.accept_same_day, shop.require_customer_info, shop.active, shop.public), (true, false, true, true));
    let stranger = scope_of(SystemIds.uuid(at(super::house::NOW)).into(), plain.store());
    assert_eq!(shops.shop(&stranger).await, Ok(None));
    let closed = house.store("closed", |store| store.is_active = false).await;
    assert!(!shops.shop(&closed).await.unwrap().unwrap().active);

    let tenant = Actor::System.on_tenant(house.tenant, Permission::TenantWrite).unwrap().into();
    let away = |tenant: &Tenant| Ok(TenantDetails { is_active: false, ..tenant.details.clone() });
    house.keeper::<Tenant>().update(&house.caller, &tenant, house.tenant, None, away).await.unwrap();
    assert!(!shops.shop(&plain).await.unwrap().unwrap().active, "its tenant is not");
}
on_each_engine!(a_store_is_read_with_all_its_rules);

fn full_menu(room: ResourceId) -> MenuDetails {
    let mut menu = MenuDetails::new("Cut", 45, Amount(5_500));
    menu.display_name = Some("カット 💇".to_owned());
    menu.service_type = ServiceType::Course;
    (menu.prep_duration, menu.cleanup_duration, menu.buffer_duration) = (5, 10, 15);
    menu.pricing_options = serde_json::from_value(serde_json::json!({
        "per_participant": true, "rank_percent": {"vip": -10, "new": 5}
    }))
    .unwrap();
    (menu.price_varies_by_resource, menu.price_varies_by_time) = (true, true);
    let rule = |days: &[PriceDay], kind, value| TimePrice {
        days: days.to_vec(),
        from: "17:00".parse().unwrap(),
        to: "25:30".parse().unwrap(),
        kind,
        value,
    };
    menu.time_based_pricing = vec![
        rule(&[PriceDay::Sat, PriceDay::Holiday], PriceKind::Percent, -10),
        rule(&[PriceDay::Mon], PriceKind::Amount, 300),
    ];
    menu.requires_resource = true;
    menu.allowed_resource_types = Some(vec![ResourceType::Vehicle, ResourceType::Staff]);
    menu.required_resources = vec![
        menu::Requirement { kind: ResourceType::Room, quantity: 1, resource_ids: Some(vec![room]) },
        menu::Requirement { kind: ResourceType::Equipment, quantity: 2, resource_ids: None },
    ];
    (menu.min_participants, menu.max_participants) = (2, 12);
    (menu.min_age, menu.max_age) = (Some(18), None);
    menu.gender_restriction = GenderRestriction::FemaleOnly;
    (menu.advance_booking_hours, menu.cancellation_hours) = (6, 72);
    (menu.allow_online_booking, menu.require_approval, menu.is_bookable) = (false, true, false);
    menu
}

async fn a_menu_is_read_with_all_its_rules(test: TestDb) {
    let house = House::new(&test).await;
    let shops = SqlShops::new(test.store());
    let scope = house.store("ours", |_| ()).await;
    let room = house.resource(&scope, ResourceType::Room, |_| ()).await;
    let staff = house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let full = house
        .menu(&scope, |menu| *menu = MenuDetails { resource_ids: Some(vec![staff, room]), ..full_menu(room) })
        .await;
    let option = |name: &str, sort_order| MenuOptionDetails { sort_order, ..MenuOptionDetails::new(name) };
    let mut spa = option("スパ 💆", 1);
    (spa.price, spa.duration, spa.is_required) = (Amount(-300), 20, true);
    let second = house.option(&scope, full, spa).await;
    let first = house.option(&scope, full, MenuOptionDetails { is_active: false, ..option("mask", -1) }).await;

    let dates = june(10)..=june(10);
    let service = shops.offering(&scope, full, &dates).await.unwrap().unwrap().service;
    assert_eq!((service.id, &*service.name, service.kind), (full, "カット 💇", ServiceKind::Course));
    assert_eq!((service.base_duration, service.prep, service.cleanup, service.buffer), (45, 5, 10, 15));
    let rule = |days: &[DayName], change| TimeRule {
        days: days.to_vec(),
        from: "17:00".parse().unwrap(),
        to: "25:30".parse().unwrap(),
        change,
    };
    let pricing = Pricing {
        base: Amount(5_500),
        per_participant: true,
        by_time: vec![
            rule(&[DayName::Sat, DayName::Holiday], PriceChange::Percent(-10)),
            rule(&[DayName::Mon], PriceChange::Amount(Amount(300))),
        ],
        by_rank: [(Rank::Vip, -10), (Rank::New, 5)].into(),
        by_resource: true,
    };
    assert_eq!(service.pricing, pricing);
    assert!(service.requires_resource && service.requires_approval && service.active);
    assert!(!service.online && !service.bookable);
    assert_eq!(service.allowed_kinds, Some(vec![ResourceKind::Vehicle, ResourceKind::Staff]));
    let mut allowed = service.allowed_resources.unwrap();
    allowed.sort();
    let mut listed = vec![room, staff];
    listed.sort();
    assert_eq!(allowed, listed);
    assert_eq!(
        service.required_resources,
        [
            Requirement { kind: ResourceKind::Room, quantity: 1, resources: Some(vec![room]) },
            Requirement { kind: ResourceKind::Equipment, quantity: 2, resources: None },
        ]
    );
    assert_eq!(service.participants, (2, 12));
    assert_eq!(service.eligibility, Eligibility { min_age: Some(18), max_age: None, gender: Some(Gender::Female) });
    assert_eq!((service.advance_booking_hours, service.cancellation_hours), (6, 72));
    let of = |id, name: &str, price, duration, required, active| ServiceOption {
        id,
        name: name.to_owned(),
        price,
        duration,
        required,
        active,
    };
    assert_eq!(
        service.options,
        [of(first, "mask", Amount::ZERO, 0, false, false), of(second, "スパ 💆", Amount(-300), 20, true, true)]
    );

    // Rules by time that are not in force are not there; nothing else is, either.
    let plain = house.menu(&scope, |menu| {
        menu.time_based_pricing = full_menu(room).time_based_pricing;
        menu.allowed_resource_types = None;
        menu.is_active = false;
    });
    let service = shops.offering(&scope, plain.await, &dates).await.unwrap().unwrap().service;
    assert_eq!((service.pricing.by_time, service.allowed_kinds, service.allowed_resources), (vec![], None, None));
    assert_eq!((&*service.name, service.active, service.eligibility), ("カット", false, Eligibility::default()));
    assert!(service.required_resources.is_empty() && service.options.is_empty());

    let theirs = house.store("theirs", |_| ()).await;
    assert_eq!(shops.offering(&theirs, full, &dates).await, Ok(None));
}
on_each_engine!(a_menu_is_read_with_all_its_rules);

async fn absence(house: &House, scope: &StoreScope, of: ResourceId, from: &str, to: &str) {
    let resource = house.keeper::<Resource>().get(scope, of).await.unwrap().absences(scope).unwrap();
    let details = AbsenceDetails { from: at(from), to: at(to), reason: None };
    house.keeper::<Absence>().create(&house.caller, &resource, details, &NoReceipt).await.unwrap();
}

async fn resources_come_with_their_absences(test: TestDb) {
    let house = House::new(&test).await;
    let shops = SqlShops::new(test.store());
    let scope = house.store("ours", |_| ()).await;
    let hours = every_day("09:00", "30:00");
    let full = house.resource(&scope, ResourceType::Vehicle, |resource| {
        resource.display_name = Some("バス 🚌".to_owned());
        resource.working_hours = Some(hours.clone());
        resource.efficiency_rate = EfficiencyRate::from_hundredths(125).unwrap();
        resource.hourly_rate_diff = Amount(-600);
        (resource.capacity, resource.sort_order) = (50, 7);
    });
    let full = full.await;
    let plain = house.resource(&scope, ResourceType::Staff, |resource| resource.sort_order = -3).await;
    house.resource(&scope, ResourceType::Staff, |resource| resource.is_active = false).await;
    let menu = house.menu(&scope, |_| ()).await;
    let theirs = house.store("theirs", |_| ()).await;
    house.resource(&theirs, ResourceType::Staff, |_| ()).await;
    absence(&house, &scope, full, "2026-06-10T01:00:00Z", "2026-06-10T03:30:00Z").await;
    absence(&house, &scope, full, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z").await;
    absence(&house, &scope, full, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z").await;
    absence(&house, &scope, full, "2026-06-20T00:00:00Z", "2026-06-21T00:00:00Z").await;

    let found = shops.offering(&scope, menu, &(june(10)..=june(11))).await.unwrap().unwrap().resources;
    let ids: Vec<_> = found.iter().map(|one| one.id).collect();
    assert_eq!(ids, [plain, full], "in their order, active ones of the store alone");
    assert_eq!((found[0].kind, &*found[0].name, &found[0].hours), (ResourceKind::Staff, "資源", &None));
    assert_eq!((found[0].capacity, found[0].efficiency, found[0].sort_order), (1, 100, -3));
    let bus = &found[1];
    assert_eq!((bus.kind, &*bus.name, &bus.hours), (ResourceKind::Vehicle, "バス 🚌", &Some(hours)));
    assert_eq!((bus.capacity, bus.efficiency, bus.hourly_rate_diff, bus.sort_order), (50, 125, -600, 7));
    let mut absences = bus.absences.clone();
    absences.sort();
    let span = |from, to| super::ground::span(at(from), at(to));
    assert_eq!(
        absences,
        [span("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"), span("2026-06-10T01:00:00Z", "2026-06-10T03:30:00Z"),]
    );
}
on_each_engine!(resources_come_with_their_absences);

async fn the_calendar_knows_holidays(test: TestDb) {
    let house = House::new(&test).await;
    let shops = SqlShops::new(test.store());
    let scope = house.store("ours", |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let put = async |date, day| {
        let entry = CalendarEntry { date, day };
        house.keeper::<CalendarDay>().create(&house.caller, &scope, entry, &NoReceipt).await.unwrap();
    };
    let hours = every_day("12:00", "27:30").mon;
    let nothing = CalendarDayDetails::default();
    // July 20, 2026 is Marine Day.
    let july = |day| june(30) + Days::new(day);
    put(july(19), CalendarDayDetails { is_holiday: true, ..nothing.clone() }).await;
    let special = CalendarDayDetails { is_special_hours: true, special_hours: Some(hours.clone()), ..nothing.clone() };
    put(july(20), special).await;
    put(july(21), CalendarDayDetails { holiday_type: Some(HolidayType::NationalHoliday), ..nothing.clone() }).await;
    put(july(22), CalendarDayDetails { holiday_type: Some(HolidayType::SpecialEvent), ..nothing.clone() }).await;
    put(july(25), CalendarDayDetails { is_holiday: true, ..nothing }).await;

    let dates = july(18)..=july(24);
    let day = |closed, special_hours, national_holiday| Day { closed, special_hours, national_holiday };
    let marked = [
        (july(19), day(true, None, false)),
        (july(20), day(false, Some(hours.clone()), true)),
        (july(21), day(false, None, true)),
        (july(22), day(false, None, false)),
    ];
    let calendar = shops.offering(&scope, menu, &dates).await.unwrap().unwrap().calendar;
    assert_eq!(calendar, marked.clone().into());

    let own = StoresScope::from(scope.clone());
    let none = |store: &Store| {
        let mut details = store.details.clone();
        details.holiday_region = None;
        Ok(details)
    };
    house.keeper::<Store>().update(&house.caller, &own, scope.store(), None, none).await.unwrap();
    let calendar = shops.offering(&scope, menu, &dates).await.unwrap().unwrap().calendar;
    assert!(!calendar[&july(20)].national_holiday && calendar[&july(21)].national_holiday);
}
on_each_engine!(the_calendar_knows_holidays);
