//! What customers do in their chats with a store at LINE, and who they are there.

use super::line::{LineChannel, line_channel};
use crate::SqlStore;
use crate::condition::{equals, of_store, within_active_tenant};
use crate::engine::{Write, count_up, for_update};
use crate::entities::{Stored, json};
use crate::jobs;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Caller, StoreRef, StoreScope};
use musubi_kernel::entity::{Entity as _, EntityStore as _};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, IdGen, StoreId};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::secret::{Place, Secret};
use musubi_notification::chat::event::ChatEvent;
use musubi_notification::chat::pace;
use musubi_notification::chat::ports::{ChatStore, Code, Heard, Lacking, Redeemed};
use sea_query::{
    Condition, DeleteStatement, Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, SubQueryStatement,
    UpdateStatement,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

const EVENTS: &str = "line_events";
const PACES: &str = "line_paces";
const FRIENDS: &str = "line_friends";
const CODES: &str = "line_codes";
const HOLDERS: &str = "line_holders";
/// Who vouches for those who sign in through LINE.
const LINE: &str = "line";

const fn place(id: Uuid) -> Place<'static> {
    Place { table: EVENTS, column: "body", row: id }
}

fn channel_of(store: StoreId) -> SelectStatement {
    Query::select()
        .columns(["id", "tenant_id", "is_public", "line_channel_secret"])
        .from("stores")
        .and_where(Expr::col("id").eq(store.0))
        .and_where(Expr::col("is_active").eq(true))
        .and_where(within_active_tenant("tenant_id"))
        .to_owned()
}

fn event_of(scope: &StoreScope, id: Uuid) -> SelectStatement {
    Query::select()
        .columns(["id", "body"])
        .from(EVENTS)
        .cond_where(of_store(scope))
        .and_where(Expr::col("id").eq(id))
        .to_owned()
}

fn known_keys(scope: &StoreScope, heard: &[Heard]) -> SelectStatement {
    Query::select()
        .column("event_key")
        .from(EVENTS)
        .cond_where(of_store(scope))
        .and_where(Expr::col("event_key").is_in(heard.iter().map(|one| one.event.key.as_str())))
        .to_owned()
}

fn first_pace(scope: &StoreScope) -> InsertStatement {
    Query::insert()
        .into_table(PACES)
        .columns(["store_id", "paid_until", "version"])
        .values_panic([scope.store().0.into(), DateTime::<Utc>::UNIX_EPOCH.into(), 1_i64.into()])
        .to_owned()
}

fn pace_of(scope: &StoreScope) -> SelectStatement {
    Query::select().column("paid_until").from(PACES).and_where(Expr::col("store_id").eq(scope.store().0)).to_owned()
}

fn keeping_pace(scope: &StoreScope, paid: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(PACES)
        .value("paid_until", paid)
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}

fn friend(scope: &StoreScope, user: &str) -> Condition {
    of_store(scope).add(equals("line_user_id", user))
}

fn friend_of(scope: &StoreScope, user: &str) -> SelectStatement {
    Query::select().column("is_blocked").from(FRIENDS).cond_where(friend(scope, user)).to_owned()
}

fn marking(scope: &StoreScope, user: &str, blocked: bool, at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(FRIENDS)
        .value("is_blocked", blocked)
        .value("known_at", at)
        .cond_where(friend(scope, user))
        .and_where(Expr::col("known_at").lte(at))
        .to_owned()
}

fn first_mark(scope: &StoreScope, user: &str, blocked: bool, at: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(FRIENDS)
        .columns(["tenant_id", "store_id", "line_user_id", "is_blocked", "known_at"])
        .values_panic([scope.tenant().0.into(), scope.store().0.into(), user.into(), blocked.into(), at.into()])
        .to_owned()
}

fn code_of(scope: &StoreScope, digest: &[u8; 32], now: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .columns(["id", "booking_id", "customer_id", "line_user_id"])
        .from(CODES)
        .cond_where(of_store(scope))
        .and_where(Expr::col("code_hash").eq(digest.to_vec()))
        .and_where(Expr::col("expires_at").gt(now))
        .to_owned()
}

fn adding_code(scope: &StoreScope, code: &Code) -> InsertStatement {
    Query::insert()
        .into_table(CODES)
        .columns(["id", "tenant_id", "store_id", "booking_id", "customer_id", "code_hash", "created_at", "expires_at"])
        .values_panic([
            code.id.into(),
            scope.tenant().0.into(),
            scope.store().0.into(),
            code.booking.0.into(),
            code.customer.map(|customer| customer.0).into(),
            code.digest.to_vec().into(),
            code.created_at.into(),
            code.expires_at.into(),
        ])
        .to_owned()
}

/// Nobody is told of a booking by a code any more.
fn removing_holder(booking: BookingId) -> DeleteStatement {
    Query::delete().from_table(HOLDERS).and_where(Expr::col("booking_id").eq(booking.0)).to_owned()
}

/// As if nobody had sent the code.
fn unused(code: Uuid) -> UpdateStatement {
    Query::update().table(CODES).value("line_user_id", None::<String>).and_where(Expr::col("id").eq(code)).to_owned()
}

