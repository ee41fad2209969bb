//! The use case that plans whom a promotion is told to, lot by lot, and calls off what waits of one that was called off.

use super::ports::{PromotionStore, Waiting};
use super::{InvalidStep, Promotion, PromotionStatus};
use crate::channel::{Channel, Recipient};
use crate::due::{Now, is_due};
use crate::facts::{Addressee, Candidate, House};
use crate::job::{sending, store_scope};
use crate::kind::NotificationKind;
use crate::notification::status::Needless;
use crate::notification::{About, Notification};
use crate::pace::step;
use crate::plan::{Draft, Home};
use crate::ports::Book;
use crate::route;
use crate::timing::Rhythm;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{IdGen, NotificationId, PromotionId, StoreId, TenantId};
use musubi_kernel::job::{Job, JobHandler, NewJob, Outcome};
use musubi_kernel::retry::{Pause, retrying};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of the jobs that plan promotions.
pub const PLAN: &str = "promotion.plan";

/// How many customers are looked at in one transaction, and how many messages are called off in one.
pub const LOT: u32 = 200;

/// How long it waits before it looks again whether a closed store is open.
const CLOSED: TimeDelta = TimeDelta::hours(1);

/// How often such a job may fail: only the database can fail it, and that may be away for days.
const ATTEMPTS: u32 = 100;

/// Which promotion is to be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planning {
    /// Whose.
    pub tenant: TenantId,
    /// Which store's.
    pub store: StoreId,
    /// Which one.
    pub promotion: PromotionId,
}

/// The job that works on a promotion as it stands now.
pub(super) fn planning(ids: &dyn IdGen, of: &Promotion, due_at: DateTime<Utc>, now: DateTime<Utc>) -> NewJob {
    let which = Planning { tenant: of.tenant, store: of.store, promotion: of.id };
    let job = NewJob::new(ids, PLAN, which, now).keyed(format!("{}.{}", of.id, of.version));
    job.due(due_at).attempts(ATTEMPTS).of(Some(of.tenant), Some(of.store))
}

/// A step that the status does not allow is a defect: the status was looked at before.
pub(super) fn defect(error: InvalidStep) -> StoreError {
    StoreError::Internal(error.to_string())
}

/// The ports of [`Promoter`].
#[derive(Clone)]
pub struct Ports {
    /// Knows stores and customers.
    pub book: Arc<dyn Book>,
    /// Where promotions are kept.
    pub store: Arc<dyn PromotionStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// Plans whom promotions are told to.
#[derive(Clone)]
pub struct Promoter {
    ports: Ports,
}

/// How far a promotion is after a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left to do.
    Over,
    /// There is another lot.
    More,
    /// It waits until then.
    Waits(DateTime<Utc>),
}

impl Promoter {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Works on the next lot of a promotion: plans what its customers are told, or calls off what waits.
    pub async fn lot(&self, which: &Planning) -> Result<Progress, StoreError> {
        let Ok(scope) = store_scope(which.tenant, which.store) else { return Ok(Progress::Over) };
        retrying(&*self.ports.pause, || self.lot_once(&scope, which.promotion)).await
    }

    async fn lot_once(&self, scope: &StoreScope, id: PromotionId) -> Result<Progress, StoreError> {
        let Ports { store, clock, .. } = &self.ports;
        let Some(promotion) = store.find(scope, id).await? else { return Ok(Progress::Over) };
        let now = clock.now();
        match promotion.status {
            PromotionStatus::Planned { .. } => Ok(Progress::Over),
            PromotionStatus::Cancelled { .. } => {
                let gone = store.call_off(scope, Waiting::Of(id), Needless::OfferCancelled, LOT, now).await?;
                Ok(if gone < LOT.into() { Progress::Over } else { Progress::More })
            }
            _ if promotion.due_at() > now => Ok(Progress::Waits(promotion.due_at())),
            _ => self.plan(scope, promotion, now).await,
        }
    }

