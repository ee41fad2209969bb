//! One appointment and its life.

use crate::agreement::Agreement;
use crate::error::BookingError;
use crate::minute::Minute;
use crate::number::BookingNumber;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::codes;
use musubi_kernel::id::{BookingId, CustomerId, StoreId, TenantId};
use serde_json::{Value, json};

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The booking.
    pub id: BookingId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its store.
    pub store: StoreId,
    /// For people.
    pub number: BookingNumber,
    /// Who comes.
    pub customer: CustomerId,
    /// Name and telephone number as given when it was made.
    pub contact: Contact,
    /// What, when, with whom, for how much.
    pub agreement: Agreement,
    /// Where it stands.
    pub status: Status,
    /// When it was confirmed, if it was.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// What people wrote.
    pub notes: Notes,
    /// Starts that would also do, while it waits for the store's word.
    pub preferred_times: Vec<Minute>,
    /// SHA-256 of the token of its manage link.
    pub manage_token_hash: [u8; 32],
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// Name and telephone number (E.164) as given with a booking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Name.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// What people wrote about a booking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The customer, for the store.
    pub customer: Option<String>,
    /// Staff, for the customer's visit.
    pub staff: Option<String>,
    /// Staff, for staff.
    pub internal: Option<String>,
}

codes! {
    /// The name of a status.
    StatusCode {
        /// Waits for the store's word; occupies its window all the same.
        Pending = "pending",
        /// Agreed.
        Confirmed = "confirmed",
        /// Called off.
        Cancelled = "cancelled",
        /// Took place.
        Completed = "completed",
        /// The customer stayed away.
        NoShow = "no_show",
    }
}

/// Where a booking stands. A cancelled booking without its time cannot exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Waits for the store's word.
    Pending,
    /// Agreed.
    Confirmed,
    /// Called off.
    Cancelled {
        /// When.
        at: DateTime<Utc>,
        /// Why; staff always say.
        reason: Option<String>,
    },
    /// Took place.
    Completed {
        /// When it was marked so.
        at: DateTime<Utc>,
    },
    /// The customer stayed away.
    NoShow {
        /// When it was marked so.
        at: DateTime<Utc>,
    },
}

impl Status {
    /// Its name.
    pub const fn name(&self) -> StatusCode {
        match self {
            Self::Pending => StatusCode::Pending,
            Self::Confirmed => StatusCode::Confirmed,
            Self::Cancelled { .. } => StatusCode::Cancelled,
            Self::Completed { .. } => StatusCode::Completed,
            Self::NoShow { .. } => StatusCode::NoShow,
        }
    }

    /// Whether its window is kept free of others: all but cancelled.
    pub const fn occupies(&self) -> bool {
        !matches!(self, Self::Cancelled { .. })
    }

    /// Whether it is still to come about: neither called off nor marked as over.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed)
    }
}

/// Who changes a booking, as far as the rules differ for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The customer, who must keep the notice period.
    Customer {
        /// Why, if they say.
        reason: Option<String>,
    },
    /// The store, at any time, with a reason.
    Staff {
        /// Why.
        reason: String,
    },
}

impl By {
    /// Why.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Customer { reason } => reason.as_deref(),
            Self::Staff { reason } => Some(reason),
        }
    }
}

impl Booking {
    /// The start that the customer sees.
    pub fn starts_at(&self) -> DateTime<Utc> {
        self.agreement.service.from.instant()
    }

    /// Until when the customer may change or cancel it.
    pub fn changeable_until(&self) -> DateTime<Utc> {
        self.starts_at() - TimeDelta::hours(i64::from(self.agreement.cancellation_hours))
    }

    /// Agreed: the store gives its word.
    pub fn confirm(self, now: DateTime<Utc>) -> Result<Self, BookingError> {
        self.may_be_confirmed()?;
        Ok(Self { confirmed_at: Some(now), preferred_times: Vec::new(), ..self.become_(Status::Confirmed, now) })
    }

    /// Whether it waits for the store's word.
    pub fn may_be_confirmed(&self) -> Result<(), BookingError> {
        match self.status {
            Status::Pending => Ok(()),
            _ => Err(self.cannot_become(StatusCode::Confirmed)),
        }
    }

    /// Called off. Customers may until the notice period begins; staff at any time, with a reason.
    pub fn cancel(self, by: &By, now: DateTime<Utc>) -> Result<Self, BookingError> {
        if !self.status.is_open() {
            return Err(self.cannot_become(StatusCode::Cancelled));
        }
        self.in_time_for(by, now)?;
        let reason = by.reason().map(str::to_owned);
        Ok(self.become_(Status::Cancelled { at: now, reason }, now))
    }

    /// Took place. Only after its start.
    pub fn complete(self, now: DateTime<Utc>) -> Result<Self, BookingError> {
        self.after_start(StatusCode::Completed, now)?;
        Ok(self.become_(Status::Completed { at: now }, now))
    }

