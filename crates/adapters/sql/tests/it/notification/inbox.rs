//! People's own lists.

use super::{Told, at, new_id, told};
use musubi_kernel::access::{Actor, PersonScope};
use musubi_kernel::id::{SessionId, UserId};
use musubi_kernel::page::PageRequest;
use musubi_notification::inbox::Entry;
use musubi_notification::notification::Content;

told!(a_list_shows_what_has_arrived, an_entry_is_read_once);

fn own(user: UserId) -> PersonScope {
    let session = SessionId(new_id());
    Actor::Person { user, session }.as_person().unwrap()
}

/// So many entries that arrive a second after one another, and one that waits.
async fn arrived(told: &Told, user: UserId, count: i64) -> Vec<musubi_kernel::id::NotificationId> {
    let mut ids = Vec::new();
    for number in 0..=count {
        let new = told.entry(user, &format!("{user}.{number}"));
        told.add(&new).await;
        if number < count {
            let content = Content { subject: Some(format!("件名{number}")), text: "本文".to_owned() };
            told.save(&new.clone().accepted(content, None, at(number)).unwrap()).await;
            ids.push(new.id);
        }
    }
    ids.reverse();
    ids
}

async fn a_list_shows_what_has_arrived(told: Told) {
    let (hanako, taro) = (new_id(), new_id());
    let ids = arrived(&told, hanako, 5).await;
    arrived(&told, taro, 1).await;
    let person = own(hanako);
    let (mut seen, mut page): (Vec<Entry>, _) = (Vec::new(), PageRequest { limit: 2, after: None });
    loop {
        let found = told.inbox.page(&person, false, &page).await.unwrap();
        seen.extend(found.items);
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
    let newest = &seen[0];
    assert_eq!((newest.title.as_str(), newest.text.as_str(), newest.at), ("件名4", "本文", at(4)));
    assert_eq!((newest.store_id, newest.booking_id, newest.read_at), (told.ours.store(), Some(told.bookings[0]), None));
    assert_eq!(told.inbox.unread(&person).await, Ok(5));
    assert_eq!(told.inbox.unread(&own(new_id())).await, Ok(0));
}

async fn an_entry_is_read_once(told: Told) {
    let (hanako, taro): (UserId, UserId) = (new_id(), new_id());
    let ids = arrived(&told, hanako, 4).await;
    let (person, other) = (own(hanako), own(taro));
    assert_eq!(told.inbox.mark_read(&other, ids[0], at(9)).await, Ok(false));
    assert_eq!(told.inbox.mark_read(&person, new_id(), at(9)).await, Ok(false));
    for when in [10, 11] {
        assert_eq!(told.inbox.mark_read(&person, ids[0], at(when)).await, Ok(true));
    }
    assert_eq!(told.found(ids[0]).await.read_at, Some(at(10)));
    // What came after is not read.
    assert_eq!(told.inbox.mark_all_read(&other, at(99), at(12)).await, Ok(0));
    assert_eq!(told.inbox.mark_all_read(&person, at(1), at(12)).await, Ok(2));
    assert_eq!(told.inbox.unread(&person).await, Ok(1));
    let unread = told.inbox.page(&person, true, &PageRequest::default()).await.unwrap();
    assert_eq!(unread.items.iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(told.found(ids[3]).await.read_at, Some(at(12)));
}
