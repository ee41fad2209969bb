//! Coming through an issuer of OpenID Connect: to sign in, or to link an account.
//!
//! Whoever goes to an issuer gets a secret, the *binding*, and keeps it on their device. Coming back they show it beside
//! the issuer's answer: else somebody could have another finish what they began, and be known by their account from
//! then on (RFC 9700, 4.7). What the answer is held against waits, sealed, in a one-time token, found by the digest of
//! the state. It is used up by the first answer, good or bad, before the issuer is asked anything.

use super::accounts::{Arrived, Identity};
use super::error::PeopleError;
use super::{People, live_token, unreadable};
use crate::issuer::Issuers;
use crate::issuer::claims::Claims;
use crate::issuer::error::{OidcError, TokenCheck};
use crate::issuer::pending::Callback;
use crate::issuer::redirects::Redirects;
use crate::locale::Locale;
use crate::one_time_token::{AtIssuer, OneTimeToken, TokenKind};
use crate::token::{self, BINDING_PREFIX, TokenDigest};
use crate::user::DISPLAY_NAME;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::{Failure as _, Invalid, StoreError};
use musubi_kernel::id::{OneTimeTokenId, UserId};
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;
use std::sync::Arc;

/// Somebody who sets out for an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetOut {
    /// Where to send them.
    pub url: String,
    /// What the issuer's answer will name.
    pub state: Secret,
    /// What their device keeps, and shows beside the answer.
    pub binding: Secret,
    /// Until when the answer is taken.
    pub expires_at: DateTime<Utc>,
}

/// Somebody who comes back.
#[derive(Debug, Clone, Default)]
pub struct Back {
    /// What the issuer sent them back with.
    pub answer: Callback,
    /// What their device kept.
    pub binding: Option<Secret>,
    /// In which language they are addressed, should they be new; `None`: as the issuer says.
    pub locale: Option<Locale>,
}

/// What somebody comes for.
#[derive(Clone, Copy)]
enum Errand<'a> {
    SignIn { issuer: &'a str },
    Link(&'a PersonScope),
}

impl<'a> Errand<'a> {
    fn person(self) -> Option<&'a PersonScope> {
        match self {
            Self::SignIn { .. } => None,
            Self::Link(scope) => Some(scope),
        }
    }

    /// Whether the person set out for this: whoever begins a link ends it, signed in as before.
    fn check(self, away: &Away, binding: Option<&Secret>) -> Result<(), OidcError> {
        let same_person = away.person == self.person().map(PersonScope::user);
        let shown = binding.and_then(|binding| token::shown(BINDING_PREFIX, binding.expose()));
        if !same_person || !shown.is_some_and(|shown| shown.is(&away.at.binding)) {
            return Err(OidcError::WrongState);
        }
        match self {
            Self::SignIn { issuer } if issuer != away.at.pending.issuer_name => Err(OidcError::MixUp),
            _ => Ok(()),
        }
    }
}

/// What was kept of somebody who set out.
struct Away {
    at: AtIssuer,
    /// Who links an account.
    person: Option<UserId>,
}

/// The use cases of coming through an issuer.
#[derive(Clone)]
pub struct ByIssuer {
    people: People,
    issuers: Arc<dyn Issuers>,
    redirects: Redirects,
}

impl ByIssuer {
    /// People who come through these issuers, which send them back to these addresses.
    pub fn new(people: People, issuers: Arc<dyn Issuers>, redirects: Redirects) -> Self {
        Self { people, issuers, redirects }
    }

    /// The names of the issuers.
    pub fn names(&self) -> Vec<String> {
        self.issuers.names()
    }

