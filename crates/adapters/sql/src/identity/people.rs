//! People, their accounts, sessions and one-time tokens: reading, and units of work.
//!
//! On a multi-primary cluster a row's lock stays on its node. There, units of one person clash at the end of the person's
//! audit chain, which each of them writes, and refreshes at the session's row.

use super::{
    admin_user, age_group, one_time_token, passkey, recovery_code, session, sign_in_account, staff_account, step_up,
    two_factor, user, wordpress_link,
};
use crate::SqlStore;
use crate::audit::{self, End, chain_of, chain_of_person, chain_of_strangers};
use crate::engine::{Db, Tx, Write, for_update};
use crate::records::Records;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_identity::age_group::AgeGroupId;
use musubi_identity::one_time_token::{OneTimeToken, TokenKind};
use musubi_identity::passkey::{CredentialId, Passkey};
use musubi_identity::people::ports::{PeopleStore, PeopleUnit, Seen, Which, WrittenSoFar};
use musubi_identity::people::strangers::Stranger;
use musubi_identity::recovery_codes::RecoveryCodes;
use musubi_identity::session::{EndReason, Session};
use musubi_identity::sign_in_account::{Provider, SignInAccount};
use musubi_identity::staff_account::StaffAccount;
use musubi_identity::token::TokenDigest;
use musubi_identity::two_factor::TwoFactor;
use musubi_identity::user::User;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, PasskeyId, SessionId, SignInAccountId, UserId};
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, UpdateStatement};
use std::collections::BTreeSet;
use std::sync::Arc;

#[async_trait]
impl PeopleStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn PeopleUnit>, StoreError> {
        let tx = self.db.begin().await?;
        let (cipher, writes) = (self.cipher.clone(), Vec::new());
        Ok(Box::new(Unit { tx, cipher, writes, records: Records::default(), locked: BTreeSet::new() }))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.db.optional(&user::by_id(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn see(&self, email: &EmailAddress) -> Result<Option<Seen>, StoreError> {
        let cipher = &*self.cipher;
        let mut person = sign_in_account::beside_local(user::by_email(email, cipher));
        person.expr_as(Expr::exists(two_factor::any_of(&Expr::col((user::TABLE, "id")))), "has_second_factor");
        let person = audit::beside_end_of_person(person, self.db.engine(), (user::TABLE, "id"));
        let Some(row) = self.db.optional(&person).await? else { return Ok(None) };
        let end = End::read_if_any(&row)?;
        Ok(Some(Seen {
            user: user::read(&row, cipher)?,
            local: sign_in_account::read_beside(&row, cipher)?,
            has_second_factor: row.get("has_second_factor")?,
            written: end.map(|End { seq, hash, .. }| WrittenSoFar { entries: seq, last: hash }),
        }))
    }

    async fn open_session(&self, seen: &Seen, session: &Session, record: &Record) -> Result<bool, StoreError> {
        let Some(WrittenSoFar { entries, last }) = seen.written else { return Ok(false) };
        let chain = chain_of_person(seen.user.id);
        let mut records = Records::default();
        records.entries.know(chain.clone(), End::kept(entries, last));
        records.add(chain, record);
        let mut writes = opening(session, &*self.cipher);
        writes.extend(records.writes());
        match self.db.write_alone_after(&user::by_id(seen.user.id), &writes).await {
            Err(StoreError::Conflict) => Ok(false),
            done => done.map(|()| true),
        }
    }

    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        let rows = self.db.all(&sign_in_account::of(user)).await?;
        rows.iter().map(|row| sign_in_account::read(row, &*self.cipher)).collect()
    }

    async fn two_factor(&self, user: UserId) -> Result<Option<TwoFactor>, StoreError> {
        let row = self.db.optional(&two_factor::of(user)).await?;
        row.map(|row| two_factor::read(&row, &*self.cipher)).transpose()
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows = self.db.all(&passkey::of(user)).await?;
        rows.iter().map(|row| passkey::read(row, &*self.cipher)).collect()
    }

    async fn passkey_of(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let row = self.db.optional(&passkey::of_credential(credential)).await?;
        row.map(|row| passkey::read(&row, &*self.cipher)).transpose()
    }

    async fn recovery_codes(&self, user: UserId) -> Result<RecoveryCodes, StoreError> {
        recovery_code::read(user, &self.db.all(&recovery_code::of(user)).await?)
    }

    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        let rows = self.db.all(&session::live_of(user, now)).await?;
        rows.iter().map(|row| session::read(row, &*self.cipher)).collect()
    }

    async fn session_by_access(&self, access: &TokenDigest) -> Result<Option<Session>, StoreError> {
        let row = self.db.optional(&session::by_access(access)).await?;
        row.map(|row| session::read(&row, &*self.cipher)).transpose()
    }

