//! A fake of the [port](super), for tests and for embedding without a database.

use super::{Counted, Ephemeral};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

#[derive(Debug)]
struct Entry {
    value: String,
    tries: u32,
    expires_at: DateTime<Utc>,
}

/// Entries in memory.
#[derive(Debug, Default)]
pub struct EphemeralInMemory(Mutex<BTreeMap<String, Entry>>);

impl EphemeralInMemory {
    /// Keys and values that have not been removed, by key.
    pub fn entries(&self) -> Vec<(String, String)> {
        self.kept().iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect()
    }

    /// Loses everything, as a server does that is started anew.
    pub fn flush(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().expect("no holder panics")
    }
}

fn live<'a>(kept: &'a mut BTreeMap<String, Entry>, key: &str, now: DateTime<Utc>) -> Option<&'a mut Entry> {
    kept.get_mut(key).filter(|entry| now < entry.expires_at)
}

#[async_trait]
impl Ephemeral for EphemeralInMemory {
    async fn put(&self, key: &str, value: &str, expires_at: DateTime<Utc>, _: DateTime<Utc>) -> Result<(), StoreError> {
        self.kept().insert(key.to_owned(), Entry { value: value.to_owned(), tries: 0, expires_at });
        Ok(())
    }

    async fn get(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        Ok(live(&mut self.kept(), key, now).map(|entry| entry.value.clone()))
    }

    async fn take(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        Ok(self.kept().remove(key).filter(|entry| now < entry.expires_at).map(|entry| entry.value))
    }

    async fn attempt(&self, key: &str, most: u32, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        let mut kept = self.kept();
        let Some(entry) = live(&mut kept, key, now).filter(|entry| entry.tries < most) else { return Ok(None) };
        entry.tries += 1;
        Ok(Some(entry.value.clone()))
    }

    async fn count(
        &self,
        key: &str,
        most: u32,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError> {
        let mut kept = self.kept();
        if let Some(entry) = live(&mut kept, key, now) {
            if entry.tries >= most {
                return Ok(Counted::Full { until: entry.expires_at });
            }
            entry.tries += 1;
            return Ok(Counted::Within(entry.tries));
        }
        kept.insert(key.to_owned(), Entry { value: String::new(), tries: 1, expires_at });
        Ok(Counted::Within(1))
    }

    async fn uncount(&self, key: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        if let Some(entry) = live(&mut self.kept(), key, now) {
            entry.tries = entry.tries.saturating_sub(1);
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.kept().remove(key);
        Ok(())
    }

    async fn clear(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let before = kept.len();
        kept.retain(|_, entry| now < entry.expires_at);
        Ok((before - kept.len()) as u64)
    }
}
