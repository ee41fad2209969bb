//! The shops' customers.

mod names;

use super::chance::Chance;
use super::premises::{Audience, Shop};
use super::{DemoError, House};
use chrono::{Days, Months, NaiveDate, TimeDelta};
use musubi_booking::code;
use musubi_booking::patron::Newcomer;
use musubi_customer::customer::Customer;
use musubi_customer::details::{CustomerDetails, Gender, LoyaltyRank};
use musubi_kernel::access::Permission;
use musubi_kernel::id::CustomerId;
use musubi_kernel::receipt::NoReceipt;
use names::{FEMALE, MALE, SURNAMES};

/// Every so many customers one is a student.
const STUDENTS: u32 = 6;
/// The one who is kept from booking for a while.
const RESTRICTED: u32 = 7;

/// A customer, as far as bookings are made for them.
pub(super) struct Guest {
    pub(super) id: CustomerId,
    pub(super) on_line: bool,
    /// What they say of themselves.
    pub(super) says: Newcomer,
    restricted: bool,
}

impl Guest {
    /// Whether a menu for this audience admits them on a date.
    pub(super) fn suits(&self, audience: Audience, date: NaiveDate) -> bool {
        !self.restricted
            && match audience {
                Audience::All => true,
                Audience::Women => self.says.gender == Some(code::Gender::Female),
                Audience::Students => {
                    self.says.birthday.and_then(|born| date.years_since(born)).is_some_and(|age| age <= 22)
                }
            }
    }
}

/// Writes down the customers of a shop.
pub(super) async fn invite(house: House<'_>, shop: &Shop, today: NaiveDate) -> Result<Vec<Guest>, DemoError> {
    let staff = &shop.premises.staff;
    let scope = staff.actor.on_store(&shop.premises.at, Permission::CustomerWrite)?;
    let mut chance = Chance::new(u64::from(shop.number));
    let mut guests = Vec::new();
    for number in 0..shop.customers {
        let mut details = describe(&mut chance, shop, number, today);
        if number == RESTRICTED {
            details.is_restricted = true;
            details.restriction_until = Some(house.clock.now() + TimeDelta::days(30));
            details.notes =
                Some("無断キャンセルが続いたため、しばらくご予約を停止。 / Stayed away repeatedly".to_owned());
        }
        let customer = house.customers.create(staff, &scope, details, &NoReceipt).await?;
        guests.push(guest(&customer));
    }
    Ok(guests)
}

fn describe(chance: &mut Chance, shop: &Shop, number: u32, today: NaiveDate) -> CustomerDetails {
    let surname = SURNAMES[(number + 20 * shop.number) as usize % SURNAMES.len()];
    let female = chance.percent(68);
    let given = chance.of(if female { &FEMALE } else { &MALE }).copied().unwrap_or(FEMALE[0]);
    let student = number % STUDENTS == 1;
    let age = if student { 16 + chance.below(6) } else { 23 + chance.below(46) };
    let born = today - Months::new(12 * age) - Days::new(u64::from(chance.below(300)) + 1);
    let known = student || chance.percent(80);
    // Numbers that begin like this are nobody's.
    let phone = format!("090-00{:02}-{:04}", shop.number, 1000 + number * 37 + chance.below(37));
    let email = format!("{}.{}@example.jp", given.2, surname.2);
    let line = format!("{:08x}", chance.below(u32::MAX));
    let on_line = chance.percent(55);
    let rank = match chance.below(100) {
        _ if student => LoyaltyRank::New,
        0..15 => LoyaltyRank::New,
        15..70 => LoyaltyRank::Regular,
        70..90 => LoyaltyRank::Vip,
        _ => LoyaltyRank::Premium,
    };
    CustomerDetails {
        name_kana: Some(format!("{} {}", surname.1, given.1)),
        phone: phone.parse().ok(),
        email: email.parse().ok().filter(|_| chance.percent(85)),
        birthday: Some(born).filter(|_| known),
        gender: Some(if female { Gender::Female } else { Gender::Male }).filter(|_| known),
        line_user_id: on_line.then(|| format!("U{}", line.repeat(4))),
        line_display_name: on_line.then(|| given.0.to_owned()),
        notes: chance.percent(20).then(|| "次回予約をおすすめする。 / Likes to be asked for the next visit".to_owned()),
        allergies: chance.percent(8).then(|| "ラテックス / Latex".to_owned()),
        loyalty_rank: rank,
        ..CustomerDetails::named(format!("{} {}", surname.0, given.0))
    }
}

fn guest(customer: &Customer) -> Guest {
    let details = &customer.details;
    Guest {
        id: customer.id,
        on_line: details.line_user_id.is_some(),
        restricted: details.is_restricted,
        says: Newcomer {
            name: details.name.clone(),
            name_kana: details.name_kana.clone(),
            phone: details.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            email: details.email.as_ref().map(|email| email.as_str().to_owned()),
            birthday: details.birthday,
            gender: details.gender.and_then(|gender| code::Gender::from_code(gender.code())),
            line_user_id: details.line_user_id.clone(),
            line_display_name: details.line_display_name.clone(),
        },
    }
}
