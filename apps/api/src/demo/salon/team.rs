//! Stylists, chairs, and the private room.

use crate::demo::hours::span;
use crate::demo::premises::Premises;
use crate::demo::{DemoError, House};
use chrono::{Days, NaiveDate};
use musubi_catalog::efficiency::EfficiencyRate;
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;

/// Who and what works in the salon.
pub(super) struct Team {
    pub(super) stylists: Vec<ResourceId>,
    /// Those of them who can dress people in kimono.
    pub(super) dressers: Vec<ResourceId>,
}

struct Stylist {
    name: &'static str,
    about: &'static str,
    /// In hundredths.
    efficiency: i32,
    /// Yen an hour.
    nomination: i64,
    capacity: i32,
    /// Tuesday to Friday; weekends and holidays.
    hours: (Vec<OpenInterval>, Vec<OpenInterval>),
    /// The free weekday beside Monday: 0 is Tuesday.
    free: usize,
}

/// Hires everybody, buys the chairs.
pub(super) async fn hire(house: House<'_>, premises: &mut Premises, today: NaiveDate) -> Result<Team, DemoError> {
    let mut hired = Vec::new();
    for stylist in stylists() {
        hired.push(premises.resource(house, stylist.details()).await?);
    }
    for chair in ["セット面 1", "セット面 2", "セット面 3"] {
        let details = ResourceDetails {
            description: Some("カット・カラー用の席 / Styling chair".to_owned()),
            ..ResourceDetails::new(ResourceType::Equipment, chair)
        };
        premises.resource(house, details).await?;
    }
    let room = ResourceDetails {
        description: Some("スパと着付けの個室 / Private room for spa and kimono".to_owned()),
        capacity: 2,
        ..ResourceDetails::new(ResourceType::Room, "個室")
    };
    premises.resource(house, room).await?;

    let [owner, second, third, _] = hired[..] else { return Ok(Team { dressers: hired.clone(), stylists: hired }) };
    premises.absence(house, second, today + Days::new(4), ("00:00", "24:00"), "有給休暇 / Day off").await?;
    premises.absence(house, third, today + Days::new(1), ("14:00", "16:00"), "通院 / Doctor").await?;
    premises.absence(house, owner, today + Days::new(8), ("13:00", "18:00"), "講習会 / Seminar").await?;
    premises.absence(house, third, today - Days::new(5), ("00:00", "24:00"), "体調不良 / Unwell").await?;
    Ok(Team { dressers: vec![owner, third], stylists: hired })
}

fn stylists() -> [Stylist; 4] {
    let all_day = (vec![span("10:00", "20:00")], vec![span("09:00", "19:00")]);
    let with_lunch =
        (vec![span("10:00", "13:00"), span("14:00", "20:00")], vec![span("09:00", "13:00"), span("14:00", "19:00")]);
    let early = (vec![span("10:00", "17:00")], vec![span("09:00", "17:00")]);
    let late = (vec![span("12:00", "20:00")], vec![span("11:00", "19:00")]);
    [
        Stylist {
            name: "結城 美咲",
            about: "店長。ショートカットと着付けが得意です。 / Owner; short cuts and kimono",
            efficiency: 125,
            nomination: 2200,
            capacity: 2,
            hours: all_day,
            free: 1,
        },
        Stylist {
            name: "高橋 蓮",
            about: "メンズとパーマの担当です。 / Men's hair and perms",
            efficiency: 110,
            nomination: 1100,
            capacity: 1,
            hours: late,
            free: 0,
        },
        Stylist {
            name: "中村 さくら",
            about: "透明感カラーとヘッドスパ。 / Sheer colours and head spa",
            efficiency: 100,
            nomination: 550,
            capacity: 1,
            hours: early,
            free: 2,
        },
        Stylist {
            name: "小林 陽太",
            about: "ていねいなジュニアスタイリスト。 / A careful junior stylist",
            efficiency: 80,
            nomination: 0,
            capacity: 1,
            hours: with_lunch,
            free: 3,
        },
    ]
}

impl Stylist {
    fn details(self) -> ResourceDetails {
        let (week, weekend) = self.hours;
        let on = |day: usize| if day == self.free { Vec::new() } else { week.clone() };
        let working_hours = WeeklyHours {
            mon: Vec::new(),
            tue: on(0),
            wed: on(1),
            thu: on(2),
            fri: on(3),
            sat: weekend.clone(),
            sun: weekend.clone(),
            holiday: Some(weekend),
        };
        ResourceDetails {
            description: Some(self.about.to_owned()),
            working_hours: Some(working_hours),
            efficiency_rate: EfficiencyRate::from_hundredths(self.efficiency).unwrap_or_default(),
            hourly_rate_diff: Amount(self.nomination),
            capacity: self.capacity,
            ..ResourceDetails::new(ResourceType::Staff, self.name)
        }
    }
}
