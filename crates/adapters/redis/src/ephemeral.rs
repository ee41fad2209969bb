//! What lasts for minutes: each operation is one script, so they come one after the other.
//!
//! An entry ends by the clock of who asks, as in the other stores, and is deleted by Redis's own at about that time. A
//! fail-over of Redis can lose what was written last: then somebody signs in again, or has a try more.

use crate::{PATIENCE, Redis, RedisError};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::ephemeral::{Counted, CountedAll, Counter, Ephemeral};
use musubi_kernel::error::StoreError;
use redis::{FromRedisValue, Script};
use std::sync::Arc;

const PREFIX: &str = "musubi:";

/// Of every script: whether the entry lives. Times are microseconds, which Redis's numbers hold exactly.
const LIVES: &str = r"
local function lives(now)
  local ends = tonumber(redis.call('HGET', KEYS[1], 'ends'))
  return ends ~= nil and ends > tonumber(now)
end
";

const PUT: &str = r"
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'tries', 0, 'ends', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
";

const GET: &str = r"
if not lives(ARGV[1]) then return false end
return redis.call('HGET', KEYS[1], 'value')
";

const TAKE: &str = r"
local value = lives(ARGV[1]) and redis.call('HGET', KEYS[1], 'value')
redis.call('DEL', KEYS[1])
return value
";

const ATTEMPT: &str = r"
if not lives(ARGV[1]) then return false end
if tonumber(redis.call('HGET', KEYS[1], 'tries')) >= tonumber(ARGV[2]) then return false end
redis.call('HINCRBY', KEYS[1], 'tries', 1)
return redis.call('HGET', KEYS[1], 'value')
";

/// Answers with the number of the try, and 0; or with 0, and when the entry ends.
const COUNT: &str = r"
if not lives(ARGV[1]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'value', '', 'tries', 1, 'ends', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {1, 0}
end
if tonumber(redis.call('HGET', KEYS[1], 'tries')) >= tonumber(ARGV[2]) then
  return {0, tonumber(redis.call('HGET', KEYS[1], 'ends'))}
end
return {redis.call('HINCRBY', KEYS[1], 'tries', 1), 0}
";

const UNCOUNT: &str = r"
if lives(ARGV[1]) and tonumber(redis.call('HGET', KEYS[1], 'tries')) > 0 then
  redis.call('HINCRBY', KEYS[1], 'tries', -1)
end
return 1
";

/// For several: of each counter the most, its end and how long it is kept. Answers with 0; or with the place of the first
/// that is full, and when it ends.
const COUNT_ALL: &str = r"
local live = {}
for i, key in ipairs(KEYS) do
  local tries, ends = unpack(redis.call('HMGET', key, 'tries', 'ends'))
  live[i] = ends and tonumber(ends) > tonumber(ARGV[1])
  if live[i] and tonumber(tries) >= tonumber(ARGV[3 * i - 1]) then return {i, tonumber(ends)} end
end
for i, key in ipairs(KEYS) do
  if live[i] then
    redis.call('HINCRBY', key, 'tries', 1)
  else
    redis.call('DEL', key)
    redis.call('HSET', key, 'value', '', 'tries', 1, 'ends', ARGV[3 * i])
    redis.call('PEXPIRE', key, ARGV[3 * i + 1])
  end
end
return {0, 0}
";

/// Takes one back of the first keys, so many, and removes the others.
const GIVE_BACK: &str = r"
for i, key in ipairs(KEYS) do
  if i > tonumber(ARGV[2]) then
    redis.call('DEL', key)
  else
    local tries, ends = unpack(redis.call('HMGET', key, 'tries', 'ends'))
    if ends and tonumber(ends) > tonumber(ARGV[1]) and tonumber(tries) > 0 then
      redis.call('HINCRBY', key, 'tries', -1)
    end
  end
end
return 1
";

const REMOVE: &str = "return redis.call('DEL', KEYS[1])";

/// Entries in Redis, under `musubi:` and their key.
#[derive(Debug, Clone)]
pub struct SharedEphemeral {
    redis: Redis,
    scripts: Arc<Scripts>,
}

#[derive(Debug)]
struct Scripts {
    put: Script,
    get: Script,
    take: Script,
    attempt: Script,
    count: Script,
    uncount: Script,
    remove: Script,
    count_all: Script,
    give_back: Script,
}

impl SharedEphemeral {
    /// Entries in this Redis.
    pub fn new(redis: Redis) -> Self {
        let script = |text: &str| Script::new(&format!("{LIVES}{text}"));
        let scripts = Scripts {
            put: script(PUT),
            get: script(GET),
            take: script(TAKE),
            attempt: script(ATTEMPT),
            count: script(COUNT),
            uncount: script(UNCOUNT),
            remove: script(REMOVE),
            count_all: Script::new(COUNT_ALL),
            give_back: Script::new(GIVE_BACK),
        };
        Self { redis, scripts: Arc::new(scripts) }
    }

    async fn run<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&str]) -> Result<T, StoreError> {
        self.run_over(script, &[key], arguments).await
    }

    async fn run_over<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<T, StoreError> {
        let mut connection = self.redis.0.clone();
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(format!("{PREFIX}{key}"));
        }
        for argument in arguments {
            call.arg(argument);
        }
        let asked = tokio::time::timeout(PATIENCE, call.invoke_async::<T>(&mut connection)).await;
        let answer = asked.map_err(|_| RedisError::Away("no answer in time".to_owned()));
        let answer = answer.and_then(|answer| answer.map_err(|error| RedisError::Away(error.to_string())));
        answer.map_err(|error| StoreError::EphemeralUnavailable(error.to_string()))
    }
}

