//! Argon2id (RFC 9106), in which new passwords are hashed.

use super::memory::Memory;
use super::settings::{BadCost, HashingSettings, MOST_LANES, MOST_MEMORY_KIB, MOST_PASSES};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use musubi_identity::password_hasher::Verdict;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The bytes of a salt (RFC 9106, 3.1, recommends 16).
pub(super) const SALT: usize = 16;
/// The bytes of a hash.
const OUTPUT: usize = 32;

/// Argon2id at a given cost.
pub(super) struct Argon2id {
    params: Params,
}

impl Argon2id {
    pub(super) fn new(settings: &HashingSettings) -> Result<Self, BadCost> {
        let params = Params::new(settings.memory_kib, settings.passes, settings.lanes, Some(OUTPUT));
        let params = params.ok().filter(is_bearable).ok_or(BadCost)?;
        Ok(Self { params })
    }

    /// How many blocks of memory a hash takes.
    pub(super) const fn blocks(&self) -> usize {
        self.params.block_count()
    }

    /// The hash of a password as a PHC string.
    pub(super) fn hash(
        &self,
        password: &[u8],
        salt: &[u8; SALT],
        memory: &mut Memory,
    ) -> Result<String, argon2::Error> {
        let mut output = Zeroizing::new([0; OUTPUT]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        argon2.hash_password_into_with_memory(password, salt, &mut *output, memory.blocks(self.blocks()))?;
        Ok(self.text(salt, &output))
    }

    /// A PHC string of this cost that is the hash of nothing known.
    pub(super) fn decoy(&self, random: &[u8; OUTPUT]) -> String {
        let mut salt = [0; SALT];
        salt.copy_from_slice(&random[..SALT]);
        self.text(&salt, random)
    }

    fn text(&self, salt: &[u8; SALT], output: &[u8; OUTPUT]) -> String {
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).expect("three numbers fit"),
            salt: Some(Salt::new(salt).expect("16 bytes fit")),
            hash: Some(Output::new(output).expect("32 bytes fit")),
        };
        hash.to_string()
    }

    /// Compares a password with a PHC string of any kind and cost of Argon2; `None`: it is none, or asks for too much.
    pub(super) fn verify(&self, password: &[u8], text: &str, memory: &mut Memory) -> Option<Verdict> {
        let kept = PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
        // Strings from before Argon2's version 1.3 name none.
        let version = kept.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        let params = Params::try_from(&kept).ok().filter(is_bearable)?;
        let (salt, expected) = (kept.salt.as_ref()?, kept.hash.as_ref()?.as_bytes());
        let is_current =
            (algorithm, version, salt.len()) == (Algorithm::Argon2id, Version::V0x13, SALT) && params == self.params;

        let mut output = Zeroizing::new(vec![0; expected.len()]);
        let blocks = memory.blocks(params.block_count());
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password, salt, &mut output, blocks).ok()?;
        Some(match (bool::from(output.ct_eq(expected)), is_current) {
            (false, _) => Verdict::Wrong,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightButOutdated,
        })
    }
}

fn is_bearable(params: &Params) -> bool {
    params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(memory_kib: u32, passes: u32, lanes: u32) -> HashingSettings {
        HashingSettings { memory_kib, passes, lanes, ..HashingSettings::default() }
    }

    fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Argon2id {
        Argon2id::new(&settings(memory_kib, passes, lanes)).expect("a cost")
    }

    /// From `test.c` of the reference implementation (P-H-C/phc-winner-argon2): Argon2id and Argon2i, versions 1.3 and 1.0.
    const PUBLISHED: [(&str, &str); 4] = [
        ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
        ("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"),
        ("password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"),
        ("password", "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"),
    ];

    #[test]
    fn hashes_of_the_reference_implementation_are_right() {
        for (password, text) in PUBLISHED {
            let verify = |password: &str| argon2id(256, 2, 1).verify(password.as_bytes(), text, &mut Memory::default());
            assert_eq!(verify(password), Some(Verdict::RightButOutdated), "{text}");
            assert_eq!(verify("Password"), Some(Verdict::Wrong), "{text}");
        }
    }

    #[test]
    fn a_hash_names_its_cost_and_depends_on_password_and_salt() {
        let (argon2id, mut memory) = (argon2id(64, 2, 1), Memory::default());
        let mut hash =
            |password: &str, salt: u8| argon2id.hash(password.as_bytes(), &[salt; SALT], &mut memory).expect("a hash");
        let text = hash("correct horse", 1);
        assert!(text.starts_with("$argon2id$v=19$m=64,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$"), "{text}");
        assert_eq!(hash("correct horse", 1), text, "what was in the memory before does not matter");
        assert_ne!(hash("correct horse", 2), text);
        assert_ne!(hash("correct horsf", 1), text);
    }

    #[test]
    fn a_hash_of_another_cost_is_outdated() {
        let mut memory = Memory::default();
        let text = argon2id(64, 2, 1).hash(b"correct horse", &[1; SALT], &mut memory).expect("a hash");
        for (memory_kib, passes, lanes, verdict) in [
            (64, 2, 1, Verdict::Right),
            (65, 2, 1, Verdict::RightButOutdated),
            (32, 2, 1, Verdict::RightButOutdated),
            (64, 3, 1, Verdict::RightButOutdated),
            (64, 2, 2, Verdict::RightButOutdated),
        ] {
            let now = argon2id(memory_kib, passes, lanes);
            assert_eq!(
                now.verify(b"correct horse", &text, &mut memory),
                Some(verdict),
                "{memory_kib} {passes} {lanes}"
            );
            assert_eq!(now.verify(b"wrong", &text, &mut memory), Some(Verdict::Wrong));
        }
    }

    #[test]
    fn what_is_no_hash_or_asks_for_too_much_is_not_worked_on() {
        for text in [
            "$argon2id$",
            "$argon2id$v=19$m=64,t=2,p=1",
            "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
            "$argon2x$v=19$m=64,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=18$m=64,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=17$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            assert_eq!(argon2id(64, 2, 1).verify(b"password", text, &mut Memory::default()), None, "{text}");
        }
        for (memory_kib, passes, lanes) in [(7, 2, 1), (64, 0, 1), (64, 2, 0), (64, 2, 9), (262_145, 2, 1), (64, 33, 1)]
        {
            assert_eq!(Argon2id::new(&settings(memory_kib, passes, lanes)).err(), Some(BadCost));
        }
    }

    #[test]
    fn nobody_has_the_password_of_a_decoy() {
        let argon2id = argon2id(64, 2, 1);
        let decoy = argon2id.decoy(&[7; 32]);
        assert_eq!(argon2id.verify(b"", &decoy, &mut Memory::default()), Some(Verdict::Wrong));
    }

    #[test]
    fn the_default_cost_is_what_owasp_asks_for() {
        let usual = Argon2id::new(&HashingSettings::default()).expect("a cost");
        assert!(usual.decoy(&[7; 32]).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(usual.blocks(), 19 * 1024);
    }
}
