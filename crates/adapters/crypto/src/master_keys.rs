//! The master keys that an installation has at one time.

use crate::master_key::{MalformedKey, MasterKey};
use musubi_kernel::id::IdGen;
use zeroize::Zeroizing;

/// The master keys of an installation: the first seals, all of them open. There is always a first.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    current: MasterKey,
    older: Vec<MasterKey>,
}

/// A text in which one key is none. It does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source}")]
pub struct MalformedKeys {
    /// The line that it stands in, from 1.
    pub line: usize,
    /// Which of the keys it is, from 1.
    pub nth: usize,
    /// How many keys there seem to be.
    pub of: usize,
    /// What a key looks like.
    #[source]
    pub source: MalformedKey,
}

impl MasterKeys {
    /// One key and no other.
    pub const fn only(current: MasterKey) -> Self {
        Self { current, older: Vec::new() }
    }

    /// Keys that stand in lines of their own, or between commas or spaces. A key that stands there twice counts once.
    pub fn parse(text: &str) -> Result<Self, MalformedKeys> {
        let apart = |character: char| character == ',' || character.is_whitespace();
        let words = text.lines().zip(1..).flat_map(|(line, number)| {
            line.split(apart).filter(|word| !word.is_empty()).map(move |word| (number, word))
        });
        let words: Vec<(usize, &str)> = words.collect();
        let of = words.len();
        let mut keys = Vec::with_capacity(of);
        for ((line, word), nth) in words.into_iter().zip(1..) {
            let key = MasterKey::parse(word).map_err(|source| MalformedKeys { line, nth, of, source })?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(MalformedKeys { line: 1, nth: 1, of: 1, source: MalformedKey })?;
        Ok(Self { current, older: keys.collect() })
    }

    /// The key that seals.
    pub const fn current(&self) -> &MasterKey {
        &self.current
    }

    /// The other keys, which only open.
    pub fn older(&self) -> &[MasterKey] {
        &self.older
    }

    /// Every key, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// These keys behind a new one, which is the current one from then on.
    #[must_use]
    pub fn rotated(&self, ids: &dyn IdGen) -> Self {
        let mut current = MasterKey::generate(ids);
        // Two keys of one id, once in four thousand million times, could not be told apart.
        while self.all().any(|key| key.id() == current.id()) {
            current = MasterKey::generate(ids);
        }
        Self { current, older: self.all().cloned().collect() }
    }

    /// The keys as they are kept in a file: one in each line.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(45 * (1 + self.older.len())));
        for key in self.all() {
            text.push_str(&key.to_text());
            text.push('\n');
        }
        text
    }
}

impl PartialEq for MasterKeys {
    fn eq(&self, other: &Self) -> bool {
        self.all().eq(other.all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::CountingIds;

    fn key(digit: &str) -> String {
        digit.repeat(64)
    }

    #[test]
    fn the_first_key_is_the_current_one() {
        let (a, b, c) = (key("a"), key("b"), key("c"));
        let of = |text: &str| MasterKeys::parse(text).expect(text);
        let three = of(&format!("{a}\n{b}\n{c}\n"));
        assert!(*three.current() == MasterKey::parse(&a).expect("a key") && three.older().len() == 2);
        for same in [format!("{a},{b},{c}"), format!(" {a} {b}\t{c}"), format!("\r\n{a}\r\n\r\n{b},\n{c},{a},{b}\n")] {
            assert!(of(&same) == three, "{same}");
        }
        assert!(of(&format!("{b}\n{a}\n{c}")) != three);
        assert!(of(&three.to_text()) == three);
    }

    #[test]
    fn a_bad_key_is_found_without_being_repeated() {
        for (text, line, nth, of) in [
            (String::new(), 1, 1, 1),
            (" ,\n".to_owned(), 1, 1, 1),
            ("hunter2".to_owned(), 1, 1, 1),
            (format!("{}\n\nhunter2\n", key("a")), 3, 2, 2),
            (format!("{},hunter2,{}", key("a"), key("b")), 1, 2, 3),
        ] {
            let error = MasterKeys::parse(&text).expect_err(&text);
            assert_eq!((error.line, error.nth, error.of), (line, nth, of), "{text}");
            assert!(!format!("{error}{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_new_key_comes_first_and_no_other_is_lost() {
        let ids = CountingIds::default();
        let one = MasterKeys::only(MasterKey::generate(&ids));
        let two = one.rotated(&ids);
        assert!(two.current() != one.current() && two.older() == [one.current().clone()]);
        let three = two.rotated(&ids);
        assert!(three.older().iter().eq(two.all()));
    }

    /// Gives a key that is there already before it gives another.
    struct Stuttering(std::sync::atomic::AtomicU8);

    impl IdGen for Stuttering {
        fn uuid(&self, _: chrono::DateTime<chrono::Utc>) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
        fn secret(&self) -> [u8; 32] {
            [self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 3; 32]
        }
    }

    #[test]
    fn no_two_keys_have_one_id() {
        let ids = Stuttering(0.into());
        let keys = MasterKeys::only(MasterKey::generate(&ids)).rotated(&ids);
        assert_ne!(keys.current().id(), keys.older()[0].id());
    }
}