    async fn mark_used(&self, session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> Result<bool, StoreError> {
        alone(&self.db, &session::first_use(session, access, at)).await.map(|touched| touched == 1)
    }

    async fn touch(&self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        alone(&self.db, &session::touching(session, at)).await.map(drop)
    }

    async fn forget(&self, over_before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut forgotten = self.db.forget_in_lots(one_time_token::TABLE, &one_time_token::over(over_before)).await?;
        for over in session::over(over_before) {
            forgotten += self.db.forget_in_lots(session::TABLE, &over).await?;
        }
        Ok(forgotten)
    }
}

/// One statement in a transaction of its own; how many rows it touched.
async fn alone(db: &Db, update: &UpdateStatement) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    let touched = tx.execute(update).await?;
    tx.commit().await?;
    Ok(touched)
}

/// A new session, and that its account was used.
fn opening(session: &Session, cipher: &dyn Cipher) -> Vec<Write> {
    let used = sign_in_account::used(session.account, session.created_at);
    vec![Write::one(session::adding(session, cipher)), Write::one(used)]
}

struct Unit {
    tx: Tx,
    cipher: Arc<dyn Cipher>,
    /// Sent with the records.
    writes: Vec<Write>,
    records: Records,
    /// The chains of the stores whose staff are locked.
    locked: BTreeSet<String>,
}

impl Unit {
    async fn working(&mut self, user: UserId) -> Result<Vec<StaffAccount>, StoreError> {
        self.tx.all(&staff_account::working(user)).await?.iter().map(staff_account::read).collect()
    }
}

fn chain_at(account: &StaffAccount) -> String {
    chain_of(Some(account.tenant_id), Some(account.store_id))
}

#[async_trait]
impl PeopleUnit for Unit {
    async fn lock_workplaces(&mut self, user: UserId) -> Result<(), StoreError> {
        // In their order, so that no two wait for each other.
        self.locked = self.working(user).await?.iter().map(chain_at).collect();
        for chain in &self.locked {
            self.records.entries.know(chain.clone(), audit::lock(&mut self.tx, chain).await?);
        }
        Ok(())
    }

