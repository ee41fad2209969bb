//! The address of the front end.

use super::WrongSetting;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use std::str::FromStr;
use url::Url;

const WRONG: WrongSetting =
    WrongSetting("must be an http or https address without query, fragment and password, such as https://example.jp");

/// What a token in a link may keep as it is (RFC 3986, 2.3).
const TOKEN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of the front end, at which links in messages begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// A link to a page there. The token is in the fragment, which browsers send to nobody: it reaches no log.
    pub fn link(&self, page: &str, token: &str) -> String {
        format!("{}/{page}#token={}", self.0, utf8_percent_encode(token, TOKEN))
    }
}

impl FromStr for PublicUrl {
    type Err = WrongSetting;

    fn from_str(text: &str) -> Result<Self, WrongSetting> {
        let url = Url::parse(text.trim()).map_err(|_| WRONG)?;
        let is_bare =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if is_bare && matches!(url.scheme(), "http" | "https") {
            Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
        } else {
            Err(WRONG)
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_their_token_in_the_fragment() {
        for (url, link) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/reset-password#token=mot_a-b"),
            (" https://Example.jp/ ", "https://example.jp/reset-password#token=mot_a-b"),
            ("https://example.jp/app/", "https://example.jp/app/reset-password#token=mot_a-b"),
        ] {
            let url: PublicUrl = url.parse().unwrap();
            assert_eq!(url.link("reset-password", "mot_a-b"), link);
        }
        let url: PublicUrl = "https://example.jp".parse().unwrap();
        assert_eq!(url.link("x", "a&b=\"#\r\n"), "https://example.jp/x#token=a%26b%3D%22%23%0D%0A");
    }

    #[test]
    fn what_links_cannot_begin_with_is_refused() {
        for url in [
            "",
            "example.jp",
            "/app",
            "ftp://example.jp",
            "javascript:alert(1)",
            "https://example.jp?a=b",
            "https://example.jp/#/app",
            "https://user:pass@example.jp",
        ] {
            assert_eq!(url.parse::<PublicUrl>(), Err(WRONG), "{url}");
        }
    }
}