    /// Sends somebody to an issuer. `linking`: the person who is signed in, to link an account of theirs there, which asks for
    /// a recent proof now and when they come back.
    pub async fn set_out(
        &self,
        issuer: &str,
        redirect_uri: &str,
        linking: Option<&PersonScope>,
    ) -> Result<SetOut, PeopleError> {
        self.known(issuer)?;
        if !self.redirects.admit(redirect_uri) {
            let detail = "must be one of the addresses that the settings allow";
            return Err(Invalid::one("/redirect_uri", "not_allowed", detail).into());
        }
        let begun = self.issuers.begin(issuer, redirect_uri).await?;
        let (people, now) = (&self.people, self.people.clock.now());
        let (binding, digest) = token::new(BINDING_PREFIX, &*people.ids);
        let state = begun.pending.state.clone();
        let kept = OneTimeToken {
            id: OneTimeTokenId::new(&*people.ids, now),
            kind: TokenKind::OauthState,
            digest: TokenDigest::of(state.expose()),
            user: linking.map(PersonScope::user),
            payload: Some(AtIssuer { pending: begun.pending, binding: digest }.payload()),
            created_at: now,
            expires_at: now + TokenKind::OauthState.lifetime(&people.settings.lifetimes),
            used_at: None,
        };
        retrying(&*people.pause, || async {
            let mut unit = people.store.begin().await?;
            if let Some(scope) = linking {
                people.recent_person(&mut *unit, scope, now).await?;
            }
            unit.add_token(&kept).await?;
            Ok::<_, PeopleError>(unit.commit().await?)
        })
        .await?;
        Ok(SetOut { url: begun.url, state, binding, expires_at: kept.expires_at })
    }

    /// Signs somebody in who comes back from this issuer, as [`People::arrive`] decides.
    pub async fn sign_in(&self, caller: &Caller, issuer: &str, back: &Back) -> Result<Arrived, PeopleError> {
        self.known(issuer)?;
        self.come_back(caller, back, Errand::SignIn { issuer }).await
    }

    /// Links the account with which the person comes back who set out to link one.
    pub async fn link(&self, caller: &Caller, scope: &PersonScope, back: &Back) -> Result<Arrived, PeopleError> {
        self.come_back(caller, back, Errand::Link(scope)).await
    }

    /// Signs somebody in by an ID token that an app got from the issuer by itself. It can be shown again as long as it
    /// lasts: apps such as LINE's get the same one at each start.
    pub async fn sign_in_by_token(
        &self,
        caller: &Caller,
        issuer: &str,
        token: &Secret,
        nonce: Option<&Secret>,
        locale: Option<Locale>,
    ) -> Result<Arrived, PeopleError> {
        self.known(issuer)?;
        let said = self.issuers.verify_id_token(issuer, token, nonce).await;
        self.arrive(caller, Some(issuer), said, locale, None).await
    }

    async fn come_back(&self, caller: &Caller, back: &Back, purpose: Errand<'_>) -> Result<Arrived, PeopleError> {
        let away = self.take(back.answer.state.as_ref()).await?;
        let issuer = away.as_ref().map(|away| away.at.pending.issuer_name.clone());
        let said = match away {
            None => Err(OidcError::WrongState),
            Some(away) => match purpose.check(&away, back.binding.as_ref()) {
                Ok(()) => self.issuers.finish(away.at.pending, &back.answer).await,
                Err(error) => Err(error),
            },
        };
        self.arrive(caller, issuer.as_deref(), said, back.locale, purpose.person()).await
    }

