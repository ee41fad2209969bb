//! How fast a resource works.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How fast a resource works: 1.00 is the pace that menus are measured at, 2.00 takes half as long. From 0.10 to 9.99 in
/// steps of 0.01; written as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EfficiencyRate(u16);

impl EfficiencyRate {
    /// The pace that menus are measured at.
    pub const ONE: Self = Self(100);

    /// A rate in hundredths, 10 to 999.
    pub const fn from_hundredths(hundredths: i32) -> Option<Self> {
        match hundredths {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
            10..=999 => Some(Self(hundredths as u16)),
            _ => None,
        }
    }

    /// The rate in hundredths, 10 to 999.
    pub const fn hundredths(self) -> i32 {
        self.0 as i32
    }
}

impl Default for EfficiencyRate {
    fn default() -> Self {
        Self::ONE
    }
}

impl Serialize for EfficiencyRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for EfficiencyRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hundredths = f64::deserialize(deserializer)? * 100.0;
        let whole = hundredths.round();
        #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
        let rate = if (hundredths - whole).abs() < 1e-6 { Self::from_hundredths(whole as i32) } else { None };
        rate.ok_or_else(|| {
            serde::de::Error::custom("an efficiency rate is between 0.10 and 9.99 with at most two decimals")
        })
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::EfficiencyRate {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .minimum(Some(0.1))
                .maximum(Some(9.99))
                .multiple_of(Some(0.01))
                .description(Some("How fast a resource works: 2 takes half as long as 1. At most two decimals."))
                .examples([serde_json::json!(1.25)])
                .into()
        }
    }

    impl utoipa::ToSchema for super::EfficiencyRate {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_two_decimals() {
        for (text, hundredths) in [("0.1", 10), ("1", 100), ("1.0", 100), ("0.29", 29), ("1.15", 115), ("9.99", 999)] {
            let rate: EfficiencyRate = serde_json::from_str(text).unwrap();
            assert_eq!(rate.hundredths(), hundredths, "{text}");
            assert_eq!(serde_json::from_str::<EfficiencyRate>(&serde_json::to_string(&rate).unwrap()).unwrap(), rate);
        }
        for bad in ["0", "0.09", "10", "1.005", "-1", "1e300", "\"1\"", "null"] {
            assert!(serde_json::from_str::<EfficiencyRate>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_rate_is_read_back_from_its_number() {
        for hundredths in 10..=999 {
            let rate = EfficiencyRate::from_hundredths(hundredths).unwrap();
            assert_eq!(serde_json::from_str::<EfficiencyRate>(&serde_json::to_string(&rate).unwrap()).unwrap(), rate);
        }
    }
}
