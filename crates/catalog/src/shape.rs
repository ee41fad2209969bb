//! Texts of a fixed shape.

/// Whether a text can stand in a web address as a store's name: lower-case letters, digits and inner hyphens.
pub fn is_slug(text: &str) -> bool {
    (2..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a text is a colour: `#` and six hexadecimal digits.
pub(crate) fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a text looks like a telephone number as people write it, of at most 20 characters.
pub(crate) fn is_phone(text: &str) -> bool {
    text.len() <= 20
        && text.bytes().filter(u8::is_ascii_digit).count() >= 3
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_with_inner_hyphens() {
        for good in ["ab", "salon-hanako", "a1", "0-0", &"x".repeat(100)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "a", "-ab", "ab-", "Salon", "a_b", "a b", "サロン", "a.b", &"x".repeat(101)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }

    #[test]
    fn colors_have_six_hexadecimal_digits() {
        for good in ["#10b981", "#FFFFFF"] {
            assert!(is_color(good), "{good}");
        }
        for bad in ["", "10b981", "#fff", "#10b98g", "#10b9811", "red", "#１０b981"] {
            assert!(!is_color(bad), "{bad}");
        }
    }

    #[test]
    fn phones_are_written_with_digits_and_a_few_signs() {
        for good in ["03-1234-5678", "+81 3 1234 5678", "(03)12345678", "110"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "call me", "12", "０３-1234-5678", "03-1234-5678-0000-00000", "+- ()"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
