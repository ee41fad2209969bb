//! Amounts of money.

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency that Musubi prices in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Japanese yen: no minor unit, so `5500` is ¥5,500.
    #[default]
    Jpy,
}

impl Currency {
    /// The ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Jpy => "JPY",
        }
    }

    /// The currency with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "JPY" => Some(Self::Jpy),
            _ => None,
        }
    }
}

/// A whole number of minor units (yen: whole yen). May be negative, as a discount is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Amount(pub i64);

impl Amount {
    /// Nothing to pay.
    pub const ZERO: Self = Self(0);

    /// `numerator / denominator`, rounded once to the nearest unit, halves toward plus infinity.
    ///
    /// # Panics
    /// When `denominator` is not positive.
    pub fn rounded(numerator: i128, denominator: i128) -> Self {
        assert!(denominator > 0, "a price is divided by a positive number");
        let nearest = (2 * numerator + denominator).div_euclid(2 * denominator);
        Self(i64::try_from(nearest).unwrap_or(if nearest > 0 { i64::MAX } else { i64::MIN }))
    }

    /// The sum, kept within the range of an amount.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The amount, or nothing when it is below nothing.
    #[must_use]
    pub fn at_least_zero(self) -> Self {
        self.max(Self::ZERO)
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn halves_round_toward_plus_infinity() {
        for (numerator, denominator, whole) in
            [(5, 2, 3), (-5, 2, -2), (4, 3, 1), (-4, 3, -1), (7, 7, 1), (0, 9, 0), (-1, 2, 0)]
        {
            assert_eq!(Amount::rounded(numerator, denominator), Amount(whole), "{numerator}/{denominator}");
        }
    }
}
