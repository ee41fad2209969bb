//! What is told, one by one and as a list.

use super::{Told, at, new_id, told};
use crate::contract::World;
use chrono::{Months, TimeDelta};
use musubi_kernel::error::StoreError;
use musubi_kernel::page::PageRequest;
use musubi_kernel::secret::{Cipher as _, Place};
use musubi_notification::channel::{Channel, Recipient};
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::status::{Needless, NotificationStatusCode};
use musubi_notification::notification::{About, Content, Notification};
use musubi_notification::ports::NotificationFilter;
use musubi_sql::retention::RETENTIONS;
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::Query;

told!(
    a_life_comes_back_as_it_was_written,
    a_key_is_planned_once,
    whoever_comes_late_has_lost,
    a_provider_names_its_messages,
    lists_show_the_youngest_first,
);
on_each_engine!(recipients_and_texts_are_sealed, what_was_sent_is_kept_for_half_a_year);

async fn a_life_comes_back_as_it_was_written(told: Told) {
    let (new, job) = told.reminder(0, "a");
    assert_eq!(told.store.add(&told.ours, &new, &job).await, Ok(true));
    assert_eq!(told.jobs().await, [new.id.to_string()]);
    assert_eq!(told.found(new.id).await, new);
    assert_eq!(told.store.find(&told.theirs, new.id).await, Ok(None));
    let sms = Recipient::Sms("+819012345678".to_owned());
    let content =
        || Content { subject: Some("明日 🌸".to_owned()), text: "お待ちして\nおります".to_owned() };
    let postponed = new.postponed(at(70), Some(at(69)), at(61)).unwrap();
    let tried = postponed.clone().tried(at(70)).unwrap();
    let redirected = tried.clone().redirected(sms, "no such mailbox", at(71)).unwrap();
    let again = redirected.clone().tried(at(71)).unwrap().again(at(90), "busy", at(72));
    let again = Notification { version: redirected.version + 1, ..again.unwrap() };
    let sent = again.clone().accepted(content(), Some("SM1".to_owned()), at(91)).unwrap();
    let delivered = sent.clone().delivered(at(95)).unwrap();
    for step in [postponed, tried, redirected, again, sent, delivered] {
        told.save(&step).await;
        assert_eq!(told.found(step.id).await, step);
    }
    let (other, _) = told.reminder(1, "b");
    told.add(&other).await;
    let cancelled = other.cancelled(Needless::BookingCancelled, at(5)).unwrap();
    told.save(&cancelled).await;
    assert_eq!(told.found(cancelled.id).await, cancelled);
    let (third, _) = told.reminder(1, "c");
    let offer = About::Offer { promotion: new_id() };
    let third = Notification { kind: NotificationKind::Promotional, about: offer, ..third };
    told.add(&third).await;
    let failed = third.failed("nobody there", at(6)).unwrap();
    told.save(&failed).await;
    assert_eq!(told.found(failed.id).await, failed);
}

async fn a_key_is_planned_once(told: Told) {
    let (first, _) = told.reminder(0, "same");
    told.add(&first).await;
    let (second, job) = told.reminder(1, "same");
    assert_eq!(told.store.add(&told.ours, &second, &job).await, Ok(false));
    assert_eq!(told.store.find(&told.ours, second.id).await, Ok(None));
    assert_eq!(told.jobs().await, [first.id.to_string()]);
}

async fn whoever_comes_late_has_lost(told: Told) {
    let (new, _) = told.reminder(0, "a");
    told.add(&new).await;
    let tried = new.clone().tried(at(61)).unwrap();
    told.save(&tried).await;
    let late = new.cancelled(Needless::Declined, at(62)).unwrap();
    assert_eq!(told.store.save(&told.ours, &late, Some(&told.job(&late))).await, Err(StoreError::Conflict));
    assert_eq!(told.found(tried.id).await, tried);
    // The job that sends it can be asked for again, and is there once.
    let failed = tried.failed("no", at(63)).unwrap();
    told.store.save(&told.ours, &failed, Some(&told.job(&failed))).await.unwrap();
    assert_eq!(told.jobs().await, [failed.id.to_string()]);
}

async fn a_provider_names_its_messages(told: Told) {
    let content = Content { subject: None, text: "はい".to_owned() };
    let mut sent = Vec::new();
    for (key, name) in [("a", "M1"), ("b", "M2")] {
        let (new, _) = told.reminder(0, key);
        told.add(&new).await;
        sent.push(new.accepted(content.clone(), Some(name.to_owned()), at(61)).unwrap());
        told.save(sent.last().unwrap()).await;
    }
    let named = async |scope, channel, name| told.store.named_by_provider(scope, channel, name).await.unwrap();
    assert_eq!(named(&told.ours, Channel::Email, "M2").await.as_ref(), sent.last());
    for (scope, channel, name) in
        [(&told.ours, Channel::Email, "M\0"), (&told.ours, Channel::Sms, "M2"), (&told.theirs, Channel::Email, "M2")]
    {
        assert_eq!(named(scope, channel, name).await, None);
    }
}

