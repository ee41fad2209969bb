//! A customer, as far as booking needs to know and changes them.

use crate::code::{Gender, Rank};
use crate::request::Guest;
use crate::shop::NoShowPolicy;
use chrono::{DateTime, Days, NaiveDate, Utc};
use musubi_kernel::id::{CustomerId, UserId};
use musubi_kernel::money::Amount;
use serde_json::{Value, json};

/// A store's customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patron {
    /// The customer.
    pub id: CustomerId,
    /// Name, if known.
    pub name: Option<String>,
    /// Telephone number (E.164), if known.
    pub phone: Option<String>,
    /// What the rules look at.
    pub guest: Guest,
    /// Whether their record is in use; one that was put away keeps its bookings, and makes no new ones.
    pub active: bool,
    /// What bookings have made of them.
    pub record: VisitRecord,
}

/// What a customer's bookings have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VisitRecord {
    /// Bookings that took place.
    pub total_bookings: u32,
    /// What these cost.
    pub total_spent: Amount,
    /// Bookings to which they did not come.
    pub no_show_count: u32,
    /// The last of these.
    pub last_no_show_at: Option<DateTime<Utc>>,
    /// Start of the first visit.
    pub first_visit_at: Option<DateTime<Utc>>,
    /// Start of the latest visit.
    pub last_visit_at: Option<DateTime<Utc>>,
}

impl Patron {
    /// With what a newcomer says of themselves where nothing is on file. It decides about this booking alone: what
    /// somebody says without signing in is not written into anybody's record.
    #[must_use]
    pub fn as_said_by(mut self, newcomer: &Newcomer) -> Self {
        self.guest.birthday = self.guest.birthday.or(newcomer.birthday);
        self.guest.gender = self.guest.gender.or(newcomer.gender);
        self
    }

    /// As far as somebody may claim to be them without proof: the price is that of anybody, so that another's telephone
    /// number is worth nothing. What keeps them from booking stays.
    #[must_use]
    pub fn unproven(mut self) -> Self {
        self.guest.rank = Rank::Regular;
        self
    }

    /// Restricted when this other record of the same person is.
    #[must_use]
    pub fn or_as(mut self, other: &Self) -> Self {
        let (own, theirs) = (&self.guest, &other.guest);
        if !theirs.restricted {
            return self;
        }
        let until = if own.restricted {
            own.restricted_until.zip(theirs.restricted_until).map(|(own, theirs)| own.max(theirs))
        } else {
            theirs.restricted_until
        };
        self.guest.restricted = true;
        self.guest.restricted_until = until;
        self
    }

    /// How they stand in events and audit entries: no contact data.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "is_restricted": self.guest.restricted,
            "restriction_until": self.guest.restricted_until,
            "total_bookings": self.record.total_bookings,
            "total_spent": self.record.total_spent,
            "no_show_count": self.record.no_show_count,
        })
    }

    /// After a visit that began at `at` and cost `price`.
    #[must_use]
    pub fn visited(mut self, at: DateTime<Utc>, price: Amount) -> Self {
        self.record.total_bookings += 1;
        self.record.total_spent = self.record.total_spent.plus(price);
        self.record.first_visit_at = Some(self.record.first_visit_at.map_or(at, |first| first.min(at)));
        self.record.last_visit_at = Some(self.record.last_visit_at.map_or(at, |last| last.max(at)));
        self
    }

    /// After staying away from a booking that began at `at`. At the policy's threshold they are restricted for its
    /// days; a restriction that lasts longer stays.
    #[must_use]
    pub fn stayed_away(mut self, at: DateTime<Utc>, policy: NoShowPolicy, now: DateTime<Utc>) -> Self {
        self.record.no_show_count += 1;
        self.record.last_no_show_at = Some(self.record.last_no_show_at.map_or(at, |last| last.max(at)));
        if policy.threshold > 0 && self.record.no_show_count >= policy.threshold {
            let days = Days::new(u64::from(policy.restrict_days));
            let until = now.checked_add_days(days).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let forever = self.guest.restricted && self.guest.restricted_until.is_none();
            let present = self.guest.restricted_until.filter(|_| self.guest.restricted);
            self.guest.restricted = true;
            self.guest.restricted_until =
                if forever { None } else { Some(present.map_or(until, |present| present.max(until))) };
        }
        self
    }
}

