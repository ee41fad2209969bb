//! Stores' own wordings.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, pages};
use musubi_kernel::locale::Locale;
use musubi_notification::channel::Channel;
use musubi_notification::kind::NotificationKind;
use musubi_notification::template::{TemplateDetails, TemplateFilter};

contract!(live, page, filter);

fn plain() -> TemplateDetails {
    TemplateDetails {
        kind: NotificationKind::Reminder,
        channel: Channel::Line,
        language: Locale::Ja,
        name: "Reminder".into(),
        subject: None,
        content: "{{ day }}".into(),
        html: None,
        is_default: false,
        is_active: true,
    }
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    let full = TemplateDetails {
        kind: NotificationKind::BookingCancelled,
        channel: Channel::Email,
        language: Locale::En,
        name: "お知らせ 🌸".into(),
        subject: Some("{{ date }}".into()),
        content: "{{ menu_name }}\n'\"\\".into(),
        html: Some("<b>{{ menu_name }}</b>".into()),
        is_default: true,
        is_active: false,
    };
    assert_nothing_is_default(&plain(), &full, &[]);
    behaves(&world, &world.templates, (&own, &foreign), plain(), full).await;
}

async fn page(world: World) {
    let shop = world.shop("shop").await;
    pages(&world, &world.templates, &shop, |_| plain()).await;
}

async fn filter(world: World) {
    let shop = world.shop("shop").await;
    let line = world.add(&world.templates, &shop, plain()).await.id;
    let sms = world.add(&world.templates, &shop, TemplateDetails { channel: Channel::Sms, ..plain() }).await.id;
    let off = world.add(&world.templates, &shop, TemplateDetails { is_active: false, ..plain() }).await.id;
    let none = TemplateFilter::default;
    for (filter, expected) in [
        (none(), vec![line, sms]),
        (TemplateFilter { include_inactive: true, ..none() }, vec![line, sms, off]),
        (TemplateFilter { channel: Some(Channel::Sms), ..none() }, vec![sms]),
        (TemplateFilter { kind: Some(NotificationKind::ChangeRequest), ..none() }, vec![]),
        (TemplateFilter { language: Some(Locale::En), ..none() }, vec![]),
    ] {
        let listed = world.list(&world.templates, &shop, &filter).await;
        assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}
