//! Links and keys, for scripts: `demo.json`.

use super::{Demo, DemoError, Made, Place};
use musubi_catalog::resource::Resource;
use musubi_kernel::secret::Secret;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Its name in the data folder.
pub(super) const FILE: &str = "demo.json";

/// Writes the file, readable by its owner alone. One of an earlier database is replaced.
pub(super) fn write(demo: &Demo, place: Place<'_>) -> Result<(), DemoError> {
    let path = place.data_dir.join(FILE);
    let text = format!("{:#}\n", content(demo, place));
    replace(&path, text.as_bytes()).map_err(|source| DemoError::File { path, source })
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // A file that others could read would stay so if it were written over.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

fn content(demo: &Demo, place: Place<'_>) -> Value {
    json!({
        "base_url": place.base_url,
        "today": demo.today,
        "made_at": demo.made.1,
        "shops": demo.shops.iter().map(shop).collect::<Vec<_>>(),
    })
}

fn shop(shop: &Made) -> Value {
    let menus = shop.menus.iter().map(|menu| {
        json!({
            "id": menu.id,
            "name": menu.name,
            "required_option_ids": menu.required,
            "option_ids": menu.optional,
        })
    });
    let resource = |one: &Resource| json!({ "id": one.id, "type": one.details.kind, "name": one.details.name });
    let bookings = shop.tally.bookings.iter().map(|(status, count)| (status.code().to_owned(), json!(count)));
    json!({
        "name": shop.name,
        "slug": shop.slug,
        "tenant_id": shop.tenant,
        "store_id": shop.store,
        "tenant_key": shop.tenant_key.expose(),
        "store_key": shop.store_key.expose(),
        "menus": menus.collect::<Vec<_>>(),
        "resources": shop.resources.iter().map(resource).collect::<Vec<_>>(),
        "customers": shop.tally.customers,
        "bookings": bookings.collect::<serde_json::Map<_, _>>(),
        "dates": shop.tally.dates.map(|(first, last)| json!({ "from": first, "to": last })),
        "hold_tokens": shop.tally.holds.iter().map(Secret::expose).collect::<Vec<_>>(),
    })
}
