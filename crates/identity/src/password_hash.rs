//! What is kept of a password.

use musubi_kernel::secret::Secret;

/// What a password was turned into by a slow, salted function, as text that names the function and its parameters. It is
/// never shown: whoever has it can guess at the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret);

impl PasswordHash {
    /// The hash that this text is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// As it is kept.
    pub fn as_text(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$v=19$…")), "PasswordHash(Secret(…))");
    }
}
