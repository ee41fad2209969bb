//! How people come: by an address that they prove.

use super::error::PeopleError;
use super::letters::Purpose;
use super::password::Compared;
use super::ports::PeopleUnit;
use super::{People, live_token, one_time_shown, unreadable};
use crate::locale::Locale;
use crate::message::{Message, MessageKind};
use crate::one_time_token::{Newcomer, OneTimeToken, TokenKind};
use crate::sign_in_account::SignInAccount;
use crate::token::TokenDigest;
use crate::user::{DISPLAY_NAME, User};
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{SignInAccountId, UserId};
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What somebody says who registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Their address, which they have yet to prove.
    pub email: EmailAddress,
    /// What they want for a password.
    pub password: Secret,
    /// In which language they are addressed.
    pub locale: Locale,
    /// What to call them, 1 to [`DISPLAY_NAME`] characters.
    pub display_name: String,
}

impl People {
    /// Sends a link to the address by which the registration is finished; to one that is known already, word of that. The
    /// answer is the same, and takes as long; so it is when the mail is [withheld](crate::throttle). Says of `/display_name`
    /// and `/password` what is wrong with them.
    pub async fn register(&self, caller: &Caller, registration: &Registration) -> Result<(), PeopleError> {
        let Registration { email, password, locale, display_name } = registration;
        let mut invalid = Invalid::default();
        invalid.line("/display_name", display_name.as_str(), 1..=DISPLAY_NAME);
        if let Err(refused) = self.settings.password_rules.check("/password", password, &[email.as_str(), display_name])
        {
            invalid.join(refused);
        }
        invalid.finish()?;
        let now = self.clock.now();
        let mail = self.count_mail(caller, Purpose::Registration, email, now).await?;
        let newcomer = Newcomer {
            email: email.clone(),
            password_hash: self.passwords.hash(password).await?,
            locale: *locale,
            display_name: display_name.clone(),
        };
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
            let record = self.about("user.registration_asked", caller, person, is_known, now);
            self.note_at_address(&mut *unit, newcomer.email.as_str(), person, &record);
            unit.commit().await?;
            Ok::<_, PeopleError>(Message {
                to: newcomer.email.clone(),
                locale: known.map_or(newcomer.locale, |user| user.locale),
                kind: if shown.is_some() { MessageKind::VerifyEmail } else { MessageKind::AlreadyRegistered },
                token: shown,
                invited: None,
            })
        })
        .await?;
        Ok(self.post_counted(mail, message).await?)
    }

    /// The person who comes into being by the link that [`People::register`] sent, shown with the password that was chosen
    /// there: a stranger who registered this address knows that and has no link, and who reads the mail has the link alone.
    /// Of several registrations of one address each has its own link and password, and the first that is finished counts.
    /// Nobody is signed in by it.
    ///
    /// A wrong password is a [guess](crate::throttle) at this registration, and leaves the link good.
    pub async fn verify_email(&self, caller: &Caller, token: &str, password: &Secret) -> Result<User, PeopleError> {
        let shown = one_time_shown(token)?;
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let (token, newcomer) = registration(&mut *unit, &shown, now).await?;
        drop(unit);
        // Not at the address: else strangers who guess there would keep its owner from finishing.
        let guess = self.begin_guess(caller, &format!("registration {}", token.id), None, now).await?;
        if !guess.may_be_right() {
            return Err(guess.wrong());
        }
        let renewed = match self.compare(password, Some(&newcomer.password_hash)).await {
            Ok(Compared::Right { renewed }) => renewed,
            Ok(Compared::Wrong) => {
                self.note_wrong_password(caller, &token, now).await?;
                return Err(PeopleError::Refused {
                    code: "wrong_registration_password",
                    detail: "this is not the password that was chosen when this link was asked for",
                });
            }
            Err(error) => {
                self.undo_guess(guess, now).await;
                return Err(error.into());
            }
        };
        self.forgive_guess(guess, now).await;
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, newcomer) = registration(&mut *unit, &shown, now).await?;
            unit.use_token(token.id, now).await?;
            if unit.user_by_email(&newcomer.email).await?.is_some() {
                return Err(PeopleError::Refused {
                    code: "already_registered",
                    detail: "there is an account with this address: sign in",
                });
            }
            let Newcomer { email, password_hash, locale, display_name } = newcomer;
            let password_hash = renewed.clone().unwrap_or(password_hash);
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

    async fn note_wrong_password(
        &self,
        caller: &Caller,
        token: &OneTimeToken,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let which = json!({ "token_id": token.id });
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            unit.note(None, &self.about("user.registration_failed", caller, None, which.clone(), now));
            unit.commit().await
        })
        .await
    }
}

/// The live link that somebody shows, and who comes into being by it.
async fn registration(
    unit: &mut dyn PeopleUnit,
    shown: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<(OneTimeToken, Newcomer), PeopleError> {
    let (token, payload) = live_token(unit, TokenKind::VerifyEmail, shown, now).await?;
    let newcomer = Newcomer::read(&payload).ok_or_else(|| unreadable(&token))?;
    Ok((token, newcomer))
}
