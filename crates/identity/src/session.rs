//! Sessions: one sign-in on one device.

use crate::lifetimes::Lifetimes;
use crate::token::TokenDigest;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::codes;
use musubi_kernel::id::{SessionId, SignInAccountId, UserId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;

codes! {
    /// How a person proved who they are: authentication method references as RFC 8176 has them, and one of our own.
    Method {
        /// By a password.
        Password = "pwd",
        /// By a one-time password.
        OneTimePassword = "otp",
        /// By a key in hardware, such as a passkey.
        HardwareKey = "hwk",
        /// By another provider's word. RFC 8176 has no name for it.
        Federated = "fed",
    }
}

impl Method {
    /// Whether it is more than what a person knows, or another's word.
    pub const fn is_second_factor(self) -> bool {
        matches!(self, Self::OneTimePassword | Self::HardwareKey)
    }
}

codes! {
    /// Why a session ended before its time.
    EndReason {
        /// The person signed out on the device.
        SignedOut = "signed_out",
        /// The person ended it from elsewhere, or the operator did.
        Revoked = "revoked",
        /// A token was shown that had been replaced: somebody else has had it too.
        Reuse = "reuse",
        /// The password was changed or reset.
        PasswordChanged = "password_changed",
        /// The person was locked.
        Locked = "locked",
        /// The person was banned.
        Banned = "banned",
        /// The person was deleted.
        Deleted = "deleted",
    }
}

/// The newest tokens of a session, as they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Digest of the refresh token.
    pub refresh: TokenDigest,
    /// Digest of the access token.
    pub access: TokenDigest,
    /// When the access token ends.
    pub access_expires_at: DateTime<Utc>,
    /// Whether one of the two has been shown: then the answer that brought them has arrived.
    pub used: bool,
}

/// One sign-in on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// By which of their accounts.
    pub account: SignInAccountId,
    /// Digest of what all its refresh tokens share.
    pub family: TokenDigest,
    /// Its newest tokens.
    pub newest: Pair,
    /// Digest of the refresh token that the newest one replaced; `None`: it is the first.
    pub before: Option<TokenDigest>,
    /// How the person proved who they are.
    pub methods: BTreeSet<Method>,
    /// Digest of the [challenge](crate::challenge) that a second factor answered, of which it is the only session; `None`: it
    /// began at once.
    pub challenge: Option<TokenDigest>,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take a minute.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
    /// From which address they signed in or last refreshed.
    pub ip: Option<IpAddr>,
    /// With which program, as it says of itself.
    pub user_agent: Option<String>,
    /// When and why it ended before its time.
    pub ended: Option<(DateTime<Utc>, EndReason)>,
}

/// The digests of tokens that are about to be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// Of the refresh token.
    pub refresh: TokenDigest,
    /// Of the access token.
    pub access: TokenDigest,
}

impl Session {
    /// A session that begins now, and at once.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own, and there is one caller")]
    pub fn begin(
        id: SessionId,
        user: UserId,
        account: SignInAccountId,
        family: TokenDigest,
        fresh: Fresh,
        methods: BTreeSet<Method>,
        caller: &Caller,
        lifetimes: &Lifetimes,
        now: DateTime<Utc>,
    ) -> Self {
        let expires_at = now + lifetimes.absolute;
        Self {
            id,
            user,
            account,
            family,
            newest: Pair {
                refresh: fresh.refresh,
                access: fresh.access,
                access_expires_at: (now + lifetimes.access).min(expires_at),
                used: false,
            },
            before: None,
            methods,
            challenge: None,
            created_at: now,
            last_used_at: now,
            idle_expires_at: (now + lifetimes.idle).min(expires_at),
            expires_at,
            ip: caller.ip,
            user_agent: caller.user_agent.clone(),
            ended: None,
        }
    }

