//! bcrypt (Provos and Mazières, 1999): the hashes of staff who moved here.

/// The most that a kept hash may cost: two to this power rounds, about two seconds.
const MOST_COST: u32 = 15;

/// Compares a password with a hash that begins with `$2a$`, `$2b$` or `$2y$`; `None`: it is damaged or asks for too much.
///
/// As wherever bcrypt is used, only the first 72 bytes of a password count. A hash is made anew after its first use, and
/// then all of them do.
pub(super) fn verify(password: &[u8], text: &str) -> Option<bool> {
    let cost: u32 = text.get(4..6)?.parse().ok()?;
    if cost > MOST_COST {
        return None;
    }
    if password.contains(&0) {
        // It would end there.
        return Some(false);
    }
    ::bcrypt::verify(password, text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_hashes_are_right() {
        let cases: [(&[u8], &str); 7] = [
            // From the tests of jBCrypt and of crypt_blowfish, where most others come from.
            (b"", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
            (b"a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
            (b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            (b"\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"),
            // The examples of hashcat and of PHP's manual.
            (b"hashcat", "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"),
            (b"rasmuslerdorf", "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi"),
            // Made by Python's bcrypt.
            (b"correctbatteryhorsestapler", "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie"),
        ];
        for (password, text) in cases {
            assert_eq!(verify(password, text), Some(true), "{text}");
            assert_eq!(verify(b"another", text), Some(false), "{text}");
        }
    }

    #[test]
    fn the_first_72_bytes_count() {
        // Python's bcrypt, of a hundred times "x".
        let text = "$2a$05$......................YgIDy4hFBdVlc/6LHnD9mX488r9cLd2";
        for (length, right) in [(71, false), (72, true), (73, true), (4096, true)] {
            assert_eq!(verify("x".repeat(length).as_bytes(), text), Some(right), "{length}");
        }
    }

    #[test]
    fn what_is_no_hash_or_asks_for_too_much_is_not_worked_on() {
        for text in [
            "$2a$",
            "$2a$06$",
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfx",
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxee",
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVf!e",
            "$2a$03$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
            "$2a$16$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
            "$2a$xx$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
        ] {
            assert_eq!(verify(b"a", text), None, "{text}");
        }
    }

    #[test]
    fn a_password_does_not_end_at_a_zero_byte() {
        assert_eq!(verify(b"a\0b", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"), Some(false));
    }
}
