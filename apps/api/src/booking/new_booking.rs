//! The body of a new booking, and what the use case makes of it.

use super::source_for;
use crate::problem::Problem;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Notes;
use musubi_booking::code::{Gender, Source};
use musubi_booking::desk::{NewBooking, What, Who};
use musubi_booking::patron::{Newcomer, Person};
use musubi_booking::request::Wish;
use musubi_customer::contact::{EmailAddress, PhoneNumber};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_identity::user::User;
use musubi_kernel::access::{Caller, Permission};
use musubi_kernel::entity::Entity as _;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{CustomerId, MenuId, MenuOptionId, ResourceId};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::ToSchema;

/// A booking that is to be made: what (`hold_token`, or `menu_id` and `start` with the rest) and for whom
/// (`customer_id` or `customer`).
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewBooking)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "hold_token": "kc-BI3EKD9Ne3XFuSZKvXNwMsJ_2bR3wLdCt0vYYO50",
    "customer": { "name": "山田 花子", "phone": "090-1234-5678", "email": "hanako@example.jp" },
    "customer_notes": "前髪は短めに"
}))]
pub(super) struct NewBookingBody {
    /// The token of a hold: what it keeps is booked. Goes with none of `menu_id`, `start`, `party_size`, `resource_id`,
    /// `option_ids`, `source`.
    #[schema(max_length = 255)]
    hold_token: Option<String>,
    /// The menu.
    menu_id: Option<MenuId>,
    /// The start, a whole minute.
    start: Option<DateTime<Utc>>,
    /// How many come, by default 1.
    #[schema(minimum = 1, maximum = 10_000)]
    party_size: Option<u32>,
    /// The resource that is nominated.
    resource_id: Option<ResourceId>,
    /// The options that are chosen.
    #[schema(max_items = 100)]
    option_ids: Option<Vec<MenuOptionId>>,
    /// By which way it comes, by default `line`. All but `line` and `web` need credentials.
    source: Option<Source>,
    /// A customer of the store; needs credentials.
    customer_id: Option<CustomerId>,
    /// Somebody who says who they are. A customer with the same LINE user, telephone number or e-mail address is taken
    /// for the same person, and stays unchanged.
    customer: Option<NewcomerBody>,
    /// What the customer writes.
    customer_notes: Option<String>,
    /// What staff write for the visit; needs credentials.
    staff_notes: Option<String>,
    /// What staff write for staff; needs credentials.
    internal_notes: Option<String>,
    /// Starts that would also do, where the store gives its word first.
    #[schema(max_items = 5)]
    preferred_times: Option<Vec<DateTime<Utc>>>,
}

/// Somebody who says who they are: by name or by LINE user id at least. Who has signed in is known by their account: their
/// name is that of the account unless they say another, and address and LINE user are not said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = Newcomer)]
#[serde(deny_unknown_fields)]
struct NewcomerBody {
    /// Name, up to 255 characters.
    name: Option<String>,
    /// How the name is read, up to 255 characters.
    name_kana: Option<String>,
    /// Telephone number; Japanese if it names no country.
    #[schema(example = "090-1234-5678")]
    phone: Option<String>,
    /// E-mail address.
    #[schema(example = "hanako@example.jp")]
    email: Option<String>,
    /// Date of birth.
    birthday: Option<NaiveDate>,
    /// Gender.
    gender: Option<Gender>,
    /// Who they are on LINE, up to 100 characters. For those who act for the store: customers show it by signing in, or with the
    /// code of a booking.
    line_user_id: Option<String>,
    /// Name on LINE, up to 255 characters.
    line_display_name: Option<String>,
}

impl NewBookingBody {
    /// The booking that a caller may ask for with this, or all that is wrong. Who is given as a `person` has signed in and
    /// books for themselves.
    pub(super) fn read(self, caller: &Caller, person: Option<&User>) -> Result<NewBooking, Problem> {
        let customer = caller.actor.is_customer();
        let source = source_for(caller, self.source)?;
        if self.customer_id.is_some() {
            caller.actor.not_as_customer(Permission::BookingWrite)?;
        }
        let mut invalid = Invalid::default();
        self.check_what(&mut invalid);
        self.check_notes(customer, &mut invalid);
        let who = match (person, self.customer_id, self.customer) {
            (Some(person), _, said) => said.unwrap_or_default().of(person, &mut invalid).map(Who::Person),
            (None, Some(id), None) => Some(Who::Known(id)),
            (None, None, Some(newcomer)) => {
                if customer {
                    newcomer
                        .claims_nobody_on_line("show it by signing in, or with the code of the booking", &mut invalid);
                }
                newcomer.read(&mut invalid).map(Who::Described)
            }
            (None, Some(_), Some(_)) => {
                invalid.add("/customer", "not_allowed", "customer_id says already who comes");
                None
            }
            (None, None, None) => {
                invalid.add("/customer", "missing", "say who comes: customer_id or customer");
                None
            }
        };
        let what = match (self.hold_token, self.menu_id, self.start) {
            (Some(token), ..) => Some(What::Held { token }),
            (None, Some(menu), Some(start)) => {
                let wish = Wish {
                    party_size: self.party_size.unwrap_or(1),
                    nominated: self.resource_id,
                    options: self.option_ids.unwrap_or_default(),
                    source,
                };
                Some(What::Fresh { menu, start, wish })
            }
            _ => None,
        };
        invalid.finish()?;
        let (Some(what), Some(who)) = (what, who) else {
            return Err(Problem::internal("a booking without what or who has passed its checks"));
        };
        let notes = Notes { customer: self.customer_notes, staff: self.staff_notes, internal: self.internal_notes };
        Ok(NewBooking { what, who, notes, preferred_times: self.preferred_times.unwrap_or_default() })
    }

