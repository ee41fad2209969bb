//! The business calendar.

use crate::condition::of_store;
use crate::entities::{Fields, Mapped, Stored};
use chrono::NaiveDate;
use musubi_catalog::calendar::{CalendarDay, CalendarDayDetails, CalendarEntry, CalendarFilter, HolidayType};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::CalendarDayId;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for CalendarDay {
    const TABLE: &'static str = "business_calendars";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "date",
        "is_holiday",
        "is_special_hours",
        "special_hours",
        "holiday_type",
        "notes",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["date", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        let CalendarEntry { date, day } = &self.entry;
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("date", *date);
        row.set("is_holiday", day.is_holiday);
        row.set("is_special_hours", day.is_special_hours);
        row.json_or_null("special_hours", day.special_hours.as_ref());
        row.set("holiday_type", day.holiday_type.map(HolidayType::code));
        row.set("notes", day.notes.as_deref());
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        let day = CalendarDayDetails {
            is_holiday: row.get("is_holiday")?,
            is_special_hours: row.get("is_special_hours")?,
            special_hours: row.json_or_null("special_hours")?,
            holiday_type: row.code_or_null("holiday_type", HolidayType::from_code)?,
            notes: row.get("notes")?,
        };
        if day.is_special_hours != day.special_hours.is_some() {
            return Err(StoreError::Corrupt("special_hours: not as is_special_hours says".to_owned()));
        }
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            entry: CalendarEntry { date: row.get("date")?, day },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        of_store(scope)
    }

    fn admitted(filter: &CalendarFilter, _: &dyn Cipher) -> Condition {
        Condition::all()
            .add_option(filter.from.map(|from| Expr::col("date").gte(from)))
            .add_option(filter.to.map(|to| Expr::col("date").lte(to)))
    }

    fn position((date, id): (NaiveDate, CalendarDayId)) -> Vec<Value> {
        vec![date.into(), id.0.into()]
    }
}
