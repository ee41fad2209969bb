//! Which addresses an endpoint may have.
//!
//! What an address may lead to is the business of whoever calls it: it must be asked when an address is named, and
//! again at every call, as what a name stands for can change.

use super::ports::Guard;
use musubi_kernel::check::is_web_address;
use musubi_kernel::error::Invalid;

/// The most characters of an address.
const LONGEST: usize = 2_048;

/// Notes at `pointer` every rule that an address breaks.
pub(super) fn check(url: &str, guard: &dyn Guard, pointer: &str, invalid: &mut Invalid) {
    invalid.require(url.chars().count() <= LONGEST, pointer, "too_long", "must have at most 2048 characters");
    invalid.require(!url.contains('#'), pointer, "has_fragment", "must not have a part after #");
    if !is_web_address(url) {
        invalid.add(pointer, "bad_url", "must be a web address");
    } else if let Err(forbidden) = guard.permit(url) {
        invalid.add(pointer, forbidden.code, forbidden.why);
    }
}

/// The host of an address, as histories show it: paths can be secrets of their own.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::memory::HttpsAlone;

    #[test]
    fn what_is_wrong_with_an_address_is_named() {
        for (url, codes) in [
            ("https://example.jp/hooks?a=b", vec![]),
            ("HTTPS://example.jp/hooks", vec![]),
            ("Http://example.jp/hooks", vec!["not_https"]),
            ("http://example.jp/hooks", vec!["not_https"]),
            ("https://example.jp/#top", vec!["has_fragment"]),
            ("example.jp", vec!["bad_url"]),
            ("javascript:alert(1)#", vec!["has_fragment", "bad_url"]),
        ] {
            let mut invalid = Invalid::default();
            check(url, &HttpsAlone, "/url", &mut invalid);
            let found: Vec<_> = invalid.violations().iter().map(|found| found.code).collect();
            assert_eq!(found, codes, "{url}");
        }
        let mut invalid = Invalid::default();
        check(&format!("https://example.jp/{}", "a".repeat(2_048)), &HttpsAlone, "/url", &mut invalid);
        assert_eq!(invalid.violations()[0].code, "too_long");
    }

    #[test]
    fn hosts_are_shown_without_the_rest() {
        for (url, shown) in [
            ("https://example.jp/hooks/secret?x", "example.jp"),
            ("https://user:pass@example.jp:8443", "example.jp:8443"),
            ("https://例え.jp#a", "例え.jp"),
        ] {
            assert_eq!(host(url), shown);
        }
    }
}
