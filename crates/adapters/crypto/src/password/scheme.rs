//! Of which kind a kept hash is.

/// How a password was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Argon2, as a PHC string: what Musubi makes.
    Argon2,
    /// bcrypt, as `$2a$`, `$2b$` or `$2y$`.
    Bcrypt,
    /// bcrypt of a digest, as WordPress makes since 6.8.
    WordPressBcrypt,
    /// phpass's portable hash: WordPress before 6.8, phpBB.
    Phpass,
    /// MD5, as WordPress made before 2.5.
    Md5,
}

impl Scheme {
    /// The kind of a hash in its text form; `None`: of no kind that is known.
    pub(super) fn of(text: &str) -> Option<Self> {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| text.starts_with(beginning));
        if begins(&["$argon2"]) {
            Some(Self::Argon2)
        } else if begins(&["$2a$", "$2b$", "$2y$"]) {
            Some(Self::Bcrypt)
        } else if begins(&["$wp$2y$"]) {
            Some(Self::WordPressBcrypt)
        } else if begins(&["$P$", "$H$"]) {
            Some(Self::Phpass)
        } else if text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            Some(Self::Md5)
        } else {
            None
        }
    }

    /// Whether checking a password takes next to no time beside Argon2.
    pub(super) const fn is_quick(self) -> bool {
        matches!(self, Self::Phpass | Self::Md5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_from_how_a_hash_begins() {
        for (text, scheme) in [
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Some(Scheme::Argon2)),
            ("$argon2i$", Some(Scheme::Argon2)),
            ("$2a$10$", Some(Scheme::Bcrypt)),
            ("$2b$10$", Some(Scheme::Bcrypt)),
            ("$2y$10$", Some(Scheme::Bcrypt)),
            ("$wp$2y$10$", Some(Scheme::WordPressBcrypt)),
            ("$P$B", Some(Scheme::Phpass)),
            ("$H$9", Some(Scheme::Phpass)),
            ("8743b52063cd84097a65d1633f5c74f5", Some(Scheme::Md5)),
            ("8743B52063CD84097A65D1633F5C74F5", Some(Scheme::Md5)),
            // bcrypt as PHP got it wrong before 5.3.7, in which many passwords share a hash.
            ("$2x$10$", None),
            ("$wp$argon2id$", None),
            ("8743b52063cd84097a65d1633f5c74f", None),
            ("8743b52063cd84097a65d1633f5c74fg", None),
            ("password", None),
            ("*", None),
            ("!", None),
            ("", None),
        ] {
            assert_eq!(Scheme::of(text), scheme, "{text}");
        }
    }
}
