//! How many passwords a second the pool checks, beside what Argon2 alone does on as many threads.
//!
//! ```sh
//! cargo run --release -p musubi-crypto --example password_rate -- 10
//! ```
//!
//! The argument is how many rounds there are (5 without it), of a second each way: taken in turns, so that whatever else
//! the machine does slows both alike. 32 callers ask the pool at a time, as 32 connections would.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use musubi_crypto::{HashingSettings, PasswordPool};
use musubi_identity::password_hasher::{PasswordHasher, Verdict};
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::Secret;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLERS: usize = 32;
const TIME: Duration = Duration::from_secs(1);
const PASSWORD: &str = "correct horse battery staple";

fn main() -> Result<(), Box<dyn Error>> {
    let rounds: u32 = std::env::args().nth(1).map_or(Ok(5), |argument| argument.parse())?;
    let settings = HashingSettings::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let (mut raw, mut pooled) = (0.0, 0.0);
    for _ in 0..rounds {
        raw += raw_rate(&settings)? / f64::from(rounds);
        pooled += runtime.block_on(pooled_rate(&settings))? / f64::from(rounds);
    }
    println!("Argon2 alone, {} threads: {raw:.1}/s", settings.at_once);
    println!("the pool, {CALLERS} callers: {pooled:.1}/s, {:.0} % of that", 100.0 * pooled / raw);
    Ok(())
}

/// Hashes a second of threads that do nothing else, each in memory of its own.
fn raw_rate(settings: &HashingSettings) -> Result<f64, Box<dyn Error>> {
    let params = Params::new(settings.memory_kib, settings.passes, settings.lanes, Some(32))
        .map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let start = Instant::now();
    let hash_until_the_end = || {
        let mut memory = vec![Block::default(); params.block_count()];
        let (mut hashes, mut output) = (0_u32, [0; 32]);
        while start.elapsed() < TIME {
            argon2
                .hash_password_into_with_memory(PASSWORD.as_bytes(), &[7; 16], &mut output, &mut memory)
                .expect("a hash");
            hashes += 1;
        }
        hashes
    };
    let hashes: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..settings.at_once.get()).map(|_| scope.spawn(hash_until_the_end)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    Ok(f64::from(hashes) / start.elapsed().as_secs_f64())
}

/// Checks a second by the pool.
async fn pooled_rate(settings: &HashingSettings) -> Result<f64, Box<dyn Error>> {
    let pool = Arc::new(PasswordPool::new(settings, Arc::new(SystemIds))?);
    let hash = pool.hash(&Secret::new(PASSWORD)).await?;
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (pool, hash) = (Arc::clone(&pool), hash.clone());
            tokio::spawn(async move {
                let mut checks = 0_u32;
                while start.elapsed() < TIME {
                    assert_eq!(pool.verify(&Secret::new(PASSWORD), &hash).await, Ok(Verdict::Right));
                    checks += 1;
                }
                checks
            })
        })
        .collect();
    let mut checks = 0;
    for caller in callers {
        checks += caller.await?;
    }
    Ok(f64::from(checks) / start.elapsed().as_secs_f64())
}
