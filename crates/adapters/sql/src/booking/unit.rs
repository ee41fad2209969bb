//! One transaction on one store's bookings.
//!
//! What it writes is gathered and sent together: at the commit, or before a question whose answer it may change.

use super::changes::Noted;
use super::patrons::{Admission, Admitted};
use super::{bookings, changes, days, holds, occupancy, patrons, persons};
use crate::audit::{self, End, chain_of, chain_of_customers, chain_of_day};
use crate::engine::{Reader, Row, Tx, Write};
use crate::records::Records;
use crate::{SqlStore, idempotency};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::change::BookingChange;
use musubi_booking::hold::Hold;
use musubi_booking::occupancy::Occupancy;
use musubi_booking::patron::{Newcomer, Patron, Person};
use musubi_booking::ports::{BookingUnit, Glance, SettingsRevision};
use musubi_booking::reach::Reach;
use musubi_customer::customer::Customer;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, HoldId, IdGen};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Secret;
use sea_query::{Order, SelectStatement};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(super) struct SqlUnit {
    store: SqlStore,
    tx: Tx,
    scope: StoreScope,
    ids: Arc<dyn IdGen>,
    /// The days whose locks it has.
    locked: BTreeSet<NaiveDate>,
    settings: Option<SettingsRevision>,
    /// Who became a customer.
    newcomers: Vec<Write>,
    inserted: Vec<Booking>,
    /// The tokens of their manage links.
    tokens: Vec<Secret>,
    writes: Vec<Write>,
    noted: Vec<Noted>,
    records: Records,
}

impl SqlUnit {
    pub(super) fn new(store: SqlStore, tx: Tx, scope: StoreScope, ids: Arc<dyn IdGen>) -> Self {
        Self {
            store,
            tx,
            scope,
            ids,
            locked: BTreeSet::new(),
            settings: None,
            newcomers: Vec::new(),
            inserted: Vec::new(),
            tokens: Vec::new(),
            writes: Vec::new(),
            noted: Vec::new(),
            records: Records::default(),
        }
    }

    fn own(&self, booking: &Booking) -> Result<(), StoreError> {
        if (booking.tenant, booking.store) == (self.scope.tenant(), self.scope.store()) {
            Ok(())
        } else {
            Err(StoreError::Internal("a booking of another store".to_owned()))
        }
    }

    fn chain_of_store(&self) -> String {
        chain_of(Some(self.scope.tenant()), Some(self.scope.store()))
    }

    fn chain_of_tenant(&self) -> String {
        chain_of(Some(self.scope.tenant()), None)
    }

    fn chains_of_days(&self) -> Vec<String> {
        self.locked.iter().map(|day| chain_of_day(self.scope.store(), *day)).collect()
    }

