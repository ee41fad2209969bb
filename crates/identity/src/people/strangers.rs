//! Those who try in vain and are nobody here, as the audit log has them.
//!
//! What is written of somebody queues at the end of their audit chain. Were there one chain for all who are nobody, tries at
//! addresses that nobody has would wait for one another, and those at people's addresses would not: under load the time of an
//! answer would tell who has an account. So there are many, and what somebody typed chooses one: as with people, tries at one
//! address wait for one another, and those at two do not.

use super::People;
use super::guesses::account_of;
use super::ports::PeopleUnit;
use musubi_kernel::id::UserId;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;

/// Which of the strangers' audit chains: what was typed chooses it by a keyed digest, so that nobody knows whose tries share
/// one. It is too short to tell addresses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stranger(pub u8);

impl Stranger {
    /// That of whoever has typed this for an address.
    pub fn of(cipher: &dyn Cipher, typed: &str) -> Self {
        let [first, ..] = cipher.blind_index("strangers", &account_of(typed));
        Self(first)
    }
}

impl People {
    /// Takes up a record of what was tried at an address: in the chain of whoever has it, else in one of strangers. Costs the
    /// same in either case.
    pub(super) fn note_at_address(
        &self,
        unit: &mut dyn PeopleUnit,
        typed: &str,
        person: Option<UserId>,
        record: &Record,
    ) {
        let stranger = Stranger::of(&*self.cipher, typed);
        match person {
            Some(_) => unit.note(person, record),
            None => unit.note_stranger(stranger, record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::memory::PlainCipher;
    use std::collections::BTreeSet;

    #[test]
    fn an_address_has_one_chain_however_it_is_typed_and_addresses_have_many() {
        let of = |typed: &str| Stranger::of(&PlainCipher, typed);
        assert_eq!(of("nobody@example.jp"), of(" Nobody@Example.jp"));
        let many: BTreeSet<_> = (0..1_000).map(|n| of(&format!("nobody-{n}@example.jp"))).collect();
        // Of 256; a thousand at random leave five.
        assert!(many.len() > 230, "{}", many.len());
    }
}
