//! Codes by which a customer shows in the chat which booking is theirs.
//!
//! Twelve letters and digits, 60 random bits, that are told apart when they are read aloud (Crockford's alphabet):
//! `7K3M-Q9TX-V2BD`. They are good for one LINE user, at one store, for half an hour; of each its SHA-256 is kept.

use chrono::TimeDelta;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use sha2::{Digest as _, Sha256};

/// How long a code is good.
pub const LASTS: TimeDelta = TimeDelta::minutes(30);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS: usize = 12;
const GROUP: usize = 4;

/// A new code, as it is shown.
pub fn new(ids: &dyn IdGen) -> Secret {
    let random = ids.secret();
    let letters: Vec<u8> = random.iter().take(LETTERS).map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    let groups: Vec<_> = letters.chunks(GROUP).map(|group| String::from_utf8_lossy(group)).collect();
    Secret::new(groups.join("-"))
}

/// What is kept of a code.
pub fn digest(code: &Secret) -> [u8; 32] {
    let letters: String = code.expose().chars().filter(|letter| *letter != '-').collect();
    Sha256::digest(letters.as_bytes()).into()
}

/// The code in what somebody wrote, whatever stands around it: in wide or small letters too, and with `O`, `I` and `L` for the digits
/// that they look like.
pub fn found_in(text: &str) -> Option<Secret> {
    let plain: String = text.chars().map(narrow).collect();
    let words = plain.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
    let code = |word: &str| {
        let letters: Option<Vec<u8>> = word.bytes().filter(|byte| *byte != b'-').map(known).collect();
        let letters = letters.filter(|letters| letters.len() == LETTERS)?;
        let groups: Vec<_> = letters.chunks(GROUP).map(|group| String::from_utf8_lossy(group)).collect();
        Some(Secret::new(groups.join("-")))
    };
    words.filter(|word| word.contains(|letter: char| letter.is_ascii_digit() || letter == '-')).find_map(code)
}

/// A letter of the full width as the same of half the width, and every dash as one.
fn narrow(letter: char) -> char {
    match letter {
        '！'..='～' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        '‐' | '‑' | '‒' | '–' | '—' | '−' | 'ー' => '-',
        other => other,
    }
}

fn known(byte: u8) -> Option<u8> {
    let letter = match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.contains(&letter).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        let code = Secret::new("7K3M-Q9TX-V10D");
        for text in [
            "7K3M-Q9TX-V10D",
            " 7k3m-q9tx-vLod\n",
            "７Ｋ３Ｍ－Ｑ９ＴＸ－Ｖ１０Ｄ",
            "連携コード：7K3MQ9TXV10D です",
            "7K3MーQ9TXーV10D",
        ] {
            assert_eq!(found_in(text), Some(code.clone()), "{text}");
        }
        for text in [
            "",
            "明日は空いていますか？",
            "7K3M-Q9TX-V10",
            "7K3M-Q9TX-V10DX",
            "CANCELLATION",
            "U7K3-Q9TX-V10D",
            "090-1234-567",
        ] {
            assert_eq!(found_in(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_new_code_is_found_again(before in "\\PC{0,9} ", after in "[ 。、)]\\PC{0,9}") {
            let code = new(&SystemIds);
            prop_assert_eq!(code.expose().len(), 14);
            let found = found_in(&format!("{}{}{after}", before.replace(|c: char| narrow(c).is_ascii_alphanumeric(), " "), code.expose()));
            prop_assert_eq!(found.map(|found| digest(&found)), Some(digest(&code)));
        }
    }
}