fn adding_holder(scope: &StoreScope, booking: BookingId, user: &str, now: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(HOLDERS)
        .columns(["booking_id", "tenant_id", "store_id", "line_user_id", "created_at"])
        .values_panic([booking.0.into(), scope.tenant().0.into(), scope.store().0.into(), user.into(), now.into()])
        .to_owned()
}

/// The customer who signs in as this LINE user and is nobody on LINE yet.
fn signed_in_as(scope: &StoreScope, user: &str) -> SelectStatement {
    let persons = Query::select()
        .column("user_id")
        .from("sign_in_accounts")
        .and_where(Expr::col("provider").eq(LINE))
        .and_where(equals("subject", user))
        .and_where(Expr::col("status").eq("active"))
        .to_owned();
    Query::select()
        .column("id")
        .from("customers")
        .cond_where(of_store(scope))
        .and_where(Expr::col("user_id").in_subquery(persons))
        .and_where(Expr::col("line_user_id").is_null())
        .and_where(Expr::col("is_active").eq(true))
        .to_owned()
}

fn held_booking(scope: &StoreScope, user: &str, booking: BookingId) -> SelectStatement {
    let customers = Query::select().column("id").from("customers").cond_where(friend(scope, user)).to_owned();
    let by_code = Query::select()
        .column("booking_id")
        .from(HOLDERS)
        .cond_where(friend(scope, user))
        .and_where(Expr::col("booking_id").eq(booking.0))
        .to_owned();
    let theirs = Condition::any()
        .add(Expr::col("customer_id").in_subquery(customers))
        .add(Expr::col("id").eq(Expr::from(SubQueryStatement::from(by_code))));
    Query::select()
        .column("id")
        .from("bookings")
        .cond_where(of_store(scope))
        .and_where(Expr::col("id").eq(booking.0))
        .cond_where(theirs)
        .to_owned()
}

/// Chats in a database.
#[derive(Clone)]
pub struct SqlChats {
    store: SqlStore,
    ids: Arc<dyn IdGen>,
}

impl SqlChats {
    /// The chats in this database. Records of who becomes known on LINE get ids of `ids`.
    pub fn new(store: SqlStore, ids: Arc<dyn IdGen>) -> Self {
        Self { store, ids }
    }

    fn adding_events(&self, scope: &StoreScope, heard: &[&Heard], now: DateTime<Utc>) -> InsertStatement {
        let mut insert = Query::insert();
        insert.into_table(EVENTS).columns(["id", "tenant_id", "store_id", "event_key", "body", "created_at"]);
        for Heard { id, event, .. } in heard {
            insert.values_panic([
                (*id).into(),
                scope.tenant().0.into(),
                scope.store().0.into(),
                event.key.as_str().into(),
                self.store.cipher.seal(place(*id), json(event).as_bytes()).into(),
                now.into(),
            ]);
        }
        insert
    }