    async fn workplaces(&mut self, user: UserId) -> Result<Vec<StaffAccount>, StoreError> {
        let accounts = self.working(user).await?;
        if accounts.iter().all(|account| self.locked.contains(&chain_at(account))) {
            Ok(accounts)
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn keeps_an_owner(&mut self, beside: &StaffAccount) -> Result<bool, StoreError> {
        let owned = self.tx.optional(&staff_account::other_owner(beside.store_id, beside.id)).await?.is_some();
        Ok(owned || self.tx.optional(&staff_account::active_tenant(beside.tenant_id)).await?.is_none())
    }

    async fn save_workplace(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&staff_account::saving(account)).await
    }

    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::locking(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn is_admin(&mut self, user: UserId) -> Result<bool, StoreError> {
        let row = self.tx.optional(&admin_user::of(user)).await?;
        Ok(row.map(|row| admin_user::read(&row)).transpose()?.is_some_and(|admin| admin.is_active))
    }

    /// With the end of the person's audit chain, which a change of theirs is noted at, in one round trip.
    async fn lock_with_account(
        &mut self,
        id: UserId,
        account: SignInAccountId,
    ) -> Result<Option<(User, SignInAccount)>, StoreError> {
        let chain = chain_of_person(id);
        let person = sign_in_account::beside(user::by_id(id), account);
        if let Some(row) = self.tx.optional(&for_update(audit::beside_end(person, &chain))).await? {
            let account = sign_in_account::read_beside(&row, &*self.cipher)?;
            self.records.entries.know(chain, End::read(&row)?);
            return Ok(Some(user::read(&row, &*self.cipher)?).zip(account));
        }
        // Whose chain was never begun.
        let Some(user) = self.lock(id).await? else { return Ok(None) };
        let account = self.accounts(id).await?.into_iter().find(|kept| kept.id == account);
        Ok(Some(user).zip(account))
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::by_id(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn user_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::by_email(email, &*self.cipher)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn add_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.tx.exactly_one(&user::adding(user, &*self.cipher)).await
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.tx.exactly_one(&user::saving(user, &*self.cipher)).await
    }

    async fn has_age_group(&mut self, id: AgeGroupId) -> Result<bool, StoreError> {
        Ok(self.tx.optional(&age_group::by_id(id)).await?.is_some())
    }

    async fn accounts(&mut self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        let rows = self.tx.all(&sign_in_account::of(user)).await?;
        rows.iter().map(|row| sign_in_account::read(row, &*self.cipher)).collect()
    }

    async fn account_of(&mut self, provider: &Provider, subject: &str) -> Result<Option<SignInAccount>, StoreError> {
        let row = self.tx.optional(&sign_in_account::of_subject(provider, subject)).await?;
        row.map(|row| sign_in_account::read(&row, &*self.cipher)).transpose()
    }

    async fn add_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&sign_in_account::adding(account, &*self.cipher)).await
    }

    async fn save_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&sign_in_account::saving(account, &*self.cipher)).await
    }

    async fn lock_session(&mut self, family: &TokenDigest) -> Result<Option<Session>, StoreError> {
        let row = self.tx.optional(&session::locking(family)).await?;
        row.map(|row| session::read(&row, &*self.cipher)).transpose()
    }

    async fn has_begun(&mut self, challenge: &TokenDigest) -> Result<bool, StoreError> {
        Ok(self.tx.optional(&session::by_challenge(challenge)).await?.is_some())
    }

    async fn add_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.writes.extend(opening(session, &*self.cipher));
        Ok(())
    }

    async fn renew_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.tx.exactly_one(&session::renewing(session, &*self.cipher)).await
    }

    async fn end_sessions(
        &mut self,
        user: UserId,
        which: Which,
        reason: EndReason,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.tx.execute(&session::ending(user, which, reason, at)).await
    }

    async fn proven_at(
        &mut self,
        user: UserId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(row) = self.tx.optional(&session::by_id(user, session)).await? else { return Ok(None) };
        let session = session::read(&row, &*self.cipher)?;
        if !session.is_live(now) {
            return Ok(None);
        }
        let stepped_up = self.tx.optional(&step_up::of(session.id)).await?;
        stepped_up.map_or(Ok(session.created_at), |row| row.get("authenticated_at")).map(Some)
    }

    async fn prove_session(&mut self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        match self.tx.execute(&step_up::again(session, at)).await? {
            0 => self.tx.exactly_one(&step_up::first(session, at)).await,
            _ => Ok(()),
        }
    }

    async fn has_second_factor(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.tx.optional(&two_factor::any_of(&user.0.into())).await.map(|row| row.is_some())
    }

    async fn two_factor(&mut self, user: UserId) -> Result<Option<TwoFactor>, StoreError> {
        let row = self.tx.optional(&two_factor::of(user)).await?;
        row.map(|row| two_factor::read(&row, &*self.cipher)).transpose()
    }

    async fn add_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError> {
        self.tx.exactly_one(&two_factor::adding(app, &*self.cipher)?).await
    }

    async fn save_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError> {
        self.tx.exactly_one(&two_factor::saving(app, &*self.cipher)?).await
    }

    async fn remove_two_factor(&mut self, user: UserId) -> Result<(), StoreError> {
        self.tx.execute(&two_factor::removing(user)).await.map(drop)
    }

    async fn passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows = self.tx.all(&passkey::of(user)).await?;
        rows.iter().map(|row| passkey::read(row, &*self.cipher)).collect()
    }

    async fn passkey_of(&mut self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let row = self.tx.optional(&passkey::of_credential(credential)).await?;
        row.map(|row| passkey::read(&row, &*self.cipher)).transpose()
    }

    async fn add_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        self.tx.exactly_one(&passkey::adding(passkey, &*self.cipher)).await
    }

    async fn save_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        self.tx.exactly_one(&passkey::saving(passkey, &*self.cipher)).await
    }

    async fn remove_passkey(&mut self, id: PasskeyId) -> Result<(), StoreError> {
        self.tx.exactly_one(&passkey::removing(id)).await
    }

    async fn recovery_codes(&mut self, user: UserId) -> Result<RecoveryCodes, StoreError> {
        recovery_code::read(user, &self.tx.all(&recovery_code::of(user)).await?)
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &RecoveryCodes) -> Result<(), StoreError> {
        self.tx.execute(&recovery_code::removing(user)).await?;
        if codes.kept().is_empty() {
            return Ok(());
        }
        self.tx.execute(&recovery_code::adding(user, codes)).await.map(drop)
    }

    async fn use_recovery_code(
        &mut self,
        user: UserId,
        digest: &[u8; 32],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.tx.exactly_one(&recovery_code::using(user, digest, at)).await
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        let row = self.tx.optional(&one_time_token::by_digest(digest)).await?;
        row.map(|row| one_time_token::read(&row, &*self.cipher)).transpose()
    }

    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::adding(token, &*self.cipher)).await
    }

    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::using(id, at)).await
    }

    async fn prolong_tokens(
        &mut self,
        user: UserId,
        kind: TokenKind,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.tx.execute(&one_time_token::prolonging(user, kind, since, until)).await
    }

    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.tx.execute(&one_time_token::voiding(user, at)).await.map(drop)
    }

    async fn remove_wordpress_link(&mut self, user: UserId) -> Result<(), StoreError> {
        self.tx.execute(&wordpress_link::removing(user)).await.map(drop)
    }

    fn note(&mut self, person: Option<UserId>, record: &Record) {
        // Ids of records end in random bits: in no chain those of nobody queue.
        let [.., any] = record.audit.id.0.into_bytes();
        let chain = person.map_or_else(|| chain_of_strangers(Stranger(any)), chain_of_person);
        self.records.add(chain, record);
    }

    fn note_stranger(&mut self, stranger: Stranger, record: &Record) {
        self.records.add(chain_of_strangers(stranger), record);
    }

    fn note_at_store(&mut self, account: &StaffAccount, record: &Record) {
        self.records.add(chain_at(account), record);
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { mut tx, mut writes, mut records, .. } = *self;
        records.entries.find_ends(&mut tx).await?;
        writes.extend(records.writes());
        tx.write_together(&writes).await?;
        tx.commit().await
    }
}
