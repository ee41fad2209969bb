//! People's own lists in memory.

use super::{NotificationsInMemory, State};
use crate::channel::Recipient;
use crate::inbox::{Entry, InboxStore};
use crate::notification::Notification;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::PersonScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::NotificationId;
use musubi_kernel::page::{Page, PageRequest};
use std::cmp::Reverse;

/// Whether it is an entry of a person's list; stores in memory have no names.
fn entry(person: &PersonScope, one: &Notification) -> Option<Entry> {
    let at = one.status.sent_at().filter(|_| one.recipient == Recipient::InApp(person.user()))?;
    let content = one.content.clone()?;
    Some(Entry {
        id: one.id,
        store_id: one.store,
        store_name: String::new(),
        kind: one.kind,
        booking_id: one.booking(),
        title: content.subject.unwrap_or_default(),
        text: content.text,
        at,
        read_at: one.read_at,
    })
}

impl State {
    fn entries(&self, person: &PersonScope) -> Vec<Entry> {
        let mut entries: Vec<_> = self.rows.values().filter_map(|one| entry(person, one)).collect();
        entries.sort_by_key(|entry| Reverse((entry.at, entry.id)));
        entries
    }

    fn read(&mut self, id: NotificationId, at: DateTime<Utc>) {
        if let Some(one) = self.rows.get_mut(&id) {
            *one = one.clone().read(at);
        }
    }
}

#[async_trait]
impl InboxStore for NotificationsInMemory {
    async fn page(
        &self,
        person: &PersonScope,
        only_unread: bool,
        page: &PageRequest,
    ) -> Result<Page<Entry>, EntityError> {
        let before: Option<(DateTime<Utc>, NotificationId)> = page.position()?;
        let mut entries = self.state().entries(person);
        entries.retain(|entry| !(only_unread && entry.read_at.is_some()));
        entries.retain(|entry| before.is_none_or(|before| (entry.at, entry.id) < before));
        entries.truncate(page.limit as usize + 1);
        Ok(Page::of(entries, page.limit, |entry| (entry.at, entry.id)))
    }

    async fn unread(&self, person: &PersonScope) -> Result<u64, StoreError> {
        Ok(self.state().entries(person).iter().filter(|entry| entry.read_at.is_none()).count() as u64)
    }

    async fn mark_read(&self, person: &PersonScope, id: NotificationId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut state = self.state();
        let is_theirs = state.entries(person).iter().any(|entry| entry.id == id);
        if is_theirs {
            state.read(id, at);
        }
        Ok(is_theirs)
    }

    async fn mark_all_read(
        &self,
        person: &PersonScope,
        until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let unread: Vec<_> = state.entries(person).into_iter().filter(|entry| entry.read_at.is_none()).collect();
        let came: Vec<_> = unread.iter().filter(|entry| entry.at <= until).map(|entry| entry.id).collect();
        for id in &came {
            state.read(*id, at);
        }
        Ok(came.len() as u64)
    }
}