    /// The rows of queries with these columns. Beside them, in the same round trip, the ends of the audit chains of the
    /// locked days are read, which nobody else can write to, and how far those of the settings have come.
    async fn rows_and_ends(
        &mut self,
        columns: &[&'static str],
        queries: impl IntoIterator<Item = SelectStatement>,
        order: Option<&'static str>,
    ) -> Result<Vec<Row>, StoreError> {
        let (days, store, tenant) = (self.chains_of_days(), self.chain_of_store(), self.chain_of_tenant());
        let chains = [&*days, &[store.clone(), tenant.clone()]].concat();
        let mut query = audit::beside(&chains, columns, queries);
        if let Some(column) = order {
            query.order_by(column, Order::Asc);
        }
        let (mut ends, rows) = audit::ends_beside(self.tx.all(&query).await?)?;
        let seq = |chain| ends.get(chain).map_or(0, |end: &End| end.seq);
        self.settings = Some(SettingsRevision { tenant: seq(&tenant), store: seq(&store) });
        for day in days {
            let end = ends.remove(&day).unwrap_or(End::NOWHERE);
            self.records.entries.know(day, end);
        }
        Ok(rows)
    }

    /// Gathers what an admission leaves to be written.
    fn take_in(&mut self, Admitted { patron, insert, records }: Admitted) -> Patron {
        self.newcomers.extend(insert);
        for record in &records {
            self.records.add(chain_of_customers(self.scope.store()), record);
        }
        patron
    }

    /// What was gathered so far, save history and records. Who became a customer comes first: bookings refer to them.
    fn gathered(&mut self) -> Vec<Write> {
        let mut writes = std::mem::take(&mut self.newcomers);
        let (inserted, tokens) = (std::mem::take(&mut self.inserted), std::mem::take(&mut self.tokens));
        writes.extend(bookings::inserting(&*self.store.cipher, &*self.ids, &inserted, &tokens));
        writes.append(&mut self.writes);
        writes
    }

    /// Sends what was gathered so far, save history and records.
    async fn send(&mut self) -> Result<(), StoreError> {
        let writes = self.gathered();
        self.tx.write_together(&writes).await.map_err(lost_race)
    }

    /// Sends everything with the answer, and commits.
    async fn finish(mut self, answered: &[Answered]) -> Result<(), StoreError> {
        self.records.entries.find_ends(&mut self.tx).await?;
        let mut writes = self.gathered();
        writes.extend(changes::adding(&self.noted));
        writes.extend(self.records.writes());
        if !answered.is_empty() {
            writes.push(Write::rows(idempotency::keeping(&*self.store.cipher, answered), answered.len()));
        }
        self.tx.write_together(&writes).await.map_err(lost_race)?;
        self.tx.commit().await
    }
}

/// The store itself may have entered the same LINE user as a newcomer's at the same time: they are known the next time.
fn lost_race(error: StoreError) -> StoreError {
    if error == Customer::LINE_USER_TAKEN { StoreError::Conflict } else { error }
}

#[async_trait]
impl BookingUnit for SqlUnit {
    async fn glance(&mut self, id: BookingId, reach: Reach) -> Result<Option<Glance>, StoreError> {
        self.send().await?;
        let query = bookings::glance_at(&self.scope, id, reach);
        self.tx.optional(&query).await?.map(|row| bookings::glance(&row)).transpose()
    }

    async fn lock_for(&mut self, days: &BTreeSet<NaiveDate>, writers: usize) -> Result<(), StoreError> {
        let writers = i64::try_from(writers).map_err(|_| StoreError::Internal("too many writers".to_owned()))?;
        days::lock(&mut self.tx, &self.scope, days, writers).await?;
        self.locked.extend(days);
        Ok(())
    }

    async fn settings_revision(&mut self) -> Result<SettingsRevision, StoreError> {
        if self.settings.is_none() {
            self.rows_and_ends(&[], [], None).await?;
        }
        Ok(self.settings.unwrap_or_default())
    }