    fn check_what(&self, invalid: &mut Invalid) {
        let given = [
            ("/menu_id", self.menu_id.is_some()),
            ("/start", self.start.is_some()),
            ("/party_size", self.party_size.is_some()),
            ("/resource_id", self.resource_id.is_some()),
            ("/option_ids", self.option_ids.is_some()),
            ("/source", self.source.is_some()),
        ];
        match (self.hold_token.is_some(), self.menu_id.is_some(), self.start.is_some()) {
            (true, ..) => {
                for (pointer, _) in given.iter().filter(|(_, given)| *given) {
                    invalid.add(*pointer, "not_allowed", "the hold says it already");
                }
            }
            (false, false, false) => {
                invalid.add("/hold_token", "missing", "say what is booked: hold_token, or menu_id and start");
            }
            (false, false, true) => invalid.add("/menu_id", "missing", "a start needs its menu"),
            (false, true, false) => invalid.add("/start", "missing", "a menu needs its start"),
            (false, true, true) => {}
        }
    }

    fn check_notes(&self, customer: bool, invalid: &mut Invalid) {
        for (pointer, notes, of_staff) in [
            ("/customer_notes", &self.customer_notes, false),
            ("/staff_notes", &self.staff_notes, true),
            ("/internal_notes", &self.internal_notes, true),
        ] {
            let allowed = notes.is_none() || !(customer && of_staff);
            invalid.require(allowed, pointer, "not_allowed", "only callers with credentials may write this");
            invalid.prose(pointer, notes.as_deref());
        }
    }
}

impl NewcomerBody {
    /// What a person says of themselves, completed by what is known of them: by what they are known they do not say.
    fn of(self, person: &User, invalid: &mut Invalid) -> Option<Person> {
        let before = invalid.violations().len();
        let known = "who has signed in is known by their account";
        invalid.require(self.email.is_none(), "/customer/email", "not_allowed", known);
        self.claims_nobody_on_line(known, invalid);
        if invalid.violations().len() > before {
            return None;
        }
        let display_name = Some(person.display_name.clone()).filter(|name| !name.trim().is_empty());
        let name = self.name.or(display_name);
        let email = person.verified_email().map(|email| email.as_str().to_owned());
        let said = Self { name, ..self }.read(invalid)?;
        Some(Person { user: person.id, said: Newcomer { email, ..said } })
    }

    /// Who somebody is on LINE their own word does not show: messages of later bookings would go to whoever had claimed it first.
    fn claims_nobody_on_line(&self, why: &'static str, invalid: &mut Invalid) {
        for (pointer, given) in [
            ("/customer/line_user_id", self.line_user_id.is_some()),
            ("/customer/line_display_name", self.line_display_name.is_some()),
        ] {
            invalid.require(!given, pointer, "not_allowed", why);
        }
    }

    /// Whoever it is in the form that is kept; what is wrong is noted.
    fn read(self, invalid: &mut Invalid) -> Option<Newcomer> {
        let before = invalid.violations().len();
        let phone = parsed::<PhoneNumber>(self.phone.as_deref());
        let email = parsed::<EmailAddress>(self.email.as_deref());
        invalid.require(phone.is_ok(), "/customer/phone", "bad_phone", "must be a telephone number");
        invalid.require(email.is_ok(), "/customer/email", "bad_email", "must be an e-mail address");
        let (phone, email) = (phone.ok().flatten(), email.ok().flatten());
        // The same rules as for a customer that staff write down.
        let details = CustomerDetails {
            name: self.name,
            name_kana: self.name_kana,
            phone,
            email,
            birthday: self.birthday,
            line_user_id: self.line_user_id,
            line_display_name: self.line_display_name,
            ..CustomerDetails::default()
        };
        if let Err(wrong) = Customer::check(&details) {
            for violation in wrong.into_violations() {
                invalid.add(format!("/customer{}", violation.pointer), violation.code, violation.detail);
            }
        }
        (invalid.violations().len() == before).then(|| Newcomer {
            phone: details.phone.map(|phone| phone.as_str().to_owned()),
            email: details.email.map(|email| email.as_str().to_owned()),
            name: details.name,
            name_kana: details.name_kana,
            birthday: details.birthday,
            gender: self.gender,
            line_user_id: details.line_user_id,
            line_display_name: details.line_display_name,
        })
    }
}

fn parsed<T: FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}
