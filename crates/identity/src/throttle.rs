//! How often somebody may guess a password, and how many mails may be asked for.
//!
//! | wrong passwords | of | then |
//! |---|---|---|
//! | [`FREE`] | one client at one account | a wait, of one second at first and of [`LONGEST_WAIT`] at most, that doubles each time; it begins anew after [`HOUR`] without a try, and the free ones come back after a [`DAY`] or by the right password |
//! | [`PER_ACCOUNT`] | one account, from everywhere, within [`HOUR`] | every password is refused but the right one of clients with a live session of that person, until the hour ends |
//! | [`PER_CLIENT`] | one client, at all accounts, within [`HOUR`] | none of that client, until the hour ends |
//!
//! A client is what [`client_of`](musubi_kernel::network::client_of) says, an account is the address that was
//! typed, whether or not somebody has it. Tries count from when they begin, so that many at once are not more than as many
//! after another; the right password takes its own back. At a full account who is spared is told of a wrong password what all
//! others are told, after as long and as much written: so nobody learns by it where somebody is signed in.
//!
//! | mails | to or by | then |
//! |---|---|---|
//! | [`MAILS_PER_ADDRESS`] to set a new password | one address within [`HOUR`] | none, and nobody is told so; who asks makes the links that were sent good again |
//! | [`MAILS_PER_ADDRESS`] to register | one address within [`HOUR`], by one client | none, and nobody is told so |
//! | [`MAILS_PER_ADDRESS`] to move to another address | one address within [`HOUR`], of one person | the same |
//! | [`MAILS_FROM_ALL`] of either of these | one address within [`HOUR`], whoever asks | the same |
//! | [`MAILS_PER_CLIENT`] of any kind | one client within [`HOUR`] | the client is refused |
//!
//! | invitations | to or of | then |
//! |---|---|---|
//! | [`INVITATIONS_PER_ADDRESS`] | one address within [`HOUR`], of all stores | whoever sends them is refused |
//! | [`INVITATIONS_PER_STORE`] | one store within [`HOUR`], whoever sends them | the same |

use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use musubi_kernel::secret::Cipher;

/// Wrong passwords of one client at one account that make nobody wait.
pub const FREE: u32 = 5;
/// The longest wait between two tries of one client at one account.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// Wrong passwords at one account within [`HOUR`].
pub const PER_ACCOUNT: u32 = 100;
/// Wrong passwords of one client within [`HOUR`].
pub const PER_CLIENT: u32 = 50;
/// Mails of one kind to one address within [`HOUR`]; of those whose links are one asker's, by that one.
pub const MAILS_PER_ADDRESS: u32 = 3;
/// Mails of one kind to one address within [`HOUR`] by all who ask, where the link of one is good for nothing to another.
pub const MAILS_FROM_ALL: u32 = 10;
/// Mails that one client asks for within [`HOUR`].
pub const MAILS_PER_CLIENT: u32 = 20;
/// Invitations to one address within [`HOUR`].
pub const INVITATIONS_PER_ADDRESS: u32 = 5;
/// Invitations of one store within [`HOUR`]: enough to invite everybody who works there in one go.
pub const INVITATIONS_PER_STORE: u32 = 60;
/// For how long most things count.
pub const HOUR: TimeDelta = TimeDelta::hours(1);
/// For how long tries count that make nobody wait. Longer than waits, so that the patient get no more of them.
pub const DAY: TimeDelta = TimeDelta::days(1);

/// How long a client waits after so many wrong passwords at one account, in a row.
///
/// ```
/// use musubi_identity::throttle::wait_after;
/// let seconds = |failures| wait_after(failures).num_seconds();
/// assert_eq!([4, 5, 6, 7, 14, 15, 99].map(seconds), [0, 1, 2, 4, 512, 900, 900]);
/// ```
pub fn wait_after(failures: u32) -> TimeDelta {
    match failures.checked_sub(FREE) {
        None => TimeDelta::zero(),
        // 1024 seconds are more than the longest wait.
        Some(doublings) => LONGEST_WAIT.min(TimeDelta::seconds(1 << doublings.min(10))),
    }
}

/// The key of a counter. It tells nobody whom it is about.
pub(crate) fn counter_key(cipher: &dyn Cipher, name: &str, about: &str) -> String {
    format!("{name}:{}", HEXLOWER.encode(&cipher.blind_index("throttle", about)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_double_up_to_the_longest(failures in 0_u32..10_000) {
            let (wait, next) = (wait_after(failures), wait_after(failures + 1));
            prop_assert!(wait >= TimeDelta::zero() && next >= wait && next <= LONGEST_WAIT);
            if failures < FREE {
                prop_assert_eq!(wait, TimeDelta::zero());
            } else {
                prop_assert_eq!(next, LONGEST_WAIT.min(wait * 2));
            }
        }
    }
}
