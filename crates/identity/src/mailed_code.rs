//! Codes that are mailed to who has no app at hand.

use crate::totp::six_digits;
use musubi_kernel::id::{IdGen, UserId};
use musubi_kernel::secret::{Cipher, Secret};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How often a code may be tried.
pub(crate) const TRIES: u32 = 5;
/// How many codes there are.
const MODULUS: u64 = 1_000_000;
const PURPOSE: &str = "otp.code";

/// What is kept of the code that was mailed last. Six digits could be tried on a plain digest at once, so it is a keyed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailedCode {
    /// The sign-in for which it is good.
    challenge: Uuid,
    digest: [u8; 32],
}

impl MailedCode {
    /// A new code, and what to keep of it.
    pub(crate) fn new(user: UserId, challenge: Uuid, ids: &dyn IdGen, cipher: &dyn Cipher) -> (Self, Secret) {
        let random = Zeroizing::new(ids.secret());
        let mut first = Zeroizing::new([0; 8]);
        first.copy_from_slice(&random[..8]);
        // 2^64 is so much more than a million that no code is noticeably likelier than another.
        let code = Zeroizing::new(u64::from_be_bytes(*first) % MODULUS);
        let shown = Secret::new(format!("{:06}", *code));
        (Self { challenge, digest: digest(user, challenge, shown.expose(), cipher) }, shown)
    }

    pub(crate) fn key(user: UserId) -> String {
        format!("otp:{user}")
    }

    pub(crate) fn value(&self) -> String {
        serde_json::to_string(self).expect("this is plain data")
    }

    /// What was kept, if it is good for this sign-in.
    pub(crate) fn read(value: &str, challenge: Uuid) -> Option<Self> {
        serde_json::from_str(value).ok().filter(|kept: &Self| kept.challenge == challenge)
    }

    /// Whether this code was entered.
    pub(crate) fn fits(&self, user: UserId, entered: &str, cipher: &dyn Cipher) -> bool {
        // Digests under a key that is not known outside: how long it takes to compare them helps nobody.
        six_digits(entered)
            .is_some_and(|code| digest(user, self.challenge, &format!("{code:06}"), cipher) == self.digest)
    }
}

fn digest(user: UserId, challenge: Uuid, code: &str, cipher: &dyn Cipher) -> [u8; 32] {
    let bound = Zeroizing::new(format!("{user}:{challenge}:{code}"));
    cipher.blind_index(PURPOSE, &bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::memory::PlainCipher;
    use chrono::{DateTime, Utc};
    use musubi_kernel::id::SystemIds;

    /// Gives the same bytes for ever.
    struct These([u8; 32]);

    impl IdGen for These {
        fn uuid(&self, _: DateTime<Utc>) -> Uuid {
            Uuid::nil()
        }
        fn secret(&self) -> [u8; 32] {
            self.0
        }
    }

    const CHALLENGE: Uuid = Uuid::from_u128(1);

    fn user(n: u128) -> UserId {
        Uuid::from_u128(n).into()
    }

    #[test]
    fn a_code_has_six_digits_of_the_random_bits() {
        let mut bytes = [0; 32];
        for (random, code) in [(0, "000000"), (999_999, "999999"), (1_000_042, "000042"), (u64::MAX, "551615")] {
            bytes[..8].copy_from_slice(&u64::to_be_bytes(random));
            let (_, shown) = MailedCode::new(user(1), CHALLENGE, &These(bytes), &PlainCipher);
            assert_eq!(shown.expose(), code);
        }
    }

    #[test]
    fn it_fits_one_person_and_one_sign_in() {
        let (kept, shown) = MailedCode::new(user(1), CHALLENGE, &SystemIds, &PlainCipher);
        let again = MailedCode::read(&kept.value(), CHALLENGE).unwrap();
        assert!(again.fits(user(1), shown.expose(), &PlainCipher));
        let spaced = format!(" {} {} ", &shown.expose()[..3], &shown.expose()[3..]);
        assert!(again.fits(user(1), &spaced, &PlainCipher));
        assert!(!again.fits(user(2), shown.expose(), &PlainCipher));
        assert_eq!(MailedCode::read(&kept.value(), Uuid::from_u128(2)), None);
        for wrong in ["", "abcdef", &shown.expose()[1..], &format!("0{}", shown.expose())] {
            assert!(!again.fits(user(1), wrong, &PlainCipher), "{wrong}");
        }
        assert!(!kept.value().contains(shown.expose()));
    }
}
