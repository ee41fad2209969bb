//! Booking numbers: short enough to read over the telephone, safe against a slip of the tongue.

use chrono::NaiveDate;
use musubi_kernel::id::IdGen;
use std::fmt;
use std::str::FromStr;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_DIGITS: usize = 7;

/// A booking number such as `260320-K7M4XQ2-R`: business date, 35 random bits, check character.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BookingNumber(String);

impl BookingNumber {
    /// A new number for a booking of this date.
    pub fn new(ids: &dyn IdGen, business_date: NaiveDate) -> Self {
        let random = ids.secret().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digits: String = (0..RANDOM_DIGITS).map(|place| digit((random >> (5 * place)) & 31)).collect();
        let date = business_date.format("%y%m%d").to_string();
        let check = check_character(&format!("{date}{digits}"));
        Self(format!("{date}-{digits}-{check}"))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BookingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no booking number, or one with a slip in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a booking number: a character is wrong or missing")]
pub struct NotABookingNumber;

impl FromStr for BookingNumber {
    type Err = NotABookingNumber;

    /// Reads a number as people write it: any case, with or without hyphens, `O` for 0, `I` and `L` for 1.
    fn from_str(text: &str) -> Result<Self, NotABookingNumber> {
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let well_formed = digits.len() == 6 + RANDOM_DIGITS + 1
            && digits.bytes().take(6).all(|byte| byte.is_ascii_digit())
            && digits.bytes().all(|byte| ALPHABET.contains(&byte));
        if !well_formed {
            return Err(NotABookingNumber);
        }
        let (body, check) = digits.split_at(digits.len() - 1);
        if !check.starts_with(check_character(body)) {
            return Err(NotABookingNumber);
        }
        let (date, random) = body.split_at(6);
        Ok(Self(format!("{date}-{random}-{check}")))
    }
}

fn digit(value: u64) -> char {
    char::from(ALPHABET[usize::try_from(value & 31).unwrap_or(0)])
}

/// Luhn's algorithm, modulo 32: finds every single wrong character and nearly every swap of neighbours.
fn check_character(body: &str) -> char {
    let value = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap_or(0) as u64;
    let sum: u64 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let weighted = value(byte) * if place % 2 == 0 { 2 } else { 1 };
            weighted / 32 + weighted % 32
        })
        .sum();
    digit((32 - sum % 32) % 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::CountingIds;

    fn number() -> BookingNumber {
        BookingNumber::new(&CountingIds::default(), NaiveDate::from_ymd_opt(2026, 3, 20).expect("a date"))
    }

    #[test]
    fn a_number_is_read_back_however_it_is_written() {
        let number = number();
        assert!(number.as_str().len() <= 20);
        let spoken = number.as_str().replace('-', " ").to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(spoken.parse(), Ok(number));
    }

    #[test]
    fn every_single_slip_is_found() {
        let number = number();
        for (place, original) in number.as_str().char_indices().filter(|(_, c)| *c != '-') {
            for wrong in ALPHABET.iter().map(|byte| char::from(*byte)).filter(|wrong| *wrong != original) {
                let mut slip = number.as_str().to_owned();
                slip.replace_range(place..=place, &wrong.to_string());
                assert_eq!(slip.parse::<BookingNumber>(), Err(NotABookingNumber), "{slip}");
            }
        }
        for garbage in ["", "260320", "２６０３２０-K7M4XQ2-R", "260320-K7M4XQ2-R-R"] {
            assert!(garbage.parse::<BookingNumber>().is_err());
        }
    }
}
