//! How long sign-ins and one-time tokens last.

use chrono::TimeDelta;

/// How long sign-ins and one-time tokens last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token: how long a stolen one is good at most, if it was stolen without its refresh token.
    pub access: TimeDelta,
    /// A session, from its last refresh.
    pub idle: TimeDelta,
    /// A session, from the sign-in, however often it is refreshed.
    pub absolute: TimeDelta,
    /// A link that proves an address.
    pub verify_email: TimeDelta,
    /// A link that sets a new password (seed 002: `pwdreset:{token}`).
    pub password_reset: TimeDelta,
    /// A sign-in that waits for its second factor.
    pub second_factor: TimeDelta,
    /// A code that is mailed (seed 002: `otp:{user_id}`).
    pub mailed_code: TimeDelta,
    /// An answer that a passkey is asked for.
    pub passkey: TimeDelta,
    /// How long a proof of who somebody is lets them do what is dangerous.
    pub step_up: TimeDelta,
    /// An invitation to work at a store.
    pub invitation: TimeDelta,
}

impl Default for Lifetimes {
    /// 10 minutes, 30 days, 90 days; 24 hours, 10 minutes; 10, 5, 5 and 10 minutes; 7 days. OWASP ASVS 5.0, V7.3 asks for an
    /// idle and an absolute end of
    /// sessions, and leaves their lengths to the application.
    fn default() -> Self {
        Self {
            access: TimeDelta::minutes(10),
            idle: TimeDelta::days(30),
            absolute: TimeDelta::days(90),
            verify_email: TimeDelta::hours(24),
            password_reset: TimeDelta::minutes(10),
            second_factor: TimeDelta::minutes(10),
            mailed_code: TimeDelta::minutes(5),
            passkey: TimeDelta::minutes(5),
            step_up: TimeDelta::minutes(10),
            invitation: TimeDelta::days(7),
        }
    }
}
