//! Clock times of a business day, in the Japanese style that runs past midnight.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A clock time of a business day, from `00:00` to `30:00`. `25:30` is half past one on the morning after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u16);

impl WallTime {
    /// The first minute of a business day.
    pub const MIDNIGHT: Self = Self(0);
    /// The latest clock time that still belongs to a business day, `30:00`.
    pub const LATEST: Self = Self(30 * 60);

    /// The clock time `minutes` after midnight; `None` past `30:00`.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= Self::LATEST.0 { Some(Self(minutes)) } else { None }
    }

    /// Minutes after the midnight of the business day, 0 to 1800.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A text that is no clock time of a business day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a wall time is HH:MM from 00:00 to 30:00")]
pub struct NotAWallTime;

impl FromStr for WallTime {
    type Err = NotAWallTime;

    fn from_str(text: &str) -> Result<Self, NotAWallTime> {
        let [h1, h0, b':', m1, m0] = text.as_bytes() else { return Err(NotAWallTime) };
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0')).ok_or(NotAWallTime);
        let (hours, minutes) = (digit(h1)? * 10 + digit(h0)?, digit(m1)? * 10 + digit(m0)?);
        if minutes > 59 {
            return Err(NotAWallTime);
        }
        Self::from_minutes(hours * 60 + minutes).ok_or(NotAWallTime)
    }
}

impl Serialize for WallTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::WallTime {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^(([01][0-9]|2[0-9]):[0-5][0-9]|30:00)$"))
                .description(Some(
                    "Clock time of a business day, `00:00` to `30:00`; `25:30` is 01:30 on the next morning.",
                ))
                .examples([serde_json::json!("10:00")])
                .into()
        }
    }

    impl utoipa::ToSchema for super::WallTime {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clock_times_of_a_business_day_are_read() {
        for good in ["00:00", "09:05", "23:59", "24:00", "25:30", "30:00"] {
            assert_eq!(good.parse::<WallTime>().map(|time| time.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "9:00",
            "09:60",
            "24:61",
            "30:01",
            "31:00",
            "-1:00",
            "09:00 ",
            "０９:００",
            "0900",
            "09:00:00",
            "+9:00",
        ] {
            assert_eq!(bad.parse::<WallTime>(), Err(NotAWallTime), "{bad}");
        }
    }
}
