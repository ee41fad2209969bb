//! Mailing a code to who has no app at hand.

use super::People;
use super::error::PeopleError;
use crate::challenge::{ChallengeToken, HalfSignIn};
use crate::ephemeral::{CountedAll, Counter};
use crate::mailed_code::MailedCode;
use crate::message::{Message, MessageKind};
use crate::throttle::DAY;
use crate::two_factor::Factor;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::retry::retrying;
use serde_json::json;

/// How long somebody waits for the next code.
pub const BETWEEN: TimeDelta = TimeDelta::minutes(1);
/// How many codes are mailed to a person within a [`DAY`], over all of their sign-ins.
pub const MOST_A_DAY: u32 = 20;

impl People {
    /// Mails a code that finishes a sign-in, in the place of one that was mailed before; when it ends. At most one a
    /// minute and [`MOST_A_DAY`], and not to everybody: see [`open_factors`](crate::two_factor::open_factors).
    pub async fn send_code(&self, caller: &Caller, token: &str) -> Result<DateTime<Utc>, PeopleError> {
        let now = self.clock.now();
        let token = ChallengeToken::read(token).ok_or(PeopleError::ChallengeOver)?;
        let kept = self.ephemeral.get(&token.key(), now).await?;
        let pending = kept.and_then(|kept| HalfSignIn::read(&kept, &token)).ok_or(PeopleError::ChallengeOver)?;
        let keys = ["otp-sent", "otp-day"].map(|name| format!("{name}:{}", token.user));
        let [recent, day] = keys.clone();
        let counters = [
            Counter { key: recent, most: 1, expires_at: now + BETWEEN },
            Counter { key: day, most: MOST_A_DAY, expires_at: now + DAY },
        ];
        if let CountedAll::Full { which, until } = self.ephemeral.count_all(&counters, now).await? {
            let code = if which == 0 { "code_sent_recently" } else { "too_many_codes" };
            return Err(PeopleError::TooMany { code, until });
        }
        let allowed = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let waiting = self.waiting(&mut *unit, &token, &pending).await?.ok_or(PeopleError::ChallengeOver)?;
            if !waiting.open.contains(&Factor::EmailCode) {
                let detail = "this sign-in cannot be finished in this way";
                return Err(PeopleError::Refused { code: "factor_not_open", detail });
            }
            let record = self.about("sign_in.code_sent", caller, Some(token.user), json!({}), now);
            unit.note(Some(token.user), &record);
            unit.commit().await?;
            Ok(waiting.user)
        })
        .await;
        let user = match allowed {
            Ok(user) => user,
            Err(error) => {
                // None is sent, so nobody need wait for the next.
                self.forget_tries(keys, now).await;
                return Err(error);
            }
        };
        let (code, shown) = MailedCode::new(user.id, token.id(), &*self.ids, &*self.cipher);
        let expires_at = now + self.settings.lifetimes.mailed_code;
        self.ephemeral.put(&MailedCode::key(user.id), &code.value(), expires_at, now).await?;
        let to = user.verified_email().cloned().ok_or(PeopleError::ChallengeOver)?;
        let kind = MessageKind::SignInCode;
        self.courier.post(Message { to, locale: user.locale, kind, token: Some(shown), invited: None }).await?;
        Ok(expires_at)
    }
}