    async fn plan(&self, scope: &StoreScope, promotion: Promotion, now: DateTime<Utc>) -> Result<Progress, StoreError> {
        let Ports { book, store, .. } = &self.ports;
        if now >= promotion.expires_at() {
            store.plan(scope, &promotion.planned(None, now).map_err(defect)?, &[]).await?;
            return Ok(Progress::Over);
        }
        let Some(house) = book.house(scope).await? else {
            return Ok(Progress::Waits(promotion.expires_at().min(now + CLOSED)));
        };
        let rhythm = Rhythm { zone: house.zone, quiet: house.settings.quiet_hours };
        let heard = rhythm.heard(NotificationKind::Promotional, None, false, now);
        if heard > now {
            return Ok(Progress::Waits(promotion.expires_at().min(heard)));
        }
        let looked_at = book.customers(scope, promotion.planned_to(), LOT).await?;
        let last = looked_at.last().filter(|_| looked_at.len() as u64 == u64::from(LOT));
        let last = last.map(|candidate| candidate.addressee.customer);
        let told = self.told(&house, &promotion, &looked_at, now);
        let next = promotion.planned(last, now).map_err(defect)?;
        store.plan(scope, &next, &told).await?;
        if last.is_none() {
            return Ok(Progress::Over);
        }
        let outward = told.iter().filter(|(new, _)| new.channel().is_outward()).count();
        Ok(match i32::try_from(outward) {
            Ok(0) => Progress::More,
            outward => Progress::Waits(now + step(house.settings.rate_per_minute) * outward.unwrap_or(i32::MAX)),
        })
    }

    /// What these are told, each with the job that sends it: written together with it, and once, it needs no key. They are sent
    /// one after another, as fast as the store allows.
    fn told(
        &self,
        house: &House,
        promotion: &Promotion,
        looked_at: &[Candidate],
        now: DateTime<Utc>,
    ) -> Vec<(Notification, NewJob)> {
        let ids = &*self.ports.ids;
        let audience = promotion.details.audience;
        let meant = looked_at.iter().filter(|candidate| audience.admits(candidate.last_visit_at));
        let drafts = meant.flat_map(|Candidate { addressee, .. }| {
            let home = Home { tenant: promotion.tenant, store: promotion.store, customer: addressee.customer };
            let drafts = drafts(house, promotion, addressee, now).unwrap_or_default();
            drafts.into_iter().map(move |draft| (home, draft))
        });
        let step = step(house.settings.rate_per_minute);
        let mut free = now;
        let written = drafts.map(|(home, mut draft)| {
            if draft.recipient.channel().is_outward() {
                draft.scheduled_at = draft.scheduled_at.max(free);
                free += step;
            }
            let new = draft.written(home, NotificationId::new(ids, now), ids.uuid(now), now);
            let job = NewJob { key: None, ..sending(ids, &new, new.scheduled_at, now) };
            (new, job)
        });
        written.collect()
    }
}

/// What somebody is told of a promotion at `now`: by one channel of those that go out, and in their own list; or why nothing.
pub fn drafts(
    house: &House,
    promotion: &Promotion,
    addressee: &Addressee,
    now: DateTime<Utc>,
) -> Result<Vec<Draft>, Needless> {
    let (kind, about) = (NotificationKind::Promotional, About::Offer { promotion: promotion.id });
    let known = Now::Offer(promotion, addressee);
    is_due(kind, &about, house, known)?;
    let outward = route::first(kind, &house.settings, &addressee.preferences, &addressee.addresses, &[]);
    let draft = |recipient: Recipient| {
        let way = if recipient.channel().is_outward() { "out" } else { recipient.channel().code() };
        let quiet = house.settings.quiet_hours.filter(|_| recipient.channel().is_outward());
        Draft {
            kind,
            about: about.clone(),
            key: format!("offer.{}.{}.{way}", promotion.id, addressee.customer),
            language: known.language(house),
            recipient,
            scheduled_at: Rhythm { zone: house.zone, quiet }.heard(kind, None, false, now),
            expires_at: promotion.expires_at(),
        }
    };
    Ok(outward.into_iter().chain(addressee.addresses.on(Channel::InApp)).map(draft).collect())
}

#[async_trait]
impl JobHandler for Promoter {
    fn kind(&self) -> &str {
        PLAN
    }

    async fn run(&self, job: &Job) -> Outcome {
        let which = match job.payload_as::<Planning>() {
            Ok(which) => which,
            Err(outcome) => return outcome,
        };
        match self.lot(&which).await {
            Ok(Progress::Over) => Outcome::Done,
            Ok(Progress::More) => Outcome::not_before(self.ports.clock.now(), "there is another lot"),
            Ok(Progress::Waits(until)) => {
                Outcome::not_before(until, "the offer is told at the store's rate, outside of quiet hours")
            }
            Err(error) => error.into(),
        }
    }
}
