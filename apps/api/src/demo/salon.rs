//! A hair salon: stylists who can be nominated, three chairs, one private room.

mod menus;
mod team;

use super::hours::{next, span};
use super::premises::{Premises, Shop};
use super::{DemoError, House};
use chrono::{NaiveDate, Weekday};
use musubi_catalog::calendar::{CalendarDayDetails, HolidayType};
use musubi_catalog::store::{IndustryType, StoreDetails};
use musubi_kernel::hours::WeeklyHours;

/// Opens the salon.
pub(super) async fn open(house: House<'_>, today: NaiveDate) -> Result<Shop, DemoError> {
    let mut premises = Premises::found(house, "株式会社むすび", store()).await?;
    let team = team::hire(house, &mut premises, today).await?;
    calendar(house, &premises, today).await?;
    let menus = menus::write(house, &premises, &team).await?;
    Ok(Shop {
        premises,
        menus,
        pace: [8, 5, 5, 6, 8, 11, 10],
        customers: 38,
        number: 1,
        wishes: &[
            "前回と同じ感じでお願いします。",
            "少し明るめの色にしたいです。",
            "肌が弱いので、染みにくい薬剤を希望します。",
            "静かに過ごしたいです。",
            "子どもの行事があるので、15時までに終わると助かります。",
        ],
    })
}

fn store() -> StoreDetails {
    let (week, weekend) = (vec![span("10:00", "20:00")], vec![span("09:00", "19:00")]);
    let hours = WeeklyHours {
        mon: Vec::new(),
        tue: week.clone(),
        wed: week.clone(),
        thu: week.clone(),
        fri: week,
        sat: weekend.clone(),
        sun: weekend.clone(),
        holiday: Some(weekend),
    };
    StoreDetails {
        description: Some(
            "表参道の小さなヘアサロン。髪と人を、やさしく結びます。 / A small hair salon in Omotesando.".to_owned(),
        ),
        phone: Some("03-0000-1234".to_owned()),
        email: Some("hello@hair-musubi.example.jp".to_owned()),
        postal_code: Some("150-0001".to_owned()),
        address: Some("東京都渋谷区神宮前0-0-0 むすびビル2F".to_owned()),
        latitude: Some(35.6659),
        longitude: Some(139.7124),
        advance_booking_days: 60,
        hold_minutes: 15,
        require_customer_info: true,
        theme_color: "#b45309".to_owned(),
        ..StoreDetails::new("ヘアサロン結 -MUSUBI-", "hair-musubi", IndustryType::Beauty, hours)
    }
}

async fn calendar(house: House<'_>, premises: &Premises, today: NaiveDate) -> Result<(), DemoError> {
    let training = CalendarDayDetails {
        is_special_hours: true,
        special_hours: Some(vec![span("10:00", "15:00")]),
        holiday_type: Some(HolidayType::SpecialEvent),
        notes: Some("スタッフ研修のため15時閉店 / Staff training, closing at 15:00".to_owned()),
        ..CalendarDayDetails::default()
    };
    let rest = CalendarDayDetails {
        is_holiday: true,
        holiday_type: Some(HolidayType::StoreHoliday),
        notes: Some("店休日 / The salon rests".to_owned()),
        ..CalendarDayDetails::default()
    };
    premises.date(house, next(Weekday::Thu, today, 2), training).await?;
    premises.date(house, next(Weekday::Tue, today, 5), rest).await
}
