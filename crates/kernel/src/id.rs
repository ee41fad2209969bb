//! Typed ids and their source.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where ids and secrets come from: the system's in production, a counter in tests.
pub trait IdGen: Send + Sync {
    /// A new UUIDv7 whose time part is `at`.
    fn uuid(&self, at: DateTime<Utc>) -> Uuid;

    /// 256 fresh random bits.
    fn secret(&self) -> [u8; 32];
}

/// Ids from the operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemIds;

impl IdGen for SystemIds {
    fn uuid(&self, at: DateTime<Utc>) -> Uuid {
        let random = self.secret();
        let mut tail = [0; 10];
        tail.copy_from_slice(&random[..10]);
        v7(at, tail)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the adapter of IdGen")]
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

/// Ids from a counter: equal runs give equal ids. For tests and examples.
#[derive(Debug, Default)]
pub struct CountingIds(std::sync::atomic::AtomicU64);

impl CountingIds {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
    }
}

impl IdGen for CountingIds {
    fn uuid(&self, at: DateTime<Utc>) -> Uuid {
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&self.next().to_be_bytes());
        v7(at, tail)
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes
    }
}

/// RFC 9562, 5.7: 48 bits of Unix milliseconds, then version, variant and 74 free bits.
fn v7(at: DateTime<Utc>, tail: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = Uuid, format = "uuid"))]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, made at `at`.
            pub fn new(ids: &dyn IdGen, at: DateTime<Utc>) -> Self {
                Self(ids.uuid(at))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

typed_ids! {
    /// A business that runs one or more stores.
    TenantId,
    /// One shop of a tenant: the unit of isolation.
    StoreId,
    /// A person, room, piece of equipment or vehicle that can be booked.
    ResourceId,
    /// A time at which a resource is away.
    AbsenceId,
    /// A service that can be booked.
    MenuId,
    /// An extra that can be chosen with a menu.
    MenuOptionId,
    /// A date that differs from a store's week.
    CalendarDayId,
    /// A store's record of a person.
    CustomerId,
    /// One appointment.
    BookingId,
    /// A window kept free for somebody who is about to book.
    HoldId,
    /// One entry of a booking's history.
    BookingChangeId,
    /// Something that somebody is told.
    NotificationId,
    /// What a store offers to customers who agreed to hear of offers.
    PromotionId,
    /// A store's own wording of what it tells.
    TemplateId,
    /// Where a tenant wants to hear of events.
    EndpointId,
    /// One event on its way to one endpoint.
    DeliveryId,
    /// A machine caller's credential.
    ApiKeyId,
    /// A person who can sign in.
    UserId,
    /// One way in which a person signs in.
    SignInAccountId,
    /// One sign-in on one device.
    SessionId,
    /// A link or code that is good for one use.
    OneTimeTokenId,
    /// What a person is at a store where they work.
    StaffAccountId,
    /// What a person is to the platform.
    AdminUserId,
    /// The authenticator app of a person.
    TwoFactorId,
    /// A passkey of a person.
    PasskeyId,
    /// One answer that a passkey is asked for.
    CeremonyId,
    /// One domain event.
    EventId,
    /// One audit entry.
    AuditId,
    /// One piece of work that is done later.
    JobId,
    /// One claim of jobs.
    LeaseId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_ids_carry_their_moment_and_version() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).expect("in range");
        let id = SystemIds.uuid(at);
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().expect("a moment").to_unix();
        assert_eq!(DateTime::from_timestamp(i64::try_from(seconds).expect("in range"), nanos), Some(at));
    }

    #[test]
    fn counted_ids_are_equal_from_run_to_run_and_ordered() {
        let at = DateTime::UNIX_EPOCH;
        let (a, b) = (CountingIds::default(), CountingIds::default());
        assert_eq!(a.uuid(at), b.uuid(at));
        assert!(a.uuid(at) < a.uuid(at));
        assert_ne!(a.secret(), a.secret());
    }
}