    /// The customer stayed away. Only after its start.
    pub fn miss(self, now: DateTime<Utc>) -> Result<Self, BookingError> {
        self.after_start(StatusCode::NoShow, now)?;
        Ok(self.become_(Status::NoShow { at: now }, now))
    }

    /// Moved, or otherwise agreed anew. Number, status and history stay.
    #[must_use]
    pub fn reschedule(self, agreement: Agreement, now: DateTime<Utc>) -> Self {
        Self { agreement, version: self.version + 1, updated_at: now, ..self }
    }

    /// Whether it may be moved or changed at all, and by this one.
    pub fn may_be_changed(&self, by: &By, now: DateTime<Utc>) -> Result<(), BookingError> {
        if !self.status.is_open() {
            return Err(BookingError::NotChangeable { status: self.status.name().code() });
        }
        self.in_time_for(by, now)
    }

    /// With other notes.
    #[must_use]
    pub fn annotate(self, notes: Notes, now: DateTime<Utc>) -> Self {
        Self { notes, version: self.version + 1, updated_at: now, ..self }
    }

    /// Whether it is at the version that the caller saw.
    pub fn expect_version(&self, expected: Option<i64>) -> Result<(), BookingError> {
        match expected {
            Some(expected) if expected != self.version => Err(BookingError::Stale { expected, actual: self.version }),
            _ => Ok(()),
        }
    }

    /// How it stands in histories, events and audit entries: no contact data, no free text.
    pub fn public_record(&self) -> Value {
        let agreement = &self.agreement;
        let resources: Vec<Value> = agreement
            .resources
            .iter()
            .map(|held| json!({ "id": held.id, "name": held.name, "seats": held.seats }))
            .collect();
        json!({
            "id": self.id,
            "booking_number": self.number.as_str(),
            "customer_id": self.customer,
            "menu_id": agreement.menu,
            "menu_name": agreement.menu_name,
            "status": self.status.name(),
            "business_date": agreement.business_date,
            "start": agreement.service.from.instant(),
            "end": agreement.service.to.instant(),
            "party_size": agreement.party_size,
            "option_ids": agreement.options.iter().map(|option| option.id).collect::<Vec<_>>(),
            "resources": resources,
            "total_price": agreement.price.total,
            "source": agreement.source,
            "version": self.version,
        })
    }

    fn become_(self, status: Status, now: DateTime<Utc>) -> Self {
        Self { status, version: self.version + 1, updated_at: now, ..self }
    }

    fn cannot_become(&self, to: StatusCode) -> BookingError {
        BookingError::InvalidTransition { from: self.status.name().code(), to: to.code() }
    }

    fn in_time_for(&self, by: &By, now: DateTime<Utc>) -> Result<(), BookingError> {
        let until = self.changeable_until();
        match by {
            By::Customer { .. } if now > until => Err(BookingError::TooLateToChange { until }),
            _ => Ok(()),
        }
    }

