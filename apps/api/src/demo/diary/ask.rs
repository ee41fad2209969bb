//! Who asks, and for which of the free starts.

use super::Diary;
use crate::demo::DemoError;
use crate::demo::premises::{Demand, Offered};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::code::Source;
use musubi_booking::desk::SlotQuery;
use musubi_booking::plan::Offer;
use musubi_booking::request::Wish;
use musubi_kernel::access::{Actor, Caller, Permission, StoreScope};
use musubi_kernel::id::CustomerId;
use std::net::{IpAddr, Ipv4Addr};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
const IN_LINE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Line/15.9.0 LIFF";

impl Diary<'_> {
    /// Who writes a booking of this way down, and leave to do so.
    pub(super) fn by_way_of(&mut self, source: Source) -> Result<(Caller, StoreScope), DemoError> {
        let premises = &self.shop.premises;
        if !source.is_customer_facing() {
            let scope = premises.staff.actor.on_store(&premises.at, Permission::BookingWrite)?;
            return Ok((premises.staff.clone(), scope));
        }
        self.requests += 1;
        let agent = if source == Source::Line { IN_LINE } else { PHONE };
        let caller = Caller {
            actor: Actor::Public,
            // An address that RFC 5737 keeps for examples.
            ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, u8::try_from(1 + self.requests % 250).unwrap_or(1)))),
            user_agent: Some(agent.to_owned()),
            request_id: format!("demo-{}-{}", premises.slug, self.requests),
        };
        let scope = caller.actor.on_public_store(&premises.at, Permission::BookingWrite)?;
        Ok((caller, scope))
    }

    /// One of the free starts of a date.
    pub(super) async fn start_on(
        &mut self,
        date: NaiveDate,
        menu: &Offered,
        demand: &Demand,
        wish: &Wish,
        customer: CustomerId,
    ) -> Result<Option<DateTime<Utc>>, DemoError> {
        self.start_between(date, date, menu, demand, wish, Some(customer)).await
    }

    /// One of the free starts of some dates.
    pub(super) async fn start_between(
        &mut self,
        from: NaiveDate,
        to: NaiveDate,
        menu: &Offered,
        demand: &Demand,
        wish: &Wish,
        customer: Option<CustomerId>,
    ) -> Result<Option<DateTime<Utc>>, DemoError> {
        let query = SlotQuery { menu: menu.id, from, to, wish: wish.clone(), customer, explain: false };
        let found = self.house.desk.slots(&self.shop.premises.scope, &query).await?;
        let offers: Vec<Offer<'_>> = found.offers.iter().collect();
        let chosen = if demand.sociable { self.fullest_of_three(&offers) } else { self.chance.of(&offers) };
        Ok(chosen.map(|offer| offer.service.from.instant()))
    }

    /// Popular classes fill up.
    fn fullest_of_three<'o>(&mut self, offers: &'o [Offer<'o>]) -> Option<&'o Offer<'o>> {
        let three = [self.chance.of(offers)?, self.chance.of(offers)?, self.chance.of(offers)?];
        three.into_iter().min_by_key(|offer| offer.remaining)
    }
}
