//! Changing an address.

use super::error::PeopleError;
use super::letters::Purpose;
use super::{People, live_token, one_time_shown, unreadable};
use crate::message::{Message, MessageKind};
use crate::one_time_token::{TokenKind, new_email_payload, read_new_email};
use crate::user::User;
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::retry::retrying;
use serde_json::json;

impl People {
    /// Sends a link to the new address by which it becomes the person's; to one that another person has, word of that. The
    /// answer is the same. Asks for a recent proof.
    pub async fn change_email(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        new: &EmailAddress,
    ) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let mail = self.count_mail(caller, Purpose::Move(scope.user()), new, now).await?;
        let message = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            let holder = unit.user_by_email(new).await?;
            let (token, shown) = if holder.is_some() {
                (self.decoy(TokenKind::ChangeEmail, now), None)
            } else {
                let payload = new_email_payload(new);
                let (token, shown) = self.one_time(TokenKind::ChangeEmail, Some(user.id), payload, now);
                (token, Some(shown))
            };
            unit.add_token(&token).await?;
            let record = self.about("user.email_change_asked", caller, Some(user.id), json!({}), now);
            unit.note(Some(user.id), &record);
            unit.commit().await?;
            Ok::<_, PeopleError>(Message {
                to: new.clone(),
                locale: holder.map_or(user.locale, |holder| holder.locale),
                kind: if shown.is_some() { MessageKind::VerifyNewEmail } else { MessageKind::AlreadyRegistered },
                token: shown,
                invited: None,
            })
        })
        .await?;
        Ok(self.post_counted(mail, message).await?)
    }

    /// The person with the address that the link of [`People::change_email`] proves. The old address is told; other links
    /// that were sent to it are void.
    pub async fn confirm_email(&self, caller: &Caller, token: &str) -> Result<User, PeopleError> {
        let shown = one_time_shown(token)?;
        let now = self.clock.now();
        let (before, after) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, payload) = live_token(&mut *unit, TokenKind::ChangeEmail, &shown, now).await?;
            let email = read_new_email(&payload).ok_or_else(|| unreadable(&token))?;
            let owner = token.user.ok_or_else(|| unreadable(&token))?;
            let before = unit.lock(owner).await?.filter(User::is_active).ok_or(PeopleError::SpentToken)?;
            unit.use_token(token.id, now).await?;
            let holder = unit.user_by_email(&email).await?;
            if holder.is_some_and(|holder| holder.id != before.id) {
                let detail = "another account has this address by now";
                return Err(PeopleError::Refused { code: "email_taken", detail });
            }
            let after = before.clone().with_email(email, now);
            unit.save_user(&after).await?;
            unit.void_tokens(after.id, now).await?;
            unit.note(Some(after.id), &self.of_user("user.email_changed", caller, Some(&before), &after, now));
            unit.commit().await?;
            Ok((before, after))
        })
        .await?;
        self.tell(&before, MessageKind::EmailChanged, None).await;
        Ok(after)
    }
}
