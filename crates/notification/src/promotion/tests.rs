//! Promotions over their fakes: rules as tables, and random stores beside an oracle that goes through them by hand.

use super::desk::{self, Promotions};
use super::ports::{Counts, PromotionStore as _};
use super::promoter::{self, LOT, Planning, Progress, Promoter};
use super::{
    Audience, FURTHEST, OfferText, OfferTexts, Promotion, PromotionDetails, PromotionStatus, PromotionStatusCode,
};
use crate::channel::{Addresses, Channel};
use crate::facts::Addressee;
use crate::memory::{BookInMemory, NotificationsInMemory};
use crate::notification::Notification;
use crate::notification::status::{Needless, NotificationStatusCode, Status};
use crate::testing::{STORE, TENANT, at, hanako, house, scope};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{CountingIds, CustomerId, PromotionId, UserId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::locale::Locale;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::NoPause;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Noon in Tokyo.
const NOON: &str = "2026-03-16T03:00:00Z";

struct World {
    promotions: Promotions,
    promoter: Promoter,
    store: Arc<NotificationsInMemory>,
    book: Arc<BookInMemory>,
    clock: Arc<ManualClock>,
}

fn world(settings: &Value) -> World {
    let (clock, ids) = (Arc::new(ManualClock::at(at(NOON))), Arc::new(CountingIds::default()));
    let book = Arc::new(BookInMemory::default());
    let store = Arc::new(NotificationsInMemory::new(Arc::new(JobsInMemory::default())));
    book.put_house(house(settings));
    let promotions = Promotions::new(desk::Ports {
        book: book.clone(),
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        pause: Arc::new(NoPause),
    });
    let promoter = Promoter::new(promoter::Ports {
        book: book.clone(),
        store: store.clone(),
        clock: clock.clone(),
        ids,
        pause: Arc::new(NoPause),
    });
    World { promotions, promoter, store, book, clock }
}

fn details() -> PromotionDetails {
    let ja = OfferText { headline: "春".into(), body: "2割引".into() };
    let texts = OfferTexts { ja: Some(ja), en: None };
    PromotionDetails { texts, send_at: None, audience: Audience::default() }
}

fn customer(number: usize) -> CustomerId {
    Uuid::from_u128(1_000 + number as u128).into()
}

impl World {
    async fn create(&self, details: &PromotionDetails) -> Promotion {
        self.promotions.create(&Caller::system(), &scope(), details, &NoReceipt).await.unwrap()
    }

    async fn lot(&self, promotion: PromotionId) -> Progress {
        self.promoter.lot(&Planning { tenant: TENANT, store: STORE, promotion }).await.unwrap()
    }

    /// Plans all of it; in how many lots.
    async fn plan(&self, promotion: PromotionId) -> usize {
        for lots in 1.. {
            match self.lot(promotion).await {
                Progress::Over => return lots,
                Progress::More => (),
                Progress::Waits(until) => self.clock.set(until),
            }
        }
        unreachable!("lots end")
    }

    fn agrees(&self, number: usize) {
        self.book.put_customer(STORE, Addressee { customer: customer(number), agrees_to_offers: true, ..hanako() });
    }

    async fn told(&self, id: PromotionId) -> (Promotion, Counts) {
        self.promotions.get(&scope(), id).await.unwrap()
    }
}

#[test]
fn every_broken_rule_is_named() {
    type Case = (fn(&mut PromotionDetails), &'static [(&'static str, &'static str)]);
    fn ja(details: &mut PromotionDetails) -> &mut OfferText {
        details.texts.ja.as_mut().unwrap()
    }
    let cases: &[Case] = &[
        (|_| (), &[]),
        (|d| d.texts = OfferTexts::default(), &[("/texts", "required")]),
        (|d| ja(d).headline = "a\nb".into(), &[("/texts/ja/headline", "control_character")]),
        (|d| ja(d).headline = "春".repeat(100), &[]),
        (|d| ja(d).headline = "春".repeat(101), &[("/texts/ja/headline", "too_long")]),
        (|d| ja(d).body = " \n".into(), &[("/texts/ja/body", "blank")]),
        (|d| ja(d).body = "春".repeat(2_001), &[("/texts/ja/body", "too_long")]),
        (
            |d| d.texts.en = Some(OfferText { headline: String::new(), body: "x".into() }),
            &[("/texts/en/headline", "blank")],
        ),
        (|d| d.send_at = Some(at(NOON)), &[]),
        (|d| d.send_at = Some(at(NOON) - TimeDelta::seconds(1)), &[("/send_at", "in_the_past")]),
        (|d| d.send_at = Some(at(NOON) + TimeDelta::nanoseconds(1)), &[("/send_at", "too_precise")]),
        (|d| d.send_at = Some(at(NOON) + FURTHEST), &[]),
        (|d| d.send_at = Some(at(NOON) + FURTHEST + TimeDelta::seconds(1)), &[("/send_at", "too_far_ahead")]),
        (|d| d.send_at = Some(at("9998-12-31T00:00:00Z")), &[("/send_at", "too_far_ahead")]),
        (
            |d| {
                let day = Some(at(NOON));
                d.audience = Audience { last_visit_from: day, last_visit_before: day };
            },
            &[("/audience/last_visit_before", "bad_range")],
        ),
    ];
    for (index, (change, expected)) in cases.iter().enumerate() {
        let mut details = details();
        change(&mut details);
        let broken = details.check(at(NOON)).err().map(Invalid::into_violations).unwrap_or_default();
        let broken: Vec<_> = broken.iter().map(|found| (found.pointer.as_str(), found.code)).collect();
        assert_eq!(broken, *expected, "case {index}");
    }
}

#[test]
fn who_would_like_another_language_than_is_there_reads_the_other() {
    use Locale::{En, Ja};
    let text = || Some(OfferText { headline: "x".into(), body: "y".into() });
    for (ja, en, wanted, language) in [
        (true, true, Ja, Ja),
        (true, true, En, En),
        (true, false, En, Ja),
        (false, true, Ja, En),
        (false, false, En, En),
    ] {
        let texts = OfferTexts { ja: text().filter(|_| ja), en: text().filter(|_| en) };
        assert_eq!(texts.language(wanted), language);
        assert_eq!(texts.text(language).is_some(), ja || en);
    }
}

#[test]
fn every_status_allows_its_steps_and_no_others() {
    use PromotionStatusCode::{Cancelled, Planned, Planning};
    let (now, last) = (at(NOON), customer(1));
    for (status, steps) in [
        (PromotionStatus::Scheduled, [Some(Planning), Some(Planned), Some(Cancelled)]),
        (PromotionStatus::Planning { after: last }, [Some(Planning), Some(Planned), Some(Cancelled)]),
        (PromotionStatus::Planned { at: now }, [None, None, Some(Cancelled)]),
        (PromotionStatus::Cancelled { at: now, planned_at: None }, [None, None, None]),
    ] {
        let one = || Promotion { status, ..Promotion::new(Uuid::nil().into(), &scope(), details(), now) };
        let done = [one().planned(Some(last), now), one().planned(None, now), one().cancelled(now)];
        let names = done.map(|step| step.ok().map(|next| (next.status.name(), next.version)));
        assert_eq!(names, steps.map(|name| name.map(|name| (name, 2))), "{status:?}");
    }
}

#[tokio::test]
async fn it_waits_for_its_time_and_for_quiet_hours_to_end() {
    let world = world(&json!({}));
    world.agrees(1);
    let night = at("2026-03-17T14:00:00Z");
    let promotion = world.create(&PromotionDetails { send_at: Some(night), ..details() }).await;
    assert_eq!(world.lot(promotion.id).await, Progress::Waits(night));
    assert!(world.store.all().is_empty());
    world.clock.set(night);
    let morning = at("2026-03-17T23:00:00Z");
    assert_eq!(world.lot(promotion.id).await, Progress::Waits(morning));
    world.clock.set(morning);
    assert_eq!(world.lot(promotion.id).await, Progress::Over);
    let told = world.store.all();
    let times: Vec<_> = told.iter().map(|one| (one.scheduled_at, one.expires_at)).collect();
    assert_eq!(times, [(morning, night + TimeDelta::hours(72))]);
}

#[tokio::test]
async fn a_lot_is_told_at_the_rate_of_the_store_and_the_next_comes_after_it() {
    let world = world(&json!({ "rate_per_minute": 70, "quiet_hours": false }));
    (0..300).for_each(|number| world.agrees(number));
    let promotion = world.create(&details()).await;
    let began = world.clock.now();
    let after = |seconds| began + TimeDelta::seconds(seconds);
    assert_eq!(world.lot(promotion.id).await, Progress::Waits(after(200)));
    let outward = world.store.all().into_iter().filter(|one| one.channel().is_outward());
    let mut due: Vec<_> = outward.map(|one| one.scheduled_at).collect();
    due.sort_unstable();
    assert_eq!(due, (0..200).map(after).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_that_is_closed_for_a_while_goes_on_with_its_offer() {
    let world = world(&json!({}));
    world.agrees(1);
    let promotion = world.create(&details()).await;
    world.book.close_house(STORE);
    let an_hour = world.clock.now() + TimeDelta::hours(1);
    assert_eq!(world.lot(promotion.id).await, Progress::Waits(an_hour));
    world.book.put_house(house(&json!({})));
    world.clock.set(an_hour);
    assert_eq!(world.lot(promotion.id).await, Progress::Over);
    assert_eq!(world.told(promotion.id).await.1.planned(), 1);
}

#[tokio::test]
async fn a_worker_that_comes_too_late_tells_nobody() {
    let world = world(&json!({}));
    world.agrees(1);
    let promotion = world.create(&details()).await;
    world.clock.set(promotion.expires_at());
    assert_eq!(world.lot(promotion.id).await, Progress::Over);
    let (planned, counts) = world.told(promotion.id).await;
    assert_eq!((planned.status.name(), counts), (PromotionStatusCode::Planned, Counts::default()));
}

#[tokio::test]
async fn a_store_that_tells_of_no_offers_makes_none() {
    let world = world(&json!({ "kinds": { "promotional": { "enabled": false } } }));
    let made = world.promotions.create(&Caller::system(), &scope(), &details(), &NoReceipt).await;
    assert!(matches!(made, Err(EntityError::Refused { code: "offers_switched_off", .. })), "{made:?}");
    world.book.close_house(STORE);
    let made = world.promotions.create(&Caller::system(), &scope(), &details(), &NoReceipt).await;
    assert_eq!(made, Err(EntityError::NotFound("store")));
}

#[tokio::test]
async fn what_was_called_off_is_called_off_lot_by_lot() {
    let world = world(&json!({}));
    let many = LOT as usize + 1;
    (0..many).for_each(|number| world.agrees(number));
    let promotion = world.create(&details()).await;
    assert_eq!(world.plan(promotion.id).await, 2);
    let planned = world.told(promotion.id).await.0;
    let tried = world.store.all().remove(0).tried(world.clock.now()).unwrap();
    crate::ports::NotificationStore::save(&*world.store, &scope(), &tried, None).await.unwrap();
    let cancel = async || world.promotions.cancel(&Caller::system(), &scope(), promotion.id).await.unwrap();
    let cancelled = cancel().await;
    assert_eq!((cancelled.status.name(), cancelled.version), (PromotionStatusCode::Cancelled, 4));
    assert_eq!(cancelled.planned_at(), planned.planned_at(), "what was planned is kept");
    assert!(cancelled.planned_at().is_some());
    assert_eq!(cancel().await, cancelled, "once more changes nothing");
    assert_eq!(world.plan(promotion.id).await, 2);
    let (_, counts) = world.told(promotion.id).await;
    assert_eq!(counts, Counts { cancelled: many as u64, ..Counts::default() });
    let why = |one: &Notification| match one.status {
        Status::Cancelled { why, .. } => Some(why),
        _ => None,
    };
    let called_off = world.store.all().iter().filter(|one| why(one) == Some(Needless::OfferCancelled)).count();
    assert_eq!(called_off, many);
}

#[tokio::test]
async fn of_two_who_plan_one_lot_one_has_lost() {
    let world = world(&json!({}));
    world.agrees(1);
    let promotion = world.create(&details()).await;
    assert_eq!(world.lot(promotion.id).await, Progress::Over);
    let late = promotion.clone().planned(None, world.clock.now()).unwrap();
    assert_eq!(world.store.plan(&scope(), &late, &[]).await, Err(StoreError::Conflict));
    assert_eq!(world.lot(promotion.id).await, Progress::Over, "and there is nothing left to do");
    assert_eq!(world.store.all().len(), 1);
}

/// A customer of a random store.
#[derive(Debug, Clone)]
struct Somebody {
    agrees: bool,
    declines_email: bool,
    has_email: bool,
    signs_in: bool,
    last_visit: Option<i64>,
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (flags, proptest::option::of(0..10_i64)).prop_map(|((agrees, declines_email, has_email, signs_in), last_visit)| {
        Somebody { agrees, declines_email, has_email, signs_in, last_visit }
    })
}

fn day(day: i64) -> DateTime<Utc> {
    at(NOON) - TimeDelta::days(10 - day)
}

impl Somebody {
    fn addressee(&self, number: usize) -> Addressee {
        let email = self.has_email.then(|| "hanako@example.jp".parse().unwrap());
        let user = self.signs_in.then(|| UserId(Uuid::from_u128(number as u128)));
        let mut addressee = Addressee { customer: customer(number), agrees_to_offers: self.agrees, ..hanako() };
        addressee.addresses = Addresses { email, user, ..Addresses::default() };
        addressee.preferences.declined_channels = self.declines_email.then_some(Channel::Email).into_iter().collect();
        addressee
    }

    /// By which ways they are told, said once more.
    fn ways(&self, from: Option<i64>, before: Option<i64>) -> Vec<Channel> {
        let too_early = from.is_some_and(|from| self.last_visit.is_none_or(|last| last < from));
        let too_late = before.is_some_and(|before| self.last_visit.is_none_or(|last| last >= before));
        if !self.agrees || too_early || too_late {
            return Vec::new();
        }
        let email = (self.has_email && !self.declines_email).then_some(Channel::Email);
        email.into_iter().chain(self.signs_in.then_some(Channel::InApp)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whoever plans, however often, and whatever lots were tried in vain: each who agreed is told once by each of their ways.
    #[test]
    fn each_who_agreed_is_told_once(
        people in proptest::collection::vec(somebody(), 0..450),
        from in proptest::option::of(0..6_i64),
        before in proptest::option::of(6..10_i64),
        interrupted in proptest::collection::vec(any::<bool>(), 0..6),
        late in proptest::option::of(somebody()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (told, lots, all) = runtime.block_on(async {
            let world = world(&json!({ "quiet_hours": false }));
            let put = |number: usize, one: &Somebody| {
                world.book.put_customer(STORE, one.addressee(number));
                if let Some(last) = one.last_visit {
                    world.book.put_last_visit(customer(number), day(last));
                }
            };
            people.iter().enumerate().for_each(|(number, one)| put(number, one));
            let audience = Audience { last_visit_from: from.map(day), last_visit_before: before.map(day) };
            let promotion = world.create(&PromotionDetails { audience, ..details() }).await;
            // Whoever has read the promotion before others have planned a lot writes nothing.
            for again in interrupted {
                let seen = world.told(promotion.id).await.0;
                let progress = world.lot(promotion.id).await;
                if again && let Ok(stale) = seen.planned(None, world.clock.now()) {
                    assert_eq!(world.store.plan(&scope(), &stale, &[]).await, Err(StoreError::Conflict));
                }
                if progress == Progress::Over {
                    break;
                }
            }
            // Whoever comes while it is planned is told too, as they come last.
            let mut all = people.clone();
            let open = world.told(promotion.id).await.0.status.name() != PromotionStatusCode::Planned;
            if let Some(one) = late.filter(|_| open) {
                put(all.len(), &one);
                all.push(one);
            }
            let lots = world.plan(promotion.id).await;
            world.plan(promotion.id).await;
            (world.store.all(), lots, all)
        });
        prop_assert!(lots <= all.len() / LOT as usize + 1);
        let mut found: BTreeMap<CustomerId, Vec<Channel>> = BTreeMap::new();
        for one in &told {
            found.entry(one.customer).or_default().push(one.channel());
        }
        for (number, one) in all.iter().enumerate() {
            let ways = found.remove(&customer(number)).unwrap_or_default();
            prop_assert_eq!(ways, one.ways(from, before), "{:?}", one);
        }
        prop_assert!(found.is_empty());
        let keys: BTreeSet<_> = told.iter().map(|one: &Notification| one.key.as_str()).collect();
        prop_assert_eq!(keys.len(), told.len());
        prop_assert!(told.iter().all(|one| one.key.len() <= 100 && one.status.name() == NotificationStatusCode::Pending));
    }
}
