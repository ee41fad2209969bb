//! Hashing of passwords: [`PasswordPool`] is identity's
//! [`PasswordHasher`](musubi_identity::password_hasher::PasswordHasher).
//!
//! | file | subject |
//! |---|---|
//! | `pool` | who hashes when, and how many at once |
//! | `threads` | the threads that hash |
//! | `settings` | what hashing may cost |
//! | `memory` | the memory that Argon2 works in |
//! | `scheme` | of which kind a kept hash is |
//! | `argon2id` | new hashes |
//! | `bcrypt`, `wordpress` | hashes of people who moved here from elsewhere |

mod argon2id;
mod bcrypt;
mod memory;
mod pool;
mod scheme;
mod settings;
mod threads;
mod wordpress;

pub use pool::PasswordPool;
pub use settings::{BadCost, HashingSettings, MOST_LANES, MOST_MEMORY_KIB, MOST_PASSES, least_memory_kib};
