//! Customers.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, object, pages};
use musubi_customer::customer::{Customer, CustomerFilter, Standing};
use musubi_customer::details::{CustomerDetails, Gender, LoyaltyRank};
use musubi_kernel::entity::Entity as _;
use musubi_kernel::error::EntityError;
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::record::{Change, Record};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::Query;

contract!(live, standing, page, search, line_users);
on_each_engine!(contact_data_is_sealed);

fn plain() -> CustomerDetails {
    CustomerDetails::named("山田")
}

fn full() -> CustomerDetails {
    CustomerDetails {
        line_user_id: Some("U1234567890".into()),
        line_display_name: Some("はな🌸".into()),
        line_picture_url: Some("https://example.jp/hana.png".into()),
        name: Some("山田 花子".into()),
        name_kana: Some("やまだ　ﾊﾅｺ".into()),
        phone: Some("090-1234-5678".parse().unwrap()),
        email: Some("Hanako@Example.jp".parse().unwrap()),
        birthday: chrono::NaiveDate::from_ymd_opt(2000, 2, 29),
        gender: Some(Gender::Other),
        address: Some("東京都渋谷区\n1-2-3".into()),
        notes: Some("prefers mornings".into()),
        allergies: Some("そば".into()),
        preferences: Some(object()),
        loyalty_rank: LoyaltyRank::Premium,
        is_restricted: true,
        restriction_until: Some("2026-12-31T15:00:00.000001Z".parse().unwrap()),
        notification_settings: Some(object()),
        is_active: false,
    }
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    assert_nothing_is_default(&plain(), &full(), &[]);
    behaves(&world, &world.customers, (&own, &foreign), plain(), full()).await;
}

async fn standing(world: World) {
    let scope = world.shop("shop").await;
    let customer = world.add(&world.customers, &scope, full()).await;
    let at = |text: &str| Some(text.parse().unwrap());
    let standing = Standing {
        total_bookings: 12,
        total_spent: Amount(i64::from(i32::MAX) * 1000),
        no_show_count: 2,
        last_no_show_at: at("2026-01-02T03:04:05.000006Z"),
        first_visit_at: at("2020-01-02T03:04:05Z"),
        last_visit_at: at("2026-03-04T05:06:07.5Z"),
    };
    let changed = Customer { standing, version: 2, ..customer };
    let change = Change {
        kind: "customer.updated".into(),
        subject_kind: "customer",
        subject: changed.id.into(),
        tenant: Some(scope.tenant()),
        store: Some(scope.store()),
        caller: &world.caller,
        at: changed.updated_at,
    };
    let record = Record::of(&*world.ids, &change, None::<&()>, Some(&changed.public_record()));
    world.customers.update(&scope, &changed, &record, None).await.unwrap();
    assert_eq!(world.customers.find(&scope, changed.id).await, Ok(Some(changed.clone())));

    // What callers change leaves it as it is.
    let keeper = world.keeper(&world.customers);
    let renamed = keeper.update(&world.caller, &scope, changed.id, Some(2), |_| Ok(plain())).await.unwrap();
    assert_eq!(renamed.standing, standing);
    assert_eq!(world.customers.find(&scope, changed.id).await, Ok(Some(renamed)));
}

async fn page(world: World) {
    let scope = world.shop("shop").await;
    pages(&world, &world.customers, &scope, |index| CustomerDetails::named(format!("customer {index}"))).await;
}

