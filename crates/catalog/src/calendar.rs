//! The business calendar: dates on which a store's week does not hold. A date has one entry at most, so it is put and
//! removed by its date.

mod day;

pub use day::{CalendarDay, CalendarDayDetails, CalendarEntry, CalendarFilter, HolidayType};

use chrono::NaiveDate;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::entity::{Entity, Keeper};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::ATTEMPTS;

/// What [`Calendar::put`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The date as it is now.
    pub day: CalendarDay,
    /// Whether it had no entry before.
    pub created: bool,
}

/// The use cases on a store's calendar.
#[derive(Clone)]
pub struct Calendar {
    keeper: Keeper<CalendarDay>,
}

impl Calendar {
    /// Use cases over these.
    pub fn new(keeper: Keeper<CalendarDay>) -> Self {
        Self { keeper }
    }

    /// The entry of a date.
    pub async fn get(&self, scope: &StoreScope, date: NaiveDate) -> Result<CalendarDay, EntityError> {
        self.on(scope, date).await?.ok_or(EntityError::NotFound(CalendarDay::NOUN))
    }

    /// A page of entries.
    pub async fn list(
        &self,
        scope: &StoreScope,
        filter: &CalendarFilter,
        page: &PageRequest,
    ) -> Result<Page<CalendarDay>, EntityError> {
        self.keeper.list(scope, filter, page).await
    }

    /// Sets a date, whether it has an entry or not. With `expected`, only over that version of its entry.
    pub async fn put(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        date: NaiveDate,
        day: CalendarDayDetails,
        expected: Option<i64>,
    ) -> Result<Put, EntityError> {
        let entry = CalendarEntry { date, day };
        let mut tries = 1;
        loop {
            let done = match self.on(scope, date).await? {
                Some(present) => {
                    let put = self.keeper.update(caller, scope, present.id, expected, |_| Ok(entry.clone())).await;
                    put.map(|day| Put { day, created: false })
                }
                None if expected.is_some() => return Err(EntityError::NotFound(CalendarDay::NOUN)),
                None => {
                    let put = self.keeper.create(caller, scope, entry.clone(), &NoReceipt).await;
                    put.map(|day| Put { day, created: true })
                }
            };
            // Somebody else has put or removed the date meanwhile.
            let overtaken =
                matches!(done, Err(EntityError::Store(StoreError::Taken { .. }) | EntityError::NotFound(_)));
            if !overtaken || tries == ATTEMPTS {
                return done;
            }
            tries += 1;
        }
    }

    /// Removes the entry of a date: the store's week holds again. With `expected`, only at that version.
    pub async fn remove(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        date: NaiveDate,
        expected: Option<i64>,
    ) -> Result<(), EntityError> {
        let present = self.get(scope, date).await?;
        self.keeper.remove(caller, scope, present.id, expected).await
    }

    async fn on(&self, scope: &StoreScope, date: NaiveDate) -> Result<Option<CalendarDay>, EntityError> {
        let one = PageRequest { limit: 1, after: None };
        Ok(self.keeper.list(scope, &CalendarFilter::on(date), &one).await?.items.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{keeper, store_scope};

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn closed() -> CalendarDayDetails {
        CalendarDayDetails { is_holiday: true, ..CalendarDayDetails::default() }
    }

    #[tokio::test]
    async fn a_date_is_put_and_removed() {
        let calendar = Calendar::new(keeper());
        let (caller, scope) = (Caller::system(), store_scope(1, 1));
        let first = calendar.put(&caller, &scope, date(20), closed(), None).await.unwrap();
        assert!(first.created);
        let open = CalendarDayDetails::default();
        let second = calendar.put(&caller, &scope, date(20), open.clone(), Some(1)).await.unwrap();
        assert_eq!((second.created, second.day.version, second.day.id), (false, 2, first.day.id));
        let stale = calendar.put(&caller, &scope, date(20), open.clone(), Some(1)).await;
        assert_eq!(stale, Err(EntityError::Stale { expected: 1, actual: 2 }));
        let absent = calendar.put(&caller, &scope, date(21), open, Some(1)).await;
        assert_eq!(absent, Err(EntityError::NotFound("calendar_day")));
        calendar.remove(&caller, &scope, date(20), Some(2)).await.unwrap();
        assert_eq!(calendar.get(&scope, date(20)).await, Err(EntityError::NotFound("calendar_day")));
    }

    #[tokio::test]
    async fn a_range_is_listed_in_order_and_per_store() {
        let calendar = Calendar::new(keeper());
        let (caller, ours, theirs) = (Caller::system(), store_scope(1, 1), store_scope(1, 2));
        for day in [22, 20, 21] {
            calendar.put(&caller, &ours, date(day), closed(), None).await.unwrap();
        }
        assert!(calendar.put(&caller, &theirs, date(20), closed(), None).await.unwrap().created);
        let filter = CalendarFilter { from: Some(date(20)), to: Some(date(21)) };
        let page = calendar.list(&ours, &filter, &PageRequest::default()).await.unwrap();
        let dates: Vec<_> = page.items.iter().map(|day| day.entry.date).collect();
        assert_eq!(dates, [date(20), date(21)]);
    }
}
