//! Codes for people who have lost their second factor: each is good once.
//!
//! A code has ten characters of Crockford's base 32, 50 random bits, where ASVS 5.0, 6.5.4 asks for 20.
//!
//! **How they are kept.** ASVS 5.0, 6.5.2 and SP 800-63B-4, 3.1.2.2 let a plain digest do from 112 bits on; of 50 bits all
//! codes can be tried on a stolen table within days. So what is kept is a *keyed* digest
//! ([`Cipher::blind_index`]): without the key, which is not in the database, a table allows no trial at all. A slow password
//! hash, as the standards name for this case, would help against a thief of both table and key; but that thief opens the sealed
//! [secret](crate::totp::TotpSecret) next to it, for which the codes stand in, so it would guard nothing more, and would cost
//! ten hashes a try. The person's id is hashed with the code, so equal codes of two people look different.

use chrono::{DateTime, Utc};
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::{Cipher, Secret};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How many codes a person gets.
pub const CODES: usize = 10;
/// How many characters a code has, the dash in its middle left out.
pub const CHARACTERS: usize = 10;

/// Crockford's base 32: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PURPOSE: &str = "recovery_codes.code";

/// What is kept of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptCode {
    /// Its keyed digest.
    pub digest: [u8; 32],
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
}

/// The codes of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodes {
    owner: Uuid,
    codes: Vec<KeptCode>,
}

impl RecoveryCodes {
    /// New codes in the place of all earlier ones: what to keep, and the codes themselves, as they are shown once.
    pub fn issue(owner: Uuid, ids: &dyn IdGen, cipher: &dyn Cipher) -> (Self, Vec<Secret>) {
        let codes: Vec<Code> = (0..CODES).map(|_| Code::random(ids)).collect();
        let kept = codes.iter().map(|code| KeptCode { digest: code.digest(owner, cipher), used_at: None });
        (Self { owner, codes: kept.collect() }, codes.iter().map(Code::shown).collect())
    }

    /// Codes as they were kept.
    pub const fn from_kept(owner: Uuid, codes: Vec<KeptCode>) -> Self {
        Self { owner, codes }
    }

    /// What is to be kept.
    pub fn kept(&self) -> &[KeptCode] {
        &self.codes
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.codes.iter().filter(|code| code.used_at.is_none()).count()
    }

    /// Uses a code up; `None`: it is none of the person's, or was used before. `entered` may be in any case, with dashes and
    /// spaces anywhere, O for 0, and I or L for 1.
    #[must_use]
    pub fn redeem(self, entered: &str, cipher: &dyn Cipher, now: DateTime<Utc>) -> Option<Self> {
        let digest = Code::entered(entered)?.digest(self.owner, cipher);
        let mut codes = self.codes;
        // Digests under a key that is not known outside: how long it takes to compare them helps nobody.
        let code = codes.iter_mut().find(|code| code.digest == digest && code.used_at.is_none())?;
        code.used_at = Some(now);
        Some(Self { codes, ..self })
    }
}

/// Whether this can be a code: none other is worth a try.
pub(crate) fn is_code(entered: &str) -> bool {
    Code::entered(entered).is_some()
}

/// A code in its one form: [`CHARACTERS`] of [`ALPHABET`].
struct Code(Zeroizing<[u8; CHARACTERS]>);

impl Code {
    /// One random byte makes one character; 256 is a multiple of 32, so all characters are equally likely.
    fn random(ids: &dyn IdGen) -> Self {
        let random = Zeroizing::new(ids.secret());
        Self(Zeroizing::new(std::array::from_fn(|at| ALPHABET[usize::from(random[at] % 32)])))
    }

    fn entered(text: &str) -> Option<Self> {
        let mut code = Zeroizing::new([0; CHARACTERS]);
        let mut length = 0;
        for character in text.nfkc().filter(|c| !is_passed_over(*c)) {
            *code.get_mut(length)? = symbol(character)?;
            length += 1;
        }
        (length == CHARACTERS).then_some(Self(code))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&*self.0).expect("the alphabet is ASCII")
    }

    /// With a dash in the middle.
    fn shown(&self) -> Secret {
        let (first, second) = self.text().split_at(CHARACTERS / 2);
        Secret::new(format!("{first}-{second}"))
    }

    fn digest(&self, owner: Uuid, cipher: &dyn Cipher) -> [u8; 32] {
        let of_owner = Zeroizing::new(format!("{owner}:{}", self.text()));
        cipher.blind_index(PURPOSE, &of_owner)
    }
}

