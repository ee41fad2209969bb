//! Links and keys, for people.

use super::file::FILE;
use super::{Demo, Made, Place};
use chrono::Days;
use std::fmt::Write as _;

/// Days ahead for which the example asks for free slots.
const AHEAD: u64 = 7;

/// The line that says why there is no demo.
pub(super) fn skipped(place: Place<'_>) -> String {
    let file = place.data_dir.join(FILE);
    let hint = if file.is_file() {
        format!("its keys are in {}", file.display())
    } else {
        "choose another --data-dir to see it".to_owned()
    };
    format!("demo: the database is not empty, so the demo was skipped; {hint}")
}

/// Everything that one needs to look around.
pub(super) fn text(demo: &Demo, place: Place<'_>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, demo, place);
    text
}

fn write(text: &mut String, demo: &Demo, place: Place<'_>) -> std::fmt::Result {
    let sum = |count: fn(&Made) -> usize| demo.shops.iter().map(count).sum::<usize>();
    let (customers, bookings) = (sum(|shop| shop.tally.customers), sum(|shop| shop.tally.all()));
    let took = (demo.made.1 - demo.made.0).as_seconds_f64();
    let shops = demo.shops.len();
    writeln!(text, "Demo: {shops} shops, {customers} customers, {bookings} bookings, made in {took:.1} s")?;
    writeln!(text)?;
    writeln!(text, "  docs         {}/docs", place.base_url)?;
    writeln!(text, "  for scripts  {}  (keys; only you can read it)", place.data_dir.join(FILE).display())?;
    for shop in &demo.shops {
        writeln!(text)?;
        shop_lines(text, demo, shop, place)?;
    }
    writeln!(text)?;
    writeln!(text, "Tenant and store keys are shown this once. The operator's key, for everything on this server, is")?;
    writeln!(text, "MUSUBI_OPERATOR_KEY, or the one that was printed when the server first started.")?;
    writeln!(text)
}

fn shop_lines(text: &mut String, demo: &Demo, shop: &Made, Place { base_url, .. }: Place<'_>) -> std::fmt::Result {
    let store = format!("{base_url}/v1/stores/{}", shop.store);
    let key = shop.store_key.expose();
    writeln!(text, "{}", shop.name)?;
    writeln!(text, "  public page  {base_url}/v1/public/stores/{}", shop.slug)?;
    writeln!(text, "  tenant key   {}", shop.tenant_key.expose())?;
    writeln!(text, "  store key    {key}")?;
    if let Some(menu) = shop.menus.iter().find(|menu| menu.required.is_empty()) {
        let (from, to) = (demo.today + Days::new(1), demo.today + Days::new(AHEAD));
        writeln!(text, "  free slots   curl -s '{store}/slots?menu_id={}&from={from}&to={to}'", menu.id)?;
        writeln!(text, "               # {}", menu.name)?;
    }
    let today = demo.today;
    writeln!(text, "  bookings     curl -s -H 'Authorization: Bearer {key}' \\")?;
    writeln!(text, "                 '{store}/bookings?date_from={today}&date_to={today}'")
}
