//! How people come: by an address that they prove.

use super::error::PeopleError;
use super::{People, live_token, one_time_shown, unreadable};
use crate::message::{Message, MessageKind};
use crate::one_time_token::{Newcomer, TokenKind};
use crate::sign_in_account::SignInAccount;
use crate::user::{DISPLAY_NAME, User};
use musubi_kernel::access::Caller;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{SignInAccountId, UserId};
use musubi_kernel::retry::retrying;
use serde_json::json;

impl People {
    /// Sends a link to the address by which the registration is finished; to one that is known already, word of that. The
    /// answer is the same. A name to display has 1 to [`DISPLAY_NAME`] characters.
    pub async fn register(&self, caller: &Caller, newcomer: &Newcomer) -> Result<(), PeopleError> {
        let mut invalid = Invalid::default();
        invalid.line("/display_name", newcomer.display_name.as_str(), 1..=DISPLAY_NAME);
        invalid.finish()?;
        let now = self.clock.now();
        let message = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let known = unit.user_by_email(&newcomer.email).await?;
            let (token, shown) = if known.is_some() {
                (self.decoy(TokenKind::VerifyEmail, now), None)
            } else {
                let (token, shown) = self.one_time(TokenKind::VerifyEmail, None, newcomer.payload(), now);
                (token, Some(shown))
            };
            unit.add_token(&token).await?;
            let person = known.as_ref().map(|user| user.id);
            let is_known = json!({ "known": person.is_some() });
            unit.note(person, &self.about("user.registration_asked", caller, person, is_known, now));
            unit.commit().await?;
            Ok::<_, PeopleError>(Message {
                to: newcomer.email.clone(),
                locale: known.map_or(newcomer.locale, |user| user.locale),
                kind: if shown.is_some() { MessageKind::VerifyEmail } else { MessageKind::AlreadyRegistered },
                token: shown,
            })
        })
        .await?;
        Ok(self.courier.post(message).await?)
    }

    /// The person who comes into being by the link that [`People::register`] sent. They are not signed in by it: whoever
    /// can read their mail does not know their password.
    pub async fn verify_email(&self, caller: &Caller, token: &str) -> Result<User, PeopleError> {
        let shown = one_time_shown(token)?;
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, payload) = live_token(&mut *unit, TokenKind::VerifyEmail, &shown, now).await?;
            let newcomer = Newcomer::read(&payload).ok_or_else(|| unreadable(&token))?;
            unit.use_token(token.id, now).await?;
            if unit.user_by_email(&newcomer.email).await?.is_some() {
                return Err(PeopleError::Refused {
                    code: "already_registered",
                    detail: "there is an account with this address: sign in",
                });
            }
            let Newcomer { email, password_hash, locale, display_name } = newcomer;
            let user = User::new(UserId::new(&*self.ids, now), locale, Some(email), display_name, now);
            unit.add_user(&user).await?;
            let id = SignInAccountId::new(&*self.ids, now);
            unit.add_account(&SignInAccount::local(id, user.id, password_hash, now)).await?;
            unit.note(Some(user.id), &self.of_user("user.created", caller, None, &user, now));
            unit.commit().await?;
            Ok(user)
        })
        .await
    }
}