    fn after_start(&self, to: StatusCode, now: DateTime<Utc>) -> Result<(), BookingError> {
        match self.status {
            Status::Confirmed if now >= self.starts_at() => Ok(()),
            Status::Confirmed => Err(BookingError::NotStarted),
            _ => Err(self.cannot_become(to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Source;
    use crate::minute::Span;
    use crate::plan::Lengths;
    use crate::price::Price;
    use chrono::NaiveDate;
    use musubi_kernel::error::Failure;
    use musubi_kernel::id::{CountingIds, MenuId};
    use uuid::Uuid;

    const START: Minute = Minute(30_000_000);
    const NOTICE: i64 = 24;

    fn hours_before_start(hours: i64) -> DateTime<Utc> {
        START.instant() - TimeDelta::hours(hours)
    }

    fn a(status: StatusCode) -> Booking {
        let at = hours_before_start(100);
        let business_date = NaiveDate::from_ymd_opt(2027, 1, 15).expect("a date");
        let window = Span { from: START, to: START + 60 };
        Booking {
            id: BookingId(Uuid::nil()),
            tenant: TenantId(Uuid::nil()),
            store: StoreId(Uuid::nil()),
            number: BookingNumber::new(&CountingIds::default(), business_date),
            customer: CustomerId(Uuid::nil()),
            contact: Contact::default(),
            agreement: Agreement {
                menu: MenuId(Uuid::nil()),
                menu_name: "Cut".to_owned(),
                party_size: 1,
                source: Source::Web,
                options: Vec::new(),
                business_date,
                service: window,
                occupied: window,
                lengths: Lengths { prep: 0, service: 60, cleanup: 0, buffer: 0 },
                resources: Vec::new(),
                nominated: false,
                price: Price::default(),
                cancellation_hours: u32::try_from(NOTICE).expect("a small number"),
            },
            status: match status {
                StatusCode::Pending => Status::Pending,
                StatusCode::Confirmed => Status::Confirmed,
                StatusCode::Cancelled => Status::Cancelled { at, reason: None },
                StatusCode::Completed => Status::Completed { at },
                StatusCode::NoShow => Status::NoShow { at },
            },
            confirmed_at: None,
            notes: Notes::default(),
            preferred_times: vec![START + 60],
            manage_token_hash: [0; 32],
            version: 4,
            created_at: at,
            updated_at: at,
        }
    }

    fn customer() -> By {
        By::Customer { reason: None }
    }

    fn staff() -> By {
        By::Staff { reason: "ill".to_owned() }
    }

    /// A step's name and result: the new status, or the error's code.
    fn told(result: Result<Booking, BookingError>) -> &'static str {
        match result {
            Ok(booking) => booking.status.name().code(),
            Err(error) => error.code(),
        }
    }

    #[test]
    fn every_status_allows_the_steps_of_the_rules_and_no_others() {
        use StatusCode::{Cancelled, Completed, Confirmed, NoShow, Pending};
        let no = "invalid_transition";
        // After the start:  confirm      cancel       complete     no_show    change
        for (status, steps) in [
            (Pending, ["confirmed", "cancelled", no, no, "pending"]),
            (Confirmed, [no, "cancelled", "completed", "no_show", "confirmed"]),
            (Cancelled, [no, no, no, no, no]),
            (Completed, [no, no, no, no, no]),
            (NoShow, [no, no, no, no, no]),
        ] {
            let now = START.instant();
            let changed = a(status).may_be_changed(&staff(), now).map(|()| {
                let booking = a(status);
                let agreement = booking.agreement.clone();
                booking.reschedule(agreement, now)
            });
            let done = [
                told(a(status).confirm(now)),
                told(a(status).cancel(&staff(), now)),
                told(a(status).complete(now)),
                told(a(status).miss(now)),
                told(changed),
            ];
            assert_eq!(done, steps, "{status:?}");
            assert_eq!(a(status).status.occupies(), status != Cancelled);
        }
    }

    #[test]
    fn nothing_is_completed_or_missed_before_it_starts() {
        let second = TimeDelta::seconds(1);
        for (now, expected) in [
            (START.instant() - second, ["not_started", "not_started"]),
            (START.instant(), ["completed", "no_show"]),
            (START.instant() + second, ["completed", "no_show"]),
        ] {
            let confirmed = || a(StatusCode::Confirmed);
            assert_eq!([told(confirmed().complete(now)), told(confirmed().miss(now))], expected, "{now}");
        }
        // What could never be completed is not said to be early.
        assert_eq!(told(a(StatusCode::Pending).complete(hours_before_start(1))), "invalid_transition");
    }

    #[test]
    fn customers_keep_the_notice_period_and_staff_need_not() {
        let limit = hours_before_start(NOTICE);
        let instant = TimeDelta::microseconds(1);
        assert_eq!(a(StatusCode::Confirmed).changeable_until(), limit);
        for (by, now, cancelled, changed) in [
            (customer(), limit - instant, "cancelled", Ok(())),
            (customer(), limit, "cancelled", Ok(())),
            (customer(), limit + instant, "too_late_to_change", Err("too_late_to_change")),
            (customer(), START.instant(), "too_late_to_change", Err("too_late_to_change")),
            (staff(), limit + instant, "cancelled", Ok(())),
            (staff(), START.instant() + instant, "cancelled", Ok(())),
        ] {
            for status in [StatusCode::Pending, StatusCode::Confirmed] {
                assert_eq!(told(a(status).cancel(&by, now)), cancelled, "{by:?} at {now}");
                assert_eq!(
                    a(status).may_be_changed(&by, now).map_err(|error| error.code()),
                    changed,
                    "{by:?} at {now}"
                );
            }
        }
    }

    #[test]
    fn a_step_writes_the_next_version_and_what_it_means() {
        let now = hours_before_start(30);
        let confirmed = a(StatusCode::Pending).confirm(now).expect("pending");
        assert_eq!((confirmed.version, confirmed.updated_at, confirmed.confirmed_at), (5, now, Some(now)));
        assert_eq!(confirmed.preferred_times, []);
        let cancelled = a(StatusCode::Confirmed).cancel(&staff(), now).expect("confirmed");
        assert_eq!(cancelled.status, Status::Cancelled { at: now, reason: Some("ill".to_owned()) });
        assert_eq!((cancelled.version, cancelled.number.clone()), (5, a(StatusCode::Confirmed).number));
    }

    #[test]
    fn a_version_that_was_not_seen_last_is_refused() {
        let booking = a(StatusCode::Pending);
        assert_eq!(booking.expect_version(None), Ok(()));
        assert_eq!(booking.expect_version(Some(4)), Ok(()));
        assert_eq!(booking.expect_version(Some(3)), Err(BookingError::Stale { expected: 3, actual: 4 }));
    }
}
