//! What is kept of a password.

use musubi_kernel::secret::Secret;

/// The hash of a password, in the text form in which it is kept: a PHC string, or what another system kept before its
/// people moved here. Opaque to this crate. Not shown by `Debug`, as it lets whoever sees it try passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret);

impl PasswordHash {
    /// A hash in its text form.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// The text form, for storage and for who verifies.
    pub fn as_text(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_not_shown() {
        let hash = PasswordHash::new("$argon2id$v=19$m=19456");
        assert!(!format!("{hash:?}").contains("argon2"));
        assert_eq!(hash.as_text(), "$argon2id$v=19$m=19456");
    }
}
