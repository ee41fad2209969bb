//! The cases of `docs/booking-examples.md`, which readers read and this test runs.

mod book;
mod table;

use book::Book;
use chrono::{DateTime, Datelike, Duration, NaiveDate, TimeZone, Utc, Weekday};
use musubi_booking::code::Source;
use musubi_booking::minute::{Minute, Span};
use musubi_booking::plan::{Offer, Plan};
use musubi_booking::refusal::Refusal;
use musubi_booking::request::Wish;
use musubi_kernel::zone::Tz;
use table::{Row, tables};

const PAGE: &str = include_str!("../../../../docs/booking-examples.md");

/// Every refusal there is.
const REFUSALS: [Refusal; 24] = [
    Refusal::OptionNotAvailable,
    Refusal::OptionRequired,
    Refusal::ResourceNotAllowed,
    Refusal::ResourceRequired,
    Refusal::OutsideOpeningHours,
    Refusal::OffGrid,
    Refusal::ResourceUnavailable,
    Refusal::PartyExceedsCapacity,
    Refusal::SlotTaken,
    Refusal::StoreInactive,
    Refusal::MenuInactive,
    Refusal::StoreNotPublic,
    Refusal::MenuNotBookable,
    Refusal::NotBookableOnline,
    Refusal::TooSoon,
    Refusal::TooFarAhead,
    Refusal::SameDayNotAccepted,
    Refusal::DayLimitReached,
    Refusal::PartySizeOutOfRange,
    Refusal::CustomerRestricted,
    Refusal::AgeUnknown,
    Refusal::AgeOutOfRange,
    Refusal::GenderUnknown,
    Refusal::GenderNotAdmitted,
];

/// A business date with a clock time of it, as the page writes starts: `Fri 2026-06-12 25:30`.
struct Start {
    date: NaiveDate,
    at: DateTime<Utc>,
}

/// The instant of a clock time; in a gap it moves forward by the gap.
fn instant(zone: Tz, date: NaiveDate, minutes: i64) -> DateTime<Utc> {
    let local = date.and_hms_opt(0, 0, 0).expect("a midnight") + Duration::minutes(minutes);
    let at = (0..=1440).find_map(|gap| {
        let shown = zone.from_local_datetime(&(local - Duration::minutes(gap))).earliest()?;
        Some(shown + Duration::minutes(gap))
    });
    at.expect("no gap is longer than a day").with_timezone(&Utc)
}

fn clock(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').expect("a clock time");
    hours.parse::<i64>().expect("hours") * 60 + minutes.parse::<i64>().expect("minutes")
}

fn start(text: &str, zone: Tz) -> Start {
    let [weekday, date, time] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("not a start: {text}") };
    let date: NaiveDate = date.parse().expect("a date");
    assert_eq!(weekday.parse::<Weekday>(), Ok(date.weekday()), "{text}");
    Start { date, at: instant(zone, date, clock(time)) }
}

/// What clocks show, counted from the midnight of the business date.
fn shown(zone: Tz, date: NaiveDate, at: Minute) -> String {
    let local = at.instant().with_timezone(&zone).naive_local();
    let minutes = (local - date.and_hms_opt(0, 0, 0).expect("a midnight")).num_minutes();
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What the code says of a row's request.
fn answer(book: &Book, row: &Row) -> (Start, Result<Offer<'static>, Refusal>) {
    let world = book.world(row.get("store"), row.get("menu"));
    let start = start(row.get("start"), world.shop.zone);
    let wish = Wish {
        party_size: row.number("party"),
        nominated: row.some("nominates").map(|name| book.resource(name)),
        options: row.list("options").into_iter().map(|name| book.option(name)).collect(),
        source: Source::from_code(row.get("source")).expect("a source"),
    };
    let guest = row.some("who").map(|name| book.guest(name));
    let minute = Minute::exactly(start.at).expect("a whole minute");
    let dates = Plan::dates_of(&world.shop, minute);
    let offer = Plan::new(world.situation(), &wish, guest.as_ref(), &dates).and_then(|plan| plan.at(minute));
    // What is booked through the search is found by it: the same request, asked for the whole date.
    if wish.source.is_customer_facing() {
        let date = start.date..=start.date;
        let found = Plan::new(world.situation(), &wish, guest.as_ref(), &date)
            .map(|plan| plan.offers(&date).iter().any(|offer| offer.service.from == minute));
        assert_eq!(found.unwrap_or(false), offer.is_ok(), "search and booking differ on {row}");
    }
    (start, offer)
}

#[test]
fn offered_starts_have_the_price_and_the_windows_of_the_page() {
    let book = Book::of(PAGE);
    let rows = tables(PAGE).remove("Offered").expect("a table");
    for row in &rows {
        let (start, offer) = answer(&book, row);
        let offer = offer.unwrap_or_else(|refusal| panic!("refused with {}: {row}", refusal.code()));
        let zone = book.world(row.get("store"), row.get("menu")).shop.zone;
        let window = |span: Span| [span.from, span.to].map(|at| shown(zone, start.date, at)).join("-");
        let price = offer.price;
        let names: Vec<&str> = offer.resources.iter().map(|(id, _)| book.name_of(*id)).collect();
        let said = [
            format!("{} + {} + {} = {}", price.base.0, price.options.0, price.resource.0, price.total.0),
            window(offer.service),
            window(offer.occupied),
            if names.is_empty() { "-".to_owned() } else { names.join(", ") },
        ];
        let expected = ["price", "service", "occupied", "holds"].map(|column| row.get(column).to_owned());
        assert_eq!(said, expected, "{row}");
        assert_eq!(offer.business_date, start.date, "{row}");
    }
    assert!(rows.len() >= 45, "the page has {} offered starts", rows.len());
}

#[test]
fn refused_starts_have_the_code_of_the_page() {
    let book = Book::of(PAGE);
    let rows = tables(PAGE).remove("Refused").expect("a table");
    for row in &rows {
        let refusal = answer(&book, row).1.map(|offer| offer.price);
        assert_eq!(refusal.map_err(Refusal::code), Err(row.get("refusal")), "{row}");
    }
    for refusal in REFUSALS {
        assert!(rows.iter().any(|row| row.get("refusal") == refusal.code()), "no case of {}", refusal.code());
    }
}
