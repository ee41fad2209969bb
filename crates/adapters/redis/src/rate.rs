//! Counting calls with the generic cell rate algorithm, in one step on Redis's own clock.

use crate::{PATIENCE, Redis, RedisError};
use redis::Script;
use std::num::NonZeroU32;
use std::time::Duration;

/// Keeps one number a client: the time at which it will have paid for all its calls. Answers with the microseconds that
/// the client must wait; 0: the call is counted.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = tonumber(redis.call('GET', KEYS[1]) or now)
if paid < now then paid = now end
local next_paid = paid + interval
local wait = next_paid - now - interval * burst
if wait > 0 then return string.format('%.0f', wait) end
redis.call('SET', KEYS[1], string.format('%.0f', next_paid), 'PX', math.ceil((next_paid - now) / 1000))
return '0'
";

/// How often each client may call, over all servers that share this Redis.
#[derive(Debug, Clone)]
pub struct SharedRate {
    redis: Redis,
    script: std::sync::Arc<Script>,
    interval: u64,
    burst: u32,
}

impl SharedRate {
    /// `per_minute` calls of each client over time, `burst` of them at once.
    pub fn new(redis: Redis, per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        // Redis keeps nothing for no time at all.
        let interval = (60_000_000 / u64::from(per_minute.get())).max(1);
        Self { redis, script: std::sync::Arc::new(Script::new(SCRIPT)), interval, burst: burst.get() }
    }

    /// Counts one call of `client`; `Some`: it is one too many, and this long it should wait.
    pub async fn count(&self, client: &str) -> Result<Option<Duration>, RedisError> {
        let mut connection = self.redis.0.clone();
        let mut call = self.script.prepare_invoke();
        call.key(format!("musubi:rate:{client}")).arg(self.interval).arg(self.burst);
        let asked = tokio::time::timeout(PATIENCE, call.invoke_async::<u64>(&mut connection)).await;
        let wait = asked
            .map_err(|_| RedisError::Away("no answer in time".to_owned()))?
            .map_err(|error| RedisError::Away(error.to_string()))?;
        Ok((wait > 0).then(|| Duration::from_micros(wait)))
    }
}