async fn search(world: World) {
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    let hanako = CustomerDetails { is_active: true, ..full() };
    world.add(&world.customers, &theirs, hanako.clone()).await;
    let hanako = world.add(&world.customers, &ours, hanako).await.id;
    let john = world.add(&world.customers, &ours, CustomerDetails::named("John_Smith 100%")).await.id;
    let away = CustomerDetails { is_active: false, ..CustomerDetails::named("Johanna") };
    let away = world.add(&world.customers, &ours, away).await.id;
    let on_line = CustomerDetails { line_user_id: Some("u1".into()), ..CustomerDetails::default() };
    let on_line = world.add(&world.customers, &ours, on_line).await.id;

    let any = CustomerFilter::default;
    let named = |name: &str| CustomerFilter { name: Some(name.into()), ..any() };
    let phone = |phone: &str| CustomerFilter { phone: Some(phone.parse().unwrap()), ..any() };
    let email = |email: &str| CustomerFilter { email: Some(email.parse().unwrap()), ..any() };
    let user = |user: &str| CustomerFilter { line_user_id: Some(user.into()), ..any() };
    for (filter, expected) in [
        (any(), vec![hanako, john, on_line]),
        (CustomerFilter { include_inactive: true, ..any() }, vec![hanako, john, away, on_line]),
        (named("山田花"), vec![hanako]),
        (named("山田　花子"), vec![hanako]),
        (named("花子"), vec![]),
        (named("ヤマダ"), vec![hanako]),
        (named("やまだはな"), vec![hanako]),
        (named("ﾔﾏﾀﾞ ﾊ"), vec![hanako]),
        (named("ＪＯＨＮ"), vec![john]),
        (CustomerFilter { include_inactive: true, ..named("joh") }, vec![john, away]),
        (named("john_smith1"), vec![john]),
        (named("j%"), vec![]),
        (named("j_hn"), vec![]),
        (named("' OR 1=1 --"), vec![]),
        (named("john\0"), vec![john]),
        (named(""), vec![hanako, john]),
        (named(&"長".repeat(400)), vec![]),
        (phone("+81 (0)90-1234-5678"), vec![hanako]),
        (phone("090-1234-5679"), vec![]),
        (email("HANAKO@example.jp"), vec![hanako]),
        (email("hanako@example.com"), vec![]),
        (user("U1234567890"), vec![hanako]),
        (user("u1234567890"), vec![]),
        (user("U1234567890 "), vec![]),
        (user("U1\0"), vec![]),
        (user("u1"), vec![on_line]),
        (CustomerFilter { name: Some("やまだ".into()), ..phone("09012345678") }, vec![hanako]),
        (CustomerFilter { name: Some("john".into()), ..phone("09012345678") }, vec![]),
    ] {
        let listed = world.list(&world.customers, &ours, &filter).await;
        assert_eq!(listed.iter().map(|customer| customer.id).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn line_users(world: World) {
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    let keeper = world.keeper(&world.customers);
    world.add(&world.customers, &ours, full()).await;
    world.add(&world.customers, &theirs, full()).await;
    let again = keeper.create(&world.caller, &ours, full(), &NoReceipt).await;
    assert_eq!(again, Err(EntityError::Store(Customer::LINE_USER_TAKEN)));
    let other = world.add(&world.customers, &ours, plain()).await;
    let linked = keeper.update(&world.caller, &ours, other.id, None, |_| Ok(full())).await;
    assert_eq!(linked, Err(EntityError::Store(Customer::LINE_USER_TAKEN)));
    // Those whom LINE does not know are no namesakes.
    world.add(&world.customers, &ours, plain()).await;
}

async fn contact_data_is_sealed(on: TestDb) {
    let world = World::over(&on.store());
    let scope = world.shop("shop").await;
    world.add(&world.customers, &scope, full()).await;
    let columns = ["phone", "phone_index", "email", "email_index", "address", "allergies"];
    let query = Query::select().columns(columns).from("customers").to_owned();
    let row = on.db.optional(&query).await.unwrap().expect("the customer");
    for column in columns {
        let kept: Vec<u8> = row.get(column).unwrap();
        for private in ["1234", "anako", "東京", "そば"] {
            assert!(!kept.windows(private.len()).any(|part| part == private.as_bytes()), "{column}");
        }
    }
    for (table, column) in [("audit_log", "after_data"), ("outbox", "payload")] {
        let query = Query::select().column(column).from(table).to_owned();
        for row in on.db.all(&query).await.unwrap() {
            let text: Option<String> = row.get(column).unwrap();
            let text = text.unwrap_or_default();
            for private in ["12345678", "anako@", "東京", "そば", "山田"] {
                assert!(!text.contains(private), "{table}: {text}");
            }
        }
    }
}
