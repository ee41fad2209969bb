//! One-time passwords from the time of day (TOTP, RFC 6238), as authenticator apps on phones make them.
//!
//! The parameters are those that every app knows: SHA-1, six digits, steps of 30 seconds. SHA-1's collisions do not
//! touch HMAC (RFC 6238, 1.2; RFC 4226, appendix B.2), and several apps quietly ignore any other choice.
//!
//! Written here rather than taken from the crate `totp-rs`: its check (of version 6.0) answers with the first step that has
//! the code, so that a code which two of the three steps share works twice; and without its check, a dozen lines of RFC 4226
//! would be left to take.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// How many seconds a code is shown.
pub const STEP_SECONDS: u64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;
/// How many codes there are.
const MODULUS: u32 = 1_000_000;
/// The bytes of a new secret: 160 bits, as RFC 4226, 4 (R6) recommends.
pub const SECRET_BYTES: usize = 20;

/// All but the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The number of a step of [`STEP_SECONDS`] since 1970. Kept with the secret: the last one whose code was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeStep(pub u64);

impl TimeStep {
    /// The step of an instant; before 1970 the first.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self(u64::try_from(at.timestamp()).unwrap_or(0) / STEP_SECONDS)
    }

    /// The steps whose codes are taken in this one: itself, the one before and the one after, for clocks that differ and
    /// people who are slow (RFC 6238, 5.2).
    fn with_drift(self) -> impl Iterator<Item = Self> {
        (self.0.saturating_sub(1)..=self.0.saturating_add(1)).map(Self)
    }
}

/// What a phone and Musubi share. Kept sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A new secret.
    pub fn generate(ids: &dyn IdGen) -> Self {
        let random = Zeroizing::new(ids.secret());
        Self(Zeroizing::new(random[..SECRET_BYTES].to_vec()))
    }

    /// A secret as it is kept, of this or another length: people who come from another system keep theirs.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// A secret in base 32, as [`TotpSecret::to_base32`] writes it; `None`: it is not.
    pub fn from_base32(text: &str) -> Option<Self> {
        BASE32_NOPAD.decode(text.as_bytes()).ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed and kept.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret in base 32, for people who type it into their phone.
    pub fn to_base32(&self) -> Secret {
        Secret::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The step whose code this is, or `None`: it is no code of now, or it (or a later one) was taken before.
    ///
    /// Whoever calls keeps the step as `last_used` for this person, in the transaction that lets them in, so that no code
    /// is taken twice (RFC 6238, 5.2; ASVS 5.0, 6.5.1). `entered` may have spaces, and digits of any width. The time that
    /// this takes says nothing: all codes are made, and each is compared as one number.
    pub fn check(&self, entered: &str, now: DateTime<Utc>, last_used: Option<TimeStep>) -> Option<TimeStep> {
        let entered = six_digits(entered)?;
        let is_fresh = |step: TimeStep| last_used.is_none_or(|last| last < step);
        // Of two steps with the same code the later counts, so that the code is used up for both.
        TimeStep::at(now).with_drift().fold(None, |found, step| {
            if hotp(&self.0, step.0) == entered && is_fresh(step) { Some(step) } else { found }
        })
    }

    /// The code that the app shows at an instant.
    pub fn code_at(&self, at: DateTime<Utc>) -> Secret {
        Secret::new(format!("{:06}", hotp(&self.0, TimeStep::at(at).0)))
    }

    /// The `otpauth://` address that a phone reads from a QR code (Key Uri Format of Google Authenticator). It holds the
    /// secret.
    ///
    /// `issuer` is who asks for the code and `account` whose it is; both are shown by the phone. A colon would end the
    /// issuer there, so colons become spaces.
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        let [issuer, account] = [&issuer, &account].map(|part| utf8_percent_encode(part.trim(), RESERVED));
        let secret = self.to_base32();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            secret.expose(),
        ))
    }
}

/// The six digits that were entered.
pub(crate) fn six_digits(entered: &str) -> Option<u32> {
    let digits: String = entered.nfkc().filter(|c| !c.is_whitespace()).take(DIGITS + 1).collect();
    let six = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    if six { digits.parse().ok() } else { None }
}