/// An instant as the scripts read it.
fn micros(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}

/// An instant as the scripts tell it.
fn instant(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    let at = DateTime::from_timestamp_micros(micros);
    at.ok_or_else(|| StoreError::Corrupt("an entry in Redis ends at no time".to_owned()))
}

/// For how many milliseconds Redis keeps an entry: rounded up, so that it does not end too early.
fn kept_for(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let rest = expires_at - now + TimeDelta::microseconds(999);
    rest.num_milliseconds().max(1).to_string()
}

#[async_trait]
impl Ephemeral for SharedEphemeral {
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let arguments = [value, &micros(expires_at), &kept_for(expires_at, now)];
        self.run::<i64>(&self.scripts.put, key, &arguments).await.map(drop)
    }

    async fn get(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        self.run(&self.scripts.get, key, &[&micros(now)]).await
    }

    async fn take(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        self.run(&self.scripts.take, key, &[&micros(now)]).await
    }

    async fn attempt(&self, key: &str, most: u32, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        self.run(&self.scripts.attempt, key, &[&micros(now), &most.to_string()]).await
    }

    async fn count(
        &self,
        key: &str,
        most: u32,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError> {
        let arguments = [&*micros(now), &most.to_string(), &micros(expires_at), &kept_for(expires_at, now)];
        let (tries, ends): (u32, i64) = self.run(&self.scripts.count, key, &arguments).await?;
        if tries > 0 {
            return Ok(Counted::Within(tries));
        }
        Ok(Counted::Full { until: instant(ends)? })
    }

    async fn count_all(&self, counters: &[Counter], now: DateTime<Utc>) -> Result<CountedAll, StoreError> {
        let keys: Vec<_> = counters.iter().map(|counter| counter.key.as_str()).collect();
        let mut arguments = vec![micros(now)];
        for Counter { most, expires_at, .. } in counters {
            arguments.extend([most.to_string(), micros(*expires_at), kept_for(*expires_at, now)]);
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let (place, ends): (usize, i64) = self.run_over(&self.scripts.count_all, &keys, &arguments).await?;
        match place.checked_sub(1) {
            None => Ok(CountedAll::Within),
            Some(which) => Ok(CountedAll::Full { which, until: instant(ends)? }),
        }
    }

    async fn give_back(&self, counted: &[String], removed: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
        let keys: Vec<_> = counted.iter().chain(removed).map(String::as_str).collect();
        let arguments = [&*micros(now), &counted.len().to_string()];
        self.run_over::<i64>(&self.scripts.give_back, &keys, &arguments).await.map(drop)
    }

    async fn uncount(&self, key: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.run::<i64>(&self.scripts.uncount, key, &[&micros(now)]).await.map(drop)
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.run::<i64>(&self.scripts.remove, key, &[]).await.map(drop)
    }

    /// Redis deletes what has ended by itself.
    async fn clear(&self, _: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(0)
    }
}
