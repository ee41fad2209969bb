//! The hashes that WordPress has made over the years (`wp_check_password`).

use super::bcrypt;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha384;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// phpass's own base 64, which writes the lowest bits first.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// `$P$` or `$H$`, the cost, and eight characters of salt.
const SETTING: usize = 12;
/// With 22 characters of the hash.
const PHPASS: usize = 34;
/// phpass's own least cost: two to this power rounds. WordPress took 13.
const LEAST_COST: usize = 7;
/// The most that a kept hash may cost, some tenths of a second.
const MOST_COST: usize = 20;

/// Compares a password with a hash of WordPress 6.8 or later, `$wp$2y$`: bcrypt of the base 64 of a digest, so that more
/// than 72 bytes count. `None`: it is damaged or asks for too much.
pub(super) fn verify_bcrypt(password: &str, text: &str) -> Option<bool> {
    let text = text.strip_prefix("$wp")?;
    in_any_spelling(password, |password| {
        let mut mac = Hmac::<Sha384>::new_from_slice(b"wp-sha384").expect("HMAC takes keys of any length");
        mac.update(password);
        let digest = Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()));
        bcrypt::verify(digest.as_bytes(), text)
    })
}

/// Compares a password with a portable hash of phpass, `$P$` or `$H$`: MD5 many times over. `None`: it is damaged or asks
/// for too much.
pub(super) fn verify_phpass(password: &str, text: &str) -> Option<bool> {
    let (setting, expected) = text.split_at_checked(SETTING).filter(|_| text.len() == PHPASS && text.is_ascii())?;
    let (cost, salt) = (setting.as_bytes()[3], &setting[4..]);
    let cost = ALPHABET.iter().position(|symbol| *symbol == cost)?;
    if !(LEAST_COST..=MOST_COST).contains(&cost) {
        return None;
    }
    in_any_spelling(password, |password| {
        let first = Md5::new().chain_update(salt).chain_update(password).finalize();
        let digest = (0..1_u32 << cost)
            .fold(first, |digest, _| Md5::new().chain_update(digest).chain_update(password).finalize());
        Some(encode(&digest).as_bytes().ct_eq(expected.as_bytes()).into())
    })
}

/// Compares a password with its MD5 in hexadecimal, as sites keep it whose people have not come back since 2008. `None`:
/// it is damaged.
pub(super) fn verify_md5(password: &str, text: &str) -> Option<bool> {
    let expected = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    in_any_spelling(password, |password| Some(Md5::digest(password).as_slice().ct_eq(expected.as_slice()).into()))
}

/// Asks for a password as WordPress hashed it: without spaces around it; and, where it has quotes or backslashes, with a
/// backslash before each, because its forms do not take those out of a password that they hash.
fn in_any_spelling(password: &str, is_right: impl Fn(&[u8]) -> Option<bool>) -> Option<bool> {
    let trimmed = password.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b']);
    if is_right(trimmed.as_bytes())? {
        return Some(true);
    }
    let is_escaped = |c: char| matches!(c, '\'' | '"' | '\\');
    if !trimmed.contains(is_escaped) {
        return Some(false);
    }
    let mut slashed = Zeroizing::new(String::with_capacity(2 * trimmed.len()));
    for character in trimmed.chars() {
        if is_escaped(character) {
            slashed.push('\\');
        }
        slashed.push(character);
    }
    is_right(slashed.as_bytes())
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().rev().fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte));
        text.extend((0..=three.len()).map(|digit| char::from(ALPHABET[(bits >> (6 * digit)) & 63])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_portable_hashes_are_right() {
        for (password, text) in [
            // From phpass's own test, and the examples of hashcat and John the Ripper.
            ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
            ("hashcat", "$P$984478476IagS59wHZvyQMArzfx58u."),
            ("hashcat", "$H$984478476IagS59wHZvyQMArzfx58u."),
            ("test1", "$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00"),
        ] {
            assert_eq!(verify_phpass(password, text), Some(true), "{text}");
            assert_eq!(verify_phpass("Test12345", text), Some(false), "{text}");
        }
    }

    #[test]
    fn what_is_no_portable_hash_or_asks_for_too_much_is_not_worked_on() {
        for text in [
            "$P$",
            "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L",
            "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L00",
            "$P$!IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
            "$P$4IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
            "$P$JIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
            "$P$9IQRaTwmfeéo7ud9Fh4E2PdI0S3r.L",
            "$P$9IQRaTwéeRo7ud9Fh4E2PdI0S3r.L0",
            "$P$éQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
        ] {
            assert_ne!(verify_phpass("test12345", text), Some(true), "{text}");
        }
        assert_eq!(verify_phpass("test12345", "$P$JIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"), None);
        assert_eq!(verify_phpass("test12345", "$P$4IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"), None);
    }

    /// Computed apart, with Python's `hmac` and libxcrypt's bcrypt.
    #[test]
    fn hashes_of_wordpress_6_8_are_right() {
        for (password, text) in [
            ("correct horse", "$wp$2y$05$CrZmXqKt2nWbLs8eYvJ1GuWZxklGlLZF.ShLW5aQGq6dyeTb6AcnC"),
            // Hashed as `it\'s mine`.
            ("it's mine", "$wp$2y$05$Qd7yGhT0oPvNf3xRkWmE.e9HTd4AOyQU8g/PEfCHqwbqr5kVk5/gS"),
        ] {
            assert_eq!(verify_bcrypt(password, text), Some(true), "{text}");
            assert_eq!(verify_bcrypt(&format!(" {password}\r\n"), text), Some(true), "{text}");
            assert_eq!(verify_bcrypt("correct horsf", text), Some(false), "{text}");
            assert_eq!(verify_bcrypt(password, &text[3..]), None, "plain bcrypt is another kind");
            assert_eq!(verify_bcrypt(password, &text[..60]), None);
        }
    }

    #[test]
    fn plain_digests_are_right() {
        for text in ["8743b52063cd84097a65d1633f5c74f5", "8743B52063CD84097A65D1633F5C74F5"] {
            assert_eq!(verify_md5("hashcat", text), Some(true));
            assert_eq!(verify_md5("Hashcat", text), Some(false));
        }
    }

    #[test]
    fn passwords_are_spelled_as_wordpress_hashed_them() {
        for (entered, hashed, right) in [
            ("  two words\t\n", "two words", true),
            ("it's", "it's", true),
            ("it's", "it\\'s", true),
            ("a\"b\\c", "a\\\"b\\\\c", true),
            ("its", "it's", false),
            ("it's", "its", false),
            // What is no space to PHP's trim stays.
            ("\u{3000}wide", "wide", false),
        ] {
            assert_eq!(
                in_any_spelling(entered, |spelling| Some(spelling == hashed.as_bytes())),
                Some(right),
                "{entered}"
            );
        }
        assert_eq!(in_any_spelling("x", |_| None), None);
    }

    #[test]
    fn base_64_has_its_lowest_bits_first() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[1]), "/.");
        assert_eq!(encode(&[0, 1]), ".2.");
        assert_eq!(encode(&[0, 0, 1]), "..E.");
        assert_eq!(encode(&[255; 4]), "zzzzz1");
    }
}
