//! Rooms and teachers.

use crate::demo::hours::span;
use crate::demo::premises::Premises;
use crate::demo::{DemoError, House};
use chrono::{Days, NaiveDate};
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;

/// Seats of a class.
const CLASS: i32 = 12;

/// Who and what the school has.
pub(super) struct Rooms {
    /// The large studio in the mornings, and at night: the same room at different hours, so that each has its classes.
    pub(super) morning: ResourceId,
    pub(super) night: ResourceId,
    /// The small studio.
    pub(super) small: ResourceId,
    /// Who gives private lessons. A class does not name its teacher as something that is booked: each of its bookings
    /// would choose one of its own.
    pub(super) teachers: Vec<ResourceId>,
}

/// Furnishes the studios, hires the teachers.
pub(super) async fn furnish(house: House<'_>, premises: &mut Premises, today: NaiveDate) -> Result<Rooms, DemoError> {
    let morning =
        studio("スタジオA 朝クラス", "大きなスタジオ、朝 / The large studio, mornings", CLASS, Some(mornings()));
    let night = studio("スタジオA 夜クラス", "大きなスタジオ、夜 / The large studio, nights", CLASS, Some(nights()));
    let small = studio("スタジオB", "小さなスタジオ / The small studio", 8, None);
    let (morning, night, small) = (
        premises.resource(house, morning).await?,
        premises.resource(house, night).await?,
        premises.resource(house, small).await?,
    );
    let mut teachers = Vec::new();
    for (name, about, nomination) in [
        ("和田 真央", "主宰。陰ヨガと呼吸法。 / Head teacher: yin yoga, breathing", 2200),
        ("岡本 リサ", "パワーヨガとアライメント。 / Power yoga and alignment", 1100),
        ("上野 健", "はじめての方のやさしいヨガ。 / Gentle yoga for beginners", 0),
    ] {
        let details = ResourceDetails {
            description: Some(about.to_owned()),
            working_hours: Some(between_classes()),
            hourly_rate_diff: Amount(nomination),
            capacity: 2,
            ..ResourceDetails::new(ResourceType::Staff, name)
        };
        teachers.push(premises.resource(house, details).await?);
    }
    if let [head, second, ..] = teachers[..] {
        premises.absence(house, head, today + Days::new(3), ("00:00", "24:00"), "研修 / Training").await?;
        premises.absence(house, head, today + Days::new(4), ("00:00", "24:00"), "研修 / Training").await?;
        premises.absence(house, second, today - Days::new(6), ("14:00", "17:00"), "私用 / Errand").await?;
    }
    Ok(Rooms { morning, night, small, teachers })
}

fn studio(name: &str, about: &str, capacity: i32, working_hours: Option<WeeklyHours>) -> ResourceDetails {
    ResourceDetails {
        description: Some(about.to_owned()),
        capacity,
        working_hours,
        ..ResourceDetails::new(ResourceType::Room, name)
    }
}

fn mornings() -> WeeklyHours {
    week([&[span("07:00", "13:00")], &[span("07:00", "13:00")], &[span("06:00", "12:30")], &[span("06:00", "12:30")]])
}

fn nights() -> WeeklyHours {
    week([&[span("19:00", "22:00")], &[span("19:00", "25:00")], &[span("19:00", "22:00")], &[]])
}

fn between_classes() -> WeeklyHours {
    let noon = span("14:00", "17:00");
    week([&[span("10:00", "13:00"), noon], &[noon], &[noon], &[noon]])
}

/// The hours of Monday to Thursday, of Friday, of Saturday, of Sunday and holidays.
fn week([four_days, fri, sat, sun]: [&[OpenInterval]; 4]) -> WeeklyHours {
    WeeklyHours {
        mon: four_days.to_vec(),
        tue: four_days.to_vec(),
        wed: four_days.to_vec(),
        thu: four_days.to_vec(),
        fri: fri.to_vec(),
        sat: sat.to_vec(),
        sun: sun.to_vec(),
        holiday: Some(sun.to_vec()),
    }
}
