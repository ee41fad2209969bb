//! A yoga school: classes of twelve in the mornings and at night, small groups, private lessons.

mod menus;
mod rooms;

use super::hours::{next, span};
use super::premises::{Premises, Shop};
use super::{DemoError, House};
use chrono::{NaiveDate, Weekday};
use musubi_catalog::calendar::{CalendarDayDetails, HolidayType};
use musubi_catalog::store::{IndustryType, StoreDetails};
use musubi_kernel::hours::WeeklyHours;

/// Opens the school.
pub(super) async fn open(house: House<'_>, today: NaiveDate) -> Result<Shop, DemoError> {
    let mut premises = Premises::found(house, "合同会社なごみ", store()).await?;
    let rooms = rooms::furnish(house, &mut premises, today).await?;
    calendar(house, &premises, today).await?;
    let menus = menus::write(house, &premises, &rooms).await?;
    Ok(Shop {
        premises,
        menus,
        pace: [4, 4, 5, 4, 7, 6, 5],
        customers: 34,
        number: 2,
        wishes: &[
            "ヨガマットをお借りしたいです。",
            "腰痛があるので、無理のないポーズでお願いします。",
            "体がとても硬いですが大丈夫でしょうか。",
            "友人と一緒に参加します。",
        ],
    })
}

fn store() -> StoreDetails {
    let (morning, noon, night) = (span("07:00", "13:00"), span("14:00", "17:00"), span("19:00", "22:00"));
    let week = vec![morning, noon, night];
    let rest = vec![span("08:00", "12:30"), noon];
    let hours = WeeklyHours {
        mon: week.clone(),
        tue: week.clone(),
        wed: week.clone(),
        thu: week,
        fri: vec![morning, noon, span("19:00", "25:00")],
        sat: vec![span("08:00", "12:30"), noon, night],
        sun: rest.clone(),
        holiday: Some(rest),
    };
    StoreDetails {
        description: Some(
            "呼吸を整える、少人数のヨガスクール。 / A yoga school of small classes in Kamakura.".to_owned(),
        ),
        phone: Some("0467-00-1234".to_owned()),
        email: Some("hello@yoga-nagomi.example.jp".to_owned()),
        postal_code: Some("248-0006".to_owned()),
        address: Some("神奈川県鎌倉市小町0-0-0".to_owned()),
        latitude: Some(35.3207),
        longitude: Some(139.5523),
        time_slot_interval: 90,
        advance_booking_days: 21,
        booking_limit_per_day: 24,
        theme_color: "#0f766e".to_owned(),
        ..StoreDetails::new("ヨガスクール和", "yoga-nagomi", IndustryType::School, hours)
    }
}

async fn calendar(house: House<'_>, premises: &Premises, today: NaiveDate) -> Result<(), DemoError> {
    let workshop = CalendarDayDetails {
        is_special_hours: true,
        special_hours: Some(vec![span("06:00", "12:00")]),
        holiday_type: Some(HolidayType::SpecialEvent),
        notes: Some("早朝ヨガの日 / Day of early yoga".to_owned()),
        ..CalendarDayDetails::default()
    };
    let works = CalendarDayDetails {
        is_holiday: true,
        holiday_type: Some(HolidayType::Maintenance),
        notes: Some("空調点検のため休業 / Closed for works on the air conditioning".to_owned()),
        ..CalendarDayDetails::default()
    };
    premises.date(house, next(Weekday::Sun, today, 2), workshop).await?;
    premises.date(house, next(Weekday::Wed, today, 6), works).await
}