/// Spaces, and what keyboards have for a dash; in Japanese that is often the mark of a long vowel.
fn is_passed_over(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | 'ー')
}

fn symbol(character: char) -> Option<u8> {
    let meant = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().copied().find(|symbol| char::from(*symbol) == meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::memory::PlainCipher;
    use musubi_kernel::id::SystemIds;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

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

    const OWNER: Uuid = Uuid::from_u128(7);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn read(text: &str) -> Option<String> {
        Code::entered(text).map(|code| code.text().to_owned())
    }

    #[test]
    fn a_person_gets_ten_different_codes_of_two_times_five_characters() {
        let (kept, shown) = RecoveryCodes::issue(OWNER, &SystemIds, &PlainCipher);
        assert_eq!((kept.kept().len(), kept.left(), shown.len()), (CODES, CODES, CODES));
        let texts: BTreeSet<&str> = shown.iter().map(Secret::expose).collect();
        assert_eq!(texts.len(), CODES);
        for text in texts {
            assert_eq!((text.len(), text.find('-')), (11, Some(5)), "{text}");
            assert!(text.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)), "{text}");
        }
    }

    #[test]
    fn all_characters_are_equally_likely() {
        let mut counts = [0; 32];
        for byte in 0..=u8::MAX {
            let code = Code::random(&These([byte; 32]));
            let symbol = code.0[0];
            assert!(code.0.iter().all(|other| *other == symbol));
            counts[ALPHABET.iter().position(|known| *known == symbol).unwrap()] += 1;
        }
        assert_eq!(counts, [8; 32]);
    }

    #[test]
    fn each_character_has_its_own_random_byte() {
        let random = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(Code::random(&These(random)).shown().expose(), "01234-56789");
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for text in [
            "7ZK4M-0Q1XP",
            "7zk4m-0q1xp",
            "7ZK4M0Q1XP",
            " 7zk4m 0q1xp\n",
            "7zk4m-oqixp",
            "7zk4m-OQLxp",
            "7zk4m–0q1xp",
            "７ＺＫ４Ｍ－０Ｑ１ＸＰ",
            "７ｚｋ４ｍー０ｑ１ｘｐ",
            "7-Z-K-4-M-0-Q-1-X-P",
        ] {
            assert_eq!(read(text).as_deref(), Some("7ZK4M0Q1XP"), "{text}");
        }
        for text in ["", "-", "7ZK4M-0Q1X", "7ZK4M-0Q1XPP", "7ZK4M-0Q1XU", "7ZK4M_0Q1XP", "7ZK4M-0Q1Xé", "7ZK4M-0Q1X٢"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"7".repeat(1_000_000)), None);
    }

    #[test]
    fn each_code_is_taken_once() {
        let (mut kept, shown) = RecoveryCodes::issue(OWNER, &SystemIds, &PlainCipher);
        for (used, code) in shown.iter().enumerate() {
            assert_eq!(kept.left(), CODES - used);
            kept = kept.redeem(&code.expose().to_lowercase(), &PlainCipher, now()).unwrap();
            assert_eq!(kept.clone().redeem(code.expose(), &PlainCipher, now()), None);
        }
        assert_eq!(kept.left(), 0);
        let used = kept.kept().iter().filter(|code| code.used_at == Some(now()));
        assert_eq!(used.count(), CODES);
    }

    #[test]
    fn codes_of_another_person_or_before_are_not_taken() {
        let (kept, shown) = RecoveryCodes::issue(OWNER, &SystemIds, &PlainCipher);
        let code = shown[0].expose();
        let others = RecoveryCodes::from_kept(Uuid::from_u128(8), kept.kept().to_vec());
        assert_eq!(others.redeem(code, &PlainCipher, now()), None);
        let (anew, _) = RecoveryCodes::issue(OWNER, &SystemIds, &PlainCipher);
        for wrong in [code, "", "00000-00000", "no code"] {
            assert_eq!(anew.clone().redeem(wrong, &PlainCipher, now()), None, "{wrong}");
        }
        assert!(RecoveryCodes::from_kept(OWNER, kept.kept().to_vec()).redeem(code, &PlainCipher, now()).is_some());
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_entered(random: [u8; 32]) {
            let code = Code::random(&These(random));
            let entered = read(code.shown().expose());
            prop_assert_eq!(entered.as_deref(), Some(code.text()));
        }

        #[test]
        fn anything_may_be_entered(entered: String) {
            let (kept, _) = RecoveryCodes::issue(OWNER, &SystemIds, &PlainCipher);
            prop_assert_eq!(kept.redeem(&entered, &PlainCipher, now()), None);
        }
    }
}