    async fn occupancy(
        &mut self,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Result<Occupancy, StoreError> {
        if !self.writes.is_empty() || !self.inserted.is_empty() {
            self.send().await?;
        }
        let around = occupancy::around(&self.scope, dates, now, except);
        occupancy::read(&self.rows_and_ends(&occupancy::COLUMNS, around, None).await?)
    }

    async fn booking(&mut self, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        self.send().await?;
        let Some(row) = self.tx.optional(&bookings::by_id(&self.scope, id, reach)).await? else { return Ok(None) };
        let parts = self.rows_and_ends(&bookings::PART, bookings::parts_of(&[id.0]), Some("position")).await?;
        Ok(bookings::completed(&*self.store.cipher, &[row], &parts)?.pop())
    }

    async fn hold(&mut self, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        self.send().await?;
        holds::find(&mut Reader::Tx(&mut self.tx), &self.scope, token_hash).await
    }

    async fn patrons(&mut self, ids: &BTreeSet<CustomerId>) -> Result<Vec<Patron>, StoreError> {
        self.send().await?;
        patrons::lock(&mut self.tx, &*self.store.cipher, &self.scope, ids).await
    }

    /// Whoever is new queues for the audit chain of the store's customers before that is certain: of two newcomers with one telephone
    /// number who book different days at a time, the second is known by then.
    async fn identify(
        &mut self,
        newcomer: &Newcomer,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError> {
        self.send().await?;
        let (cipher, chain) = (Arc::clone(&self.store.cipher), chain_of_customers(self.scope.store()));
        if let Some(known) = patrons::recognise(&mut self.tx, &*cipher, &self.scope, newcomer).await? {
            return Ok(known);
        }
        let end = audit::lock(&mut self.tx, &chain).await?;
        self.records.entries.know(chain.clone(), end);
        if let Some(known) = patrons::recognise(&mut self.tx, &*cipher, &self.scope, newcomer).await? {
            return Ok(known);
        }
        let (ids, scope) = (&*self.ids, &self.scope);
        let admission = Admission { tx: &mut self.tx, cipher: &*cipher, ids, scope, caller, now };
        let admitted = admission.admit(newcomer, None).await?;
        Ok(self.take_in(admitted))
    }

    /// As a newcomer's: of two first bookings of one person at a time, the second finds them known.
    async fn identify_person(
        &mut self,
        person: &Person,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError> {
        self.send().await?;
        let cipher = Arc::clone(&self.store.cipher);
        if let Some(known) = persons::seen(&mut self.tx, &*cipher, &self.scope, person).await?.linked {
            return Ok(known);
        }
        let chain = chain_of_customers(self.scope.store());
        let end = audit::lock(&mut self.tx, &chain).await?;
        self.records.entries.know(chain, end);
        let mut seen = persons::seen(&mut self.tx, &*cipher, &self.scope, person).await?;
        if let Some(known) = seen.linked.take() {
            return Ok(known);
        }
        let (ids, scope) = (&*self.ids, &self.scope);
        let admission = Admission { tx: &mut self.tx, cipher: &*cipher, ids, scope, caller, now };
        let admitted = admission.admit_person(person, seen).await?;
        Ok(self.take_in(admitted))
    }

    async fn insert_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        self.writes.extend(holds::inserting(&self.scope, hold));
        Ok(())
    }

    async fn remove_hold(&mut self, id: HoldId) -> Result<(), StoreError> {
        self.writes.push(holds::removing(&self.scope, id));
        Ok(())
    }

    async fn insert(&mut self, booking: &Booking, manage_token: &Secret) -> Result<(), StoreError> {
        self.own(booking)?;
        self.inserted.push(booking.clone());
        self.tokens.push(manage_token.clone());
        Ok(())
    }

    async fn save(&mut self, before: &Booking, after: &Booking) -> Result<(), StoreError> {
        let (gone, come) = bookings::replacing(&*self.ids, before, after);
        self.tx.write_together(&gone).await?;
        self.writes.push(bookings::updating(&*self.store.cipher, &self.scope, after));
        self.writes.extend(come);
        Ok(())
    }

    async fn save_patron(&mut self, patron: &Patron, record: &Record, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writes.push(patrons::updating(&self.scope, patron, now));
        self.records.add(chain_of_customers(self.scope.store()), record);
        Ok(())
    }

    async fn note(&mut self, booking: &Booking, change: &BookingChange, record: &Record) -> Result<(), StoreError> {
        self.own(booking)?;
        self.noted.push(Noted { store: booking.store, version: booking.version, change: change.clone() });
        self.records.add(chain_of_day(booking.store, booking.agreement.business_date), record);
        Ok(())
    }

    async fn commit(self: Box<Self>, answered: &[Answered]) -> Result<(), StoreError> {
        let db = self.store.db.clone();
        match (self.finish(answered).await, answered) {
            // What was kept under the key may be too old to be given again: then the use case is run once more.
            (Err(StoreError::AlreadyAnswered), [answered]) => {
                let expired = idempotency::forget_expired(&db, answered).await?;
                Err(if expired { StoreError::Conflict } else { StoreError::AlreadyAnswered })
            }
            (done, _) => done,
        }
    }
}