    /// Makes somebody on LINE a customer; false: they are another customer of the store already.
    async fn link(
        &self,
        scope: &StoreScope,
        id: CustomerId,
        user: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let customers = self.store.entities::<Customer>();
        let before = customers.find(scope, id).await?.filter(|customer| customer.details.is_active);
        let Some(before) = before else { return Ok(false) };
        if before.details.line_user_id.as_deref() == Some(user) {
            return Ok(true);
        }
        let details = CustomerDetails { line_user_id: Some(user.to_owned()), ..before.details.clone() };
        let after = before.revise(details, now);
        let change = Change {
            kind: Cow::Borrowed("customer.updated"),
            subject_kind: Customer::NOUN,
            subject: id.0,
            tenant: Some(scope.tenant()),
            store: Some(scope.store()),
            caller,
            at: now,
        };
        let record = Record::of(&*self.ids, &change, Some(&before.public_record()), Some(&after.public_record()));
        match customers.update(scope, &after, &record, None).await {
            Ok(()) => Ok(true),
            Err(error) if error == Customer::LINE_USER_TAKEN => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ChatStore for SqlChats {
    async fn channel(&self, store: StoreId) -> Result<Option<(StoreRef, Option<Secret>)>, StoreError> {
        let Some(row) = self.store.db.optional(&channel_of(store)).await? else { return Ok(None) };
        let row = Stored::of(&row, "stores", &*self.store.cipher)?;
        let at = StoreRef { store, tenant: row.id("tenant_id")?, open_to_public: row.get("is_public")? };
        Ok(Some((at, row.sealed("line_channel_secret")?)))
    }

    async fn lacks(&self, scope: &StoreScope) -> Result<Option<Lacking>, StoreError> {
        let channel = line_channel(&self.store, scope).await?.filter(|channel| channel.active);
        Ok(match channel {
            None => Some(Lacking::Switch),
            Some(LineChannel { access_token: None, .. }) => Some(Lacking::AccessToken),
            Some(LineChannel { secret: None, .. }) => Some(Lacking::ChannelSecret),
            Some(_) => None,
        })
    }

    async fn keep(&self, scope: &StoreScope, heard: &[Heard], now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut tx = self.store.db.begin().await?;
        let rows = tx.all(&known_keys(scope, heard)).await?;
        let known = rows.iter().map(|row| row.get("event_key")).collect::<Result<BTreeSet<String>, _>>()?;
        let new: Vec<_> = heard.iter().filter(|one| !known.contains(&one.event.key)).collect();
        if new.is_empty() {
            return Ok(0);
        }
        // Counting the row up locks it, on every node: the events of one store get their turns one after the other.
        tx.execute(&count_up(first_pace(scope), PACES, &["store_id"], "version", 1)).await?;
        let row = tx.optional(&pace_of(scope)).await?.ok_or(StoreError::Conflict)?;
        let (turns, paid) = pace::turns(row.get("paid_until")?, new.len(), now);
        let jobs: Vec<_> = new.iter().zip(turns).map(|(one, turn)| one.job.clone().due(turn)).collect();
        let mut writes = vec![Write::rows(self.adding_events(scope, &new, now), new.len())];
        writes.push(Write::one(keeping_pace(scope, paid)));
        writes.extend(jobs::adding(&jobs));
        tx.write_together(&writes).await?;
        tx.commit().await?;
        Ok(new.len())
    }

    async fn event(&self, scope: &StoreScope, id: Uuid) -> Result<Option<ChatEvent>, StoreError> {
        let Some(row) = self.store.db.optional(&event_of(scope, id)).await? else { return Ok(None) };
        let Some(body) = Stored::of(&row, EVENTS, &*self.store.cipher)?.sealed("body")? else { return Ok(None) };
        let read = serde_json::from_str(body.expose());
        read.map(Some).map_err(|_| StoreError::Corrupt("line_events.body".to_owned()))
    }

    async fn settle(&self, scope: &StoreScope, id: Uuid) -> Result<(), StoreError> {
        let update = Query::update()
            .table(EVENTS)
            .value("body", None::<Vec<u8>>)
            .cond_where(of_store(scope))
            .and_where(Expr::col("id").eq(id))
            .to_owned();
        let mut tx = self.store.db.begin().await?;
        tx.execute(&update).await?;
        tx.commit().await
    }

    async fn mark(&self, scope: &StoreScope, user: &str, blocked: bool, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.store.db.begin().await?;
        let marked = tx.execute(&marking(scope, user, blocked, at)).await?;
        if marked == 0 && tx.optional(&friend_of(scope, user)).await?.is_none() {
            tx.exactly_one(&first_mark(scope, user, blocked, at)).await?;
        }
        tx.commit().await
    }

    async fn put_code(&self, scope: &StoreScope, code: &Code) -> Result<(), StoreError> {
        let mut tx = self.store.db.begin().await?;
        let before = Query::delete()
            .from_table(CODES)
            .cond_where(of_store(scope))
            .and_where(Expr::col("booking_id").eq(code.booking.0))
            .to_owned();
        tx.execute(&before).await?;
        tx.exactly_one(&adding_code(scope, code)).await?;
        tx.commit().await
    }

    async fn redeem(
        &self,
        scope: &StoreScope,
        digest: &[u8; 32],
        user: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        let mut tx = self.store.db.begin().await?;
        let Some(row) = tx.optional(&for_update(code_of(scope, digest, now))).await? else {
            return Ok(Redeemed::Unknown);
        };
        let used_by: Option<String> = row.get("line_user_id")?;
        if used_by.is_some_and(|used_by| used_by != user) {
            return Ok(Redeemed::Unknown);
        }
        let (booking, customer): (BookingId, Option<CustomerId>) =
            (row.id("booking_id")?, row.id_or_null("customer_id")?);
        let id: Uuid = row.get("id")?;
        let using =
            Query::update().table(CODES).value("line_user_id", user).and_where(Expr::col("id").eq(id)).to_owned();
        tx.exactly_one(&using).await?;
        if customer.is_none() {
            tx.execute(&removing_holder(booking)).await?;
            tx.exactly_one(&adding_holder(scope, booking, user, now)).await?;
        }
        tx.commit().await?;
        let Some(customer) = customer else { return Ok(Redeemed::Linked(booking)) };
        // Whoever only held the link makes way for the customer; and where that is another, the code is still theirs to send.
        let linked = self.link(scope, customer, user, caller, now).await?;
        let mut tx = self.store.db.begin().await?;
        if linked {
            tx.execute(&removing_holder(booking)).await?;
        } else {
            tx.execute(&unused(id)).await?;
        }
        tx.commit().await?;
        Ok(if linked { Redeemed::Linked(booking) } else { Redeemed::Taken })
    }

    async fn link_by_sign_in(
        &self,
        scope: &StoreScope,
        user: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(row) = self.store.db.optional(&signed_in_as(scope, user)).await? else { return Ok(()) };
        self.link(scope, row.id("id")?, user, caller, now).await.map(drop)
    }

    async fn holds(&self, scope: &StoreScope, user: &str, booking: BookingId) -> Result<bool, StoreError> {
        Ok(self.store.db.optional(&held_booking(scope, user, booking)).await?.is_some())
    }
}