/// The code of a counter (HOTP, RFC 4226, 5.3): four bytes of the HMAC, from where its last half byte says, without
/// their first bit.
fn hotp(secret: &[u8], counter: u64) -> u32 {
    truncated(secret, counter) % MODULUS
}

fn truncated(secret: &[u8], counter: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let start = usize::from(digest[19] & 15);
    let [a, b, c, d] = [0, 1, 2, 3].map(|offset| digest[start + offset]);
    u32::from_be_bytes([a & 0x7f, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::{CountingIds, SystemIds};
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    /// The secret of RFC 4226, appendix D, and of RFC 6238, appendix B.
    const PUBLISHED: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: u64) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap()
    }

    fn code(secret: &TotpSecret, step: u64) -> String {
        format!("{:06}", hotp(&secret.0, step))
    }

    #[test]
    fn codes_of_counters_are_those_of_rfc_4226() {
        // Appendix D: the truncated values, and the codes.
        let published: [(u32, u32); 10] = [
            (0x4c93_cf18, 755_224),
            (0x4139_7eea, 287_082),
            (0x082f_ef30, 359_152),
            (0x66ef_7655, 969_429),
            (0x61c5_938a, 338_314),
            (0x33c0_83d4, 254_676),
            (0x7256_c032, 287_922),
            (0x04e5_b397, 162_583),
            (0x2823_443f, 399_871),
            (0x2679_dc69, 520_489),
        ];
        for (counter, (value, code)) in (0..).zip(published) {
            assert_eq!(truncated(PUBLISHED, counter), value, "{counter}");
            assert_eq!(hotp(PUBLISHED, counter), code, "{counter}");
        }
    }

    #[test]
    fn codes_of_times_are_those_of_rfc_6238() {
        // Appendix B, the rows of SHA-1. They have eight digits, of which the last six are ours.
        for (seconds, published) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = TimeStep::at(at(seconds));
            assert_eq!(format!("{:08}", truncated(PUBLISHED, step.0) % 100_000_000), published);
            let secret = TotpSecret::from_bytes(PUBLISHED);
            assert_eq!(secret.check(&published[2..], at(seconds), None), Some(step), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_to_one_step_late() {
        let secret = TotpSecret::from_bytes(PUBLISHED);
        let step = 37_037_037;
        for (now, taken) in [
            ((step - 1) * 30 - 1, false),
            ((step - 1) * 30, true),
            (step * 30, true),
            (step * 30 + 29, true),
            ((step + 1) * 30 + 29, true),
            ((step + 2) * 30, false),
        ] {
            let found = secret.check(&code(&secret, step), at(now), None);
            assert_eq!(found, taken.then_some(TimeStep(step)), "{now}");
        }
    }

    #[test]
    fn no_code_is_taken_twice_nor_one_before_it() {
        let secret = TotpSecret::from_bytes(PUBLISHED);
        let step = 37_037_037;
        let now = at(step * 30 + 5);
        for (entered, last_used, found) in [
            (step, None, Some(step)),
            (step, Some(step - 1), Some(step)),
            (step, Some(step), None),
            (step - 1, Some(step), None),
            (step + 1, Some(step), Some(step + 1)),
            (step, Some(step + 1), None),
            (step + 1, Some(step + 1), None),
        ] {
            let checked = secret.check(&code(&secret, entered), now, last_used.map(TimeStep));
            assert_eq!(checked, found.map(TimeStep), "{entered} after {last_used:?}");
        }
    }

    #[test]
    fn one_code_of_two_steps_is_used_up_for_both() {
        // Searched for: the first step whose code is also that of the step after the next.
        let (secret, same) = (TotpSecret::from_bytes(PUBLISHED), 153_567);
        assert_eq!((hotp(PUBLISHED, same), hotp(PUBLISHED, same + 2)), (468_457, 468_457));
        let now = at((same + 1) * 30);
        let used = secret.check(&code(&secret, same), now, None);
        assert_eq!(used, Some(TimeStep(same + 2)));
        assert_eq!(secret.check(&code(&secret, same), now, used), None);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let secret = TotpSecret::from_bytes(PUBLISHED);
        for (entered, taken) in [
            ("287082", true),
            (" 287 082\n", true),
            ("２８７０８２", true),
            ("２８７　０８２", true),
            ("", false),
            ("28708", false),
            ("2870820", false),
            ("0287082", false),
            ("+28708", false),
            ("-287082", false),
            ("28708٢", false),
            ("28708a", false),
        ] {
            assert_eq!(secret.check(entered, at(59), None).is_some(), taken, "{entered}");
        }
        assert_eq!(secret.check(&"2".repeat(1_000_000), at(59), None), None);
    }

    #[test]
    fn times_outside_of_all_steps_are_harmless() {
        let secret = TotpSecret::from_bytes(PUBLISHED);
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            secret.check("000000", now, Some(TimeStep(u64::MAX)));
        }
        assert_eq!(TimeStep::at(DateTime::<Utc>::MIN_UTC), TimeStep(0));
        assert_eq!(TimeStep(u64::MAX).with_drift().count(), 2);
    }

    #[test]
    fn a_new_secret_has_160_random_bits_and_is_not_shown() {
        let ids = CountingIds::default();
        let (a, b) = (TotpSecret::generate(&ids), TotpSecret::generate(&ids));
        assert_eq!((a.expose().len(), b.expose().len()), (20, 20));
        assert_ne!(a.expose(), b.expose());
        assert_eq!(format!("{a:?}"), "TotpSecret(…)");
        // RFC 4648, section 10, has no vector of this length; computed apart with coreutils' base32.
        let published = TotpSecret::from_bytes(PUBLISHED);
        assert_eq!(published.to_base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(TotpSecret::from_base32(published.to_base32().expose()), Some(published));
        assert_eq!((TotpSecret::from_base32("1"), TotpSecret::from_base32("gezdgnbv")), (None, None));
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        let secret = TotpSecret::from_bytes(PUBLISHED);
        let parameters = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (issuer, account, label, escaped_issuer) in [
            ("Musubi", "taro@example.jp", "Musubi:taro%40example.jp", "Musubi"),
            ("ACME Co", "a b+c&d", "ACME%20Co:a%20b%2Bc%26d", "ACME%20Co"),
            ("A:B", "c:d?e#f", "A%20B:c%20d%3Fe%23f", "A%20B"),
            ("美容室", "x", "%E7%BE%8E%E5%AE%B9%E5%AE%A4:x", "%E7%BE%8E%E5%AE%B9%E5%AE%A4"),
        ] {
            assert_eq!(
                secret.uri(issuer, account).expose(),
                format!(
                    "otpauth://totp/{label}?{parameters}&issuer={escaped_issuer}&algorithm=SHA1&digits=6&period=30"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn a_code_is_taken_in_exactly_its_three_steps(step in 10_u64..100_000_000, away in -6_i64..=6, second in 0_u64..30) {
            let secret = TotpSecret::generate(&SystemIds);
            let now = step.checked_add_signed(away).unwrap();
            let entered = code(&secret, step);
            // Another step's code can be the same by chance.
            let expected = (now - 1..=now + 1).rev().find(|other| code(&secret, *other) == entered);
            let found = secret.check(&entered, at(now * 30 + second), None);
            prop_assert_eq!(found, expected.map(TimeStep));
            prop_assert!(found.is_some() || away.abs() > 1);
        }

        #[test]
        fn any_issuer_and_account_come_back_out_of_the_address(issuer: String, account: String) {
            let uri = TotpSecret::from_bytes(PUBLISHED).uri(&issuer, &account);
            let label = uri.expose().strip_prefix("otpauth://totp/").unwrap().split('?').next().unwrap();
            let (first, second) = label.split_once(':').unwrap();
            for (part, given) in [(first, &issuer), (second, &account)] {
                let shown = percent_decode_str(part).decode_utf8().unwrap().into_owned();
                let given = given.replace(':', " ");
                prop_assert_eq!(shown.as_str(), given.trim());
            }
            prop_assert!(uri.expose().is_ascii());
        }

        #[test]
        fn anything_may_be_entered(entered: String, seconds in 0_u64..10_000_000_000) {
            let found = TotpSecret::from_bytes(PUBLISHED).check(&entered, at(seconds), None);
            prop_assert!(found.is_none() || six_digits(&entered).is_some());
        }
    }
}