    /// What was kept under this state, if it is good; from now on it is not.
    async fn take(&self, state: Option<&Secret>) -> Result<Option<Away>, PeopleError> {
        let Some(state) = state else { return Ok(None) };
        let (people, digest) = (&self.people, TokenDigest::of(state.expose()));
        let now = people.clock.now();
        let taken = retrying(&*people.pause, || async {
            let mut unit = people.store.begin().await?;
            let (kept, payload) = live_token(&mut *unit, TokenKind::OauthState, &digest, now).await?;
            let at = AtIssuer::read(&payload).ok_or_else(|| unreadable(&kept))?;
            unit.use_token(kept.id, now).await?;
            unit.commit().await?;
            Ok(Away { at, person: kept.user })
        })
        .await;
        match taken {
            Ok(away) => Ok(Some(away)),
            Err(PeopleError::SpentToken) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets somebody in whom an issuer vouches for; a refusal is written.
    async fn arrive(
        &self,
        caller: &Caller,
        issuer: Option<&str>,
        said: Result<Claims, OidcError>,
        locale: Option<Locale>,
        linking: Option<&PersonScope>,
    ) -> Result<Arrived, PeopleError> {
        match said.and_then(|claims| Identity::claimed(claims, locale)) {
            Ok(identity) => self.people.arrive(caller, &identity, linking).await,
            Err(error) => {
                self.note(caller, issuer, &error, linking.map(PersonScope::user)).await?;
                Err(error.into())
            }
        }
    }

    async fn note(
        &self,
        caller: &Caller,
        issuer: Option<&str>,
        error: &OidcError,
        person: Option<UserId>,
    ) -> Result<(), StoreError> {
        let (people, now) = (&self.people, self.people.clock.now());
        let kind = if person.is_some() { "sign_in_account.link_failed" } else { "sign_in.failed" };
        let how = json!({ "provider": issuer, "code": error.code() });
        retrying(&*people.pause, || async {
            let mut unit = people.store.begin().await?;
            unit.note(person, &people.about(kind, caller, person, how.clone(), now));
            unit.commit().await
        })
        .await
    }

    fn known(&self, issuer: &str) -> Result<(), OidcError> {
        let known = self.issuers.names().iter().any(|name| name == issuer);
        if known { Ok(()) } else { Err(OidcError::UnknownIssuer) }
    }
}

impl Identity {
    /// Whom an issuer's claims speak of. What it says beside the subject may be anything: a name is cut to what is kept,
    /// and what is no e-mail address here is none.
    fn claimed(claims: Claims, locale: Option<Locale>) -> Result<Self, OidcError> {
        if claims.subject.chars().any(char::is_control) {
            return Err(OidcError::TokenRefused(TokenCheck::Subject));
        }
        let own = claims.locale.as_deref().and_then(|tag| Locale::from_code(tag.split(['-', '_']).next()?));
        let name = claims.name.unwrap_or_default();
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(DISPLAY_NAME).collect();
        Ok(Self {
            provider: claims.issuer_name.parse().map_err(|_| OidcError::UnknownIssuer)?,
            subject: claims.subject,
            email: claims.email.and_then(|email| email.parse().ok()),
            email_verified: claims.email_verified,
            locale: locale.or(own).unwrap_or_default(),
            display_name: name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            issuer_name: "line".into(),
            subject: "U1".into(),
            email: Some("hanako@example.jp".into()),
            email_verified: true,
            name: Some("花子".into()),
            picture: None,
            locale: Some("en-GB".into()),
        }
    }

    #[test]
    fn claims_become_an_identity_whatever_they_say() {
        let plain = Identity::claimed(claims(), None).expect("plain claims");
        assert_eq!((plain.provider.as_str(), plain.subject.as_str()), ("line", "U1"));
        assert_eq!((plain.locale, plain.display_name.as_str(), plain.email_verified), (Locale::En, "花子", true));
        assert_eq!(plain.email, "hanako@example.jp".parse().ok());

        let odd = Claims {
            email: Some("nowhere".into()),
            name: Some(format!(" \u{0}{}\n", "花".repeat(300))),
            locale: Some("tlh".into()),
            ..claims()
        };
        let odd = Identity::claimed(odd, None).expect("odd claims");
        assert_eq!((odd.email, odd.locale, odd.display_name), (None, Locale::Ja, "花".repeat(255)));
        assert_eq!(Identity::claimed(claims(), Some(Locale::Ja)).map(|said| said.locale), Ok(Locale::Ja));

        let refused = Identity::claimed(Claims { subject: "U\n1".into(), ..claims() }, None);
        assert_eq!(refused, Err(OidcError::TokenRefused(TokenCheck::Subject)));
    }
}
