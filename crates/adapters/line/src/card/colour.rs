//! The colour of a card, and that of what is written on it.

/// The usual colour of a store.
pub(crate) const GREEN: Colour = Colour([0x10, 0xb9, 0x81]);
/// That of what is called off.
pub(crate) const GREY: Colour = Colour([0x6b, 0x72, 0x80]);

const DARK: Colour = Colour([0x11, 0x18, 0x27]);
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

/// The colour of a text such as `#10b981`.
pub(crate) fn known(text: &str) -> Option<Colour> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let signless = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(Colour([part(0)?, part(2)?, part(4)?])).filter(|_| signless)
}

impl Colour {
    pub(crate) fn text(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// White or dark, whichever is read better on it (WCAG 2.2, contrast ratio).
    pub(crate) fn writing(self) -> Self {
        if contrast(self, WHITE) >= contrast(self, DARK) { WHITE } else { DARK }
    }

    /// Whether white is read well on it, where it cannot be anything else.
    pub(crate) fn bears_white(self) -> bool {
        self.writing() == WHITE
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_can_be_read_on_every_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let colour = Colour([red, green, blue]);
                    assert!(contrast(colour, colour.writing()) >= 4.0, "{}", colour.text());
                }
            }
        }
        assert_eq!(Colour([0xff, 0xf0, 0x80]).writing(), DARK);
        assert_eq!(Colour([0x20, 0x20, 0x80]).writing(), WHITE);
    }

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        assert_eq!(known("#10b981").map(Colour::text).as_deref(), Some("#10b981"));
        assert_eq!(known("#10B981").map(Colour::text).as_deref(), Some("#10b981"));
        for text in ["", "#", "10b981", "#10b98", "#10b9811", "#+1+2+3", "#花花", "red"] {
            assert_eq!(known(text), None, "{text}");
        }
    }
}