async fn lists_show_the_youngest_first(told: Told) {
    let mut all = Vec::new();
    for (number, booking) in [0, 1, 0, 1, 0].into_iter().enumerate() {
        let (new, _) = told.reminder(booking, &number.to_string());
        told.add(&new).await;
        all.push(new.id);
    }
    all.reverse();
    let failed = told.found(all[1]).await.failed("no", at(1)).unwrap();
    told.save(&failed).await;
    let listed = async |filter: NotificationFilter| {
        let (mut seen, mut page) = (Vec::new(), PageRequest { limit: 2, after: None });
        loop {
            let found = told.store.list(&told.ours, &filter, &page).await.unwrap();
            seen.extend(found.items.iter().map(|one| one.id));
            let Some(next) = found.next else { break seen };
            page.after = Some(next);
        }
    };
    let none = NotificationFilter::default;
    assert_eq!(listed(none()).await, all);
    for (filter, expected) in [
        (NotificationFilter { status: Some(NotificationStatusCode::Failed), ..none() }, vec![all[1]]),
        (NotificationFilter { booking: Some(told.bookings[1]), ..none() }, vec![all[1], all[3]]),
        (NotificationFilter { customer: Some(told.customer), ..none() }, all.clone()),
        (NotificationFilter { kind: Some(NotificationKind::Promotional), ..none() }, vec![]),
        (
            NotificationFilter {
                channel: Some(Channel::Email),
                status: Some(NotificationStatusCode::Pending),
                ..none()
            },
            {
                let mut waiting = all.clone();
                waiting.remove(1);
                waiting
            },
        ),
    ] {
        assert_eq!(listed(filter.clone()).await, expected, "{filter:?}");
    }
    let theirs = told.store.list(&told.theirs, &none(), &PageRequest::default()).await.unwrap();
    assert!(theirs.items.is_empty() && theirs.next.is_none());
}

async fn recipients_and_texts_are_sealed(test: TestDb) {
    drop(World::over(&test.store()));
    let told = Told::over(&test).await;
    let (new, _) = told.reminder(0, "a");
    told.add(&new).await;
    let content = Content { subject: Some("件名".to_owned()), text: "本文".to_owned() };
    told.save(&new.accepted(content, None, at(61)).unwrap()).await;
    let columns = ["recipient", "subject", "message_content"];
    let query = Query::select().column("id").columns(columns).from("notifications").to_owned();
    let row = test.db.optional(&query).await.unwrap().unwrap();
    let row_id = row.get("id").unwrap();
    for (column, holds) in columns.into_iter().zip(["hanako@example.jp", "件名", "本文"]) {
        let sealed: Vec<u8> = row.get(column).unwrap();
        assert!(!sealed.windows(holds.len()).any(|part| part == holds.as_bytes()), "{column}");
        let place = Place { table: "notifications", column, row: row_id };
        assert_eq!(key_ring().open(place, &sealed).unwrap().as_slice(), holds.as_bytes());
    }
    let sealed: Vec<_> = musubi_sql::sealed::COLUMNS.iter().filter(|(table, _)| *table == "notifications").collect();
    assert_eq!(sealed.len(), columns.len());
}

async fn what_was_sent_is_kept_for_half_a_year(test: TestDb) {
    let told = Told::over(&test).await;
    let mut notifications = Vec::new();
    for key in ["waits", "sent", "delivered", "failed", "cancelled"] {
        let (new, _) = told.reminder(0, key);
        told.add(&new).await;
        notifications.push(new);
    }
    let content = || Content { subject: None, text: "明日です".to_owned() };
    let tried = |n: usize| notifications[n].clone().tried(at(60)).unwrap();
    let sent = |n| tried(n).accepted(content(), None, at(61)).unwrap();
    for step in [tried(1), sent(1), tried(2), sent(2), sent(2).delivered(at(62)).unwrap(), tried(3)] {
        told.save(&step).await;
    }
    told.save(&tried(3).failed("no such mailbox", at(61)).unwrap()).await;
    told.save(&notifications[4].clone().cancelled(Needless::BookingCancelled, at(5)).unwrap()).await;

    let sent = RETENTIONS.iter().find(|one| one.table == "notifications").unwrap();
    let half_a_year = at(0).checked_add_months(Months::new(6)).unwrap();
    assert_eq!(sent.apply(&test.db, half_a_year).await, Ok(0));
    assert_eq!(sent.apply(&test.db, half_a_year + TimeDelta::milliseconds(1)).await, Ok(2));
    let page = PageRequest { limit: 10, after: None };
    let left = told.store.list(&told.ours, &NotificationFilter::default(), &page).await.unwrap();
    let mut keys: Vec<_> = left.items.iter().map(|one| one.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["cancelled", "failed", "waits"]);
}