/// Somebody who books and may be new: what they say of themselves, normalised (telephone number in E.164, e-mail in
/// lower case).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newcomer {
    /// Name.
    pub name: Option<String>,
    /// Name in kana.
    pub name_kana: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Birthday.
    pub birthday: Option<NaiveDate>,
    /// Gender.
    pub gender: Option<Gender>,
    /// LINE user id.
    pub line_user_id: Option<String>,
    /// LINE display name.
    pub line_display_name: Option<String>,
}

/// A person who has signed in and books for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// What they say of themselves, completed by what is known of them: the address is one that they have proven to be
    /// theirs, and there is no LINE user.
    pub said: Newcomer,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Rank;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(number)
    }

    fn patron(no_shows: u32, restricted: bool, until: Option<i64>) -> Patron {
        Patron {
            active: true,
            id: CustomerId(uuid::Uuid::nil()),
            name: None,
            phone: None,
            guest: Guest {
                rank: Rank::Regular,
                birthday: None,
                gender: None,
                restricted,
                restricted_until: until.map(day),
            },
            record: VisitRecord { no_show_count: no_shows, ..VisitRecord::default() },
        }
    }

    #[test]
    fn staying_away_restricts_from_the_threshold_on() {
        let policy = |threshold| NoShowPolicy { threshold, restrict_days: 90 };
        let (free, forever) = ((false, None), (true, None));
        let until = |day| (true, Some(day));
        // The missed booking began on day 99, and it is day 100 when that is written down.
        for (what, before, threshold, expected) in [
            ("below the threshold", patron(0, false, None), 3, free),
            ("one below the threshold", patron(1, false, None), 3, free),
            ("at the threshold", patron(2, false, None), 3, until(190)),
            ("past the threshold", patron(7, false, None), 3, until(190)),
            ("the first time already", patron(0, false, None), 1, until(190)),
            ("threshold 0: never", patron(9, false, None), 0, free),
            ("a restriction that ends later stays", patron(2, true, Some(300)), 3, until(300)),
            ("a restriction that ends sooner grows", patron(2, true, Some(150)), 3, until(190)),
            ("a restriction that has ended begins anew", patron(2, true, Some(50)), 3, until(190)),
            ("the date of a lifted restriction is nothing", patron(2, false, Some(300)), 3, until(190)),
            ("forever stays forever", patron(2, true, None), 3, forever),
            ("below the threshold a restriction stays", patron(0, true, Some(150)), 3, until(150)),
        ] {
            let count = before.record.no_show_count;
            let after = before.stayed_away(day(99), policy(threshold), day(100));
            let (restricted, end) = expected;
            assert_eq!((after.guest.restricted, after.guest.restricted_until), (restricted, end.map(day)), "{what}");
            assert_eq!(after.record.no_show_count, count + 1, "{what}");
            assert_eq!(after.record.last_no_show_at, Some(day(99)), "{what}");
        }
    }

    #[test]
    fn visits_add_up_in_whatever_order_they_are_written_down() {
        let after = patron(0, false, None)
            .visited(day(20), Amount(5500))
            .visited(day(10), Amount(0))
            .visited(day(30), Amount(1200));
        let expected = VisitRecord {
            total_bookings: 3,
            total_spent: Amount(6700),
            first_visit_at: Some(day(10)),
            last_visit_at: Some(day(30)),
            ..VisitRecord::default()
        };
        assert_eq!(after.record, expected);
        let policy = NoShowPolicy { threshold: 0, restrict_days: 90 };
        let away = after.stayed_away(day(50), policy, day(51)).stayed_away(day(40), policy, day(52));
        assert_eq!((away.record.no_show_count, away.record.last_no_show_at), (2, Some(day(50))));
    }
}
