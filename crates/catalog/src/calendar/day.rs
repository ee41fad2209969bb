//! One date that differs from a store's week.

use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::codes;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::hours::{DayHours, check_day};
use musubi_kernel::id::{CalendarDayId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

codes! {
    /// Why a date differs.
    HolidayType {
        /// The nation rests.
        NationalHoliday = "national_holiday",
        /// The store rests.
        StoreHoliday = "store_holiday",
        /// Something special is on.
        SpecialEvent = "special_event",
        /// Works on the premises.
        Maintenance = "maintenance",
    }
}

/// What can be set of a date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "is_special_hours": true,
    "special_hours": [{ "open": "12:00", "close": "17:00" }],
    "holiday_type": "special_event",
    "notes": "年末の営業"
})))]
pub struct CalendarDayDetails {
    /// Whether the store is closed.
    pub is_holiday: bool,
    /// Whether the store is open at `special_hours` instead of its usual hours.
    pub is_special_hours: bool,
    /// The hours when `is_special_hours`, and only then.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<musubi_kernel::hours::OpenInterval>>))]
    pub special_hours: Option<DayHours>,
    /// Why the date differs. `national_holiday` makes it one for the store, whatever its region computes.
    pub holiday_type: Option<HolidayType>,
    /// The store's notes to itself.
    pub notes: Option<String>,
}

/// A date and what is set of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarEntry {
    /// The business date.
    pub date: NaiveDate,
    /// What can be set.
    #[serde(flatten)]
    pub day: CalendarDayDetails,
}

/// A date that differs from a store's week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarDay {
    /// Id.
    pub id: CalendarDayId,
    /// Whose store's it is.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Whose it is.
    pub store_id: StoreId,
    /// The date and what is set of it.
    #[serde(flatten)]
    pub entry: CalendarEntry,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl CalendarDay {
    /// What answers the attempt to make a second entry of a date.
    pub const DATE_TAKEN: StoreError =
        StoreError::Taken { code: "date_taken", detail: "the calendar has an entry for this date" };
}

/// Which dates a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CalendarFilter {
    /// This date and later ones.
    pub from: Option<NaiveDate>,
    /// This date and earlier ones.
    pub to: Option<NaiveDate>,
}

impl CalendarFilter {
    /// One date alone.
    pub const fn on(date: NaiveDate) -> Self {
        Self { from: Some(date), to: Some(date) }
    }
}

impl Entity for CalendarDay {
    type Id = CalendarDayId;
    type Scope = StoreScope;
    type Details = CalendarEntry;
    type Filter = CalendarFilter;
    type SortKey = (NaiveDate, CalendarDayId);

    const NOUN: &'static str = "calendar_day";

    fn create(id: CalendarDayId, scope: &StoreScope, entry: CalendarEntry, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.tenant(), scope.store());
        Self { id, tenant_id, store_id, entry, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, entry: CalendarEntry, at: DateTime<Utc>) -> Self {
        Self { entry, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(entry: &CalendarEntry) -> Result<(), Invalid> {
        let CalendarEntry { date, day } = entry;
        let mut invalid = Invalid::default();
        invalid.date("/date", *date, 1970..=2200);
        match (&day.special_hours, day.is_special_hours) {
            (None, true) => invalid.add("/special_hours", "required", "special hours need their hours"),
            (Some(_), false) => {
                invalid.add("/special_hours", "not_special", "hours are given only when is_special_hours is true");
            }
            (Some(hours), true) => check_day(hours, "/special_hours", &mut invalid),
            (None, false) => (),
        }
        let both = day.is_holiday && day.is_special_hours;
        invalid.require(!both, "/is_special_hours", "closed", "a day on which the store is closed has no hours");
        invalid.prose("/notes", day.notes.as_deref());
        invalid.finish()
    }

    fn id(&self) -> CalendarDayId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &CalendarEntry {
        &self.entry
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }
    fn public_record(&self) -> Value {
        serde_json::json!(self)
    }
    fn lives_in(&self, scope: &StoreScope) -> bool {
        (self.tenant_id, self.store_id) == (scope.tenant(), scope.store())
    }
    fn admitted_by(&self, filter: &CalendarFilter) -> bool {
        filter.from.is_none_or(|from| from <= self.entry.date) && filter.to.is_none_or(|to| self.entry.date <= to)
    }
    fn sort_key(&self) -> (NaiveDate, CalendarDayId) {
        (self.entry.date, self.id)
    }
    fn clash(&self, other: &Self) -> Option<StoreError> {
        ((self.store_id, self.entry.date) == (other.store_id, other.entry.date)).then_some(Self::DATE_TAKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::broken;
    use serde_json::json;

    #[test]
    fn rules() {
        for (day, expected) in [
            (json!({}), None),
            (json!({"is_holiday": true, "holiday_type": "store_holiday", "notes": "inventory"}), None),
            (json!({"is_special_hours": true, "special_hours": [{"open": "12:00", "close": "26:00"}]}), None),
            (json!({"is_special_hours": true, "special_hours": []}), None),
            (json!({"is_special_hours": true}), Some(("/special_hours", "required"))),
            (json!({"special_hours": []}), Some(("/special_hours", "not_special"))),
            (
                json!({"is_special_hours": true, "special_hours": [{"open": "12:00", "close": "11:00"}]}),
                Some(("/special_hours/0", "open_not_before_close")),
            ),
            (
                json!({"is_holiday": true, "is_special_hours": true, "special_hours": []}),
                Some(("/is_special_hours", "closed")),
            ),
            (json!({"notes": "\u{0}"}), Some(("/notes", "control_character"))),
        ] {
            let entry = CalendarEntry {
                date: NaiveDate::from_ymd_opt(2026, 3, 20).unwrap(),
                day: serde_json::from_value(day.clone()).unwrap(),
            };
            let expected: Vec<_> = expected.into_iter().map(|(pointer, code)| (pointer.to_owned(), code)).collect();
            assert_eq!(broken::<CalendarDay>(&entry), expected, "{day}");
        }
        assert!(serde_json::from_value::<CalendarDayDetails>(json!({"date": "2026-03-20"})).is_err());
        let far = CalendarEntry { date: NaiveDate::MAX, day: CalendarDayDetails::default() };
        assert_eq!(broken::<CalendarDay>(&far), [("/date".into(), "out_of_range")]);
    }
}