    /// Whether it has not ended.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended.is_none() && now < self.idle_expires_at && now < self.expires_at
    }

    /// Whether its access token opens anything.
    pub fn admits(&self, access: &TokenDigest, now: DateTime<Utc>) -> bool {
        self.is_live(now) && self.newest.access == *access && now < self.newest.access_expires_at
    }

    /// Whether its last use is to be written down again.
    pub fn is_use_outdated(&self, now: DateTime<Utc>) -> bool {
        now - self.last_used_at >= TimeDelta::minutes(1)
    }

    /// When it ends by itself, unless it is refreshed before, or when something ended it.
    pub fn over_at(&self) -> DateTime<Utc> {
        let by_itself = self.idle_expires_at.min(self.expires_at);
        self.ended.map_or(by_itself, |(at, _)| at.min(by_itself))
    }

    /// Ended now.
    #[must_use]
    pub fn end(self, reason: EndReason, now: DateTime<Utc>) -> Self {
        Self { ended: Some((now, reason)), ..self }
    }

    /// Who shows its access token.
    pub const fn actor(&self) -> Actor {
        Actor::Person { user: self.user, session: self.id }
    }

    /// How it stands in events and audit entries: neither tokens nor device.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "user_id": self.user,
            "account_id": self.account,
            "methods": self.methods,
            "expires_at": self.expires_at,
            "ended_at": self.ended.map(|(at, _)| at),
            "end_reason": self.ended.map(|(_, reason)| reason),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use uuid::Uuid;

    pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("in range")
    }

    /// Lives of 10, 100 and 250 seconds.
    pub(crate) fn short() -> Lifetimes {
        let [access, idle, absolute] = [10, 100, 250].map(TimeDelta::seconds);
        Lifetimes { access, idle, absolute, ..Lifetimes::default() }
    }

    pub(crate) fn digest(n: u8) -> TokenDigest {
        TokenDigest([n; 32])
    }

    /// Begun at 0 with the refresh token 1 and the access token 101.
    pub(crate) fn begun() -> Session {
        let id = Uuid::from_u128;
        let fresh = Fresh { refresh: digest(1), access: digest(101) };
        let (lifetimes, methods) = (short(), [Method::Password].into());
        let (session, user, account) = (id(1).into(), id(2).into(), id(3).into());
        Session::begin(session, user, account, digest(0), fresh, methods, &Caller::system(), &lifetimes, at(0))
    }

    #[test]
    fn the_access_token_ends_first() {
        for (seconds, admits, live) in
            [(0, true, true), (9, true, true), (10, false, true), (99, false, true), (100, false, false)]
        {
            let session = begun();
            let now = at(seconds);
            assert_eq!((session.admits(&digest(101), now), session.is_live(now)), (admits, live), "{seconds}");
        }
        assert!(!begun().admits(&digest(102), at(0)));
        assert!(!begun().end(EndReason::Locked, at(0)).admits(&digest(101), at(0)));
    }

    #[test]
    fn it_is_over_when_the_first_of_its_ends_has_come() {
        let ended = |seconds| begun().end(EndReason::Revoked, at(seconds)).over_at();
        assert_eq!((begun().over_at(), ended(7), ended(170)), (at(100), at(7), at(100)));
        let busy = Session { idle_expires_at: at(300), ..begun() };
        assert_eq!(busy.over_at(), at(250));
    }

    #[test]
    fn no_part_outlives_the_session() {
        let lifetimes = Lifetimes { access: TimeDelta::days(400), idle: TimeDelta::days(400), ..short() };
        let (session, fresh) = (begun(), Fresh { refresh: digest(1), access: digest(2) });
        let (id, user, account, methods) = (session.id, session.user, session.account, session.methods);
        let all = Session::begin(id, user, account, digest(0), fresh, methods, &Caller::system(), &lifetimes, at(0));
        assert_eq!((all.idle_expires_at, all.newest.access_expires_at), (all.expires_at, all.expires_at));
    }

    #[test]
    fn records_hold_no_digest() {
        let record = begun().public_record();
        let members: Vec<_> = record.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(
            members,
            ["account_id", "end_reason", "ended_at", "expires_at", "id", "methods", "user_id"],
            "digests of tokens are nobody's business"
        );
    }
}
