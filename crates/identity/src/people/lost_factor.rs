//! Taking away a second factor that its person has lost.

use super::error::PeopleError;
use super::ports::{Which, means, remove_means};
use super::{People, ended};
use crate::message::MessageKind;
use crate::session::EndReason;
use musubi_kernel::access::{Caller, OperatorScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use musubi_kernel::retry::retrying;
use serde_json::json;

/// The most characters of the reason for taking away a second factor.
pub const REMOVAL_REASON: usize = 500;

impl People {
    /// The operator takes away the second factor of a person who has lost it, once they know that it is that person. All of it
    /// goes: the app, every passkey, every recovery code. Whoever has something left of it does not need this, and what is
    /// left is perhaps in other hands. All sessions end, links that were sent are void, and the person is told.
    ///
    /// The reason is one line of up to [`REMOVAL_REASON`] characters for the audit log. Nobody does this to themselves: their
    /// own they give up as everybody does, with a recent proof.
    pub async fn remove_second_factor(
        &self,
        caller: &Caller,
        _: &OperatorScope,
        id: UserId,
        reason: &str,
    ) -> Result<(), PeopleError> {
        let mut invalid = Invalid::default();
        invalid.line("/reason", reason, 1..=REMOVAL_REASON);
        invalid.finish()?;
        if caller.actor.as_person().is_ok_and(|person| person.user() == id) {
            let detail = "this is your own second factor: give it up under /v1/me";
            return Err(PeopleError::Refused { code: "own_second_factor", detail });
        }
        let now = self.clock.now();
        let user = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = unit.lock(id).await?.ok_or(PeopleError::NotFound("user"))?;
            let means = means(&mut *unit, id).await?;
            if !means.is_asked_for() {
                let detail = "this person has no second factor";
                return Err(PeopleError::Refused { code: "no_second_factor", detail });
            }
            remove_means(&mut *unit, id).await?;
            unit.void_tokens(id, now).await?;
            let what = json!({
                "reason": reason,
                "app": means.app.is_some(),
                "passkeys": means.passkeys.len(),
                "recovery_codes_left": means.codes.left(),
            });
            unit.note(Some(id), &self.about("two_factor.removed", caller, Some(id), what, now));
            let count = unit.end_sessions(id, Which::All, EndReason::Revoked, now).await?;
            if count > 0 {
                unit.note(Some(id), &self.about("session.ended", caller, Some(id), ended(count), now));
            }
            unit.commit().await?;
            Ok::<_, PeopleError>(user)
        })
        .await?;
        self.tell(&user, MessageKind::TwoFactorRemoved, None).await;
        Ok(())
    }
}
