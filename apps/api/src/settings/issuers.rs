//! The issuers that people may sign in through. The environment alone names them, as it holds their secrets.

use musubi_identity::issuer::redirects::Redirects;
use musubi_identity::issuer::settings::{GOOGLE, IssuerSettings, LINE};
use musubi_kernel::secret::Secret;
use musubi_settings::NotStarting;
use std::collections::BTreeMap;
use std::ffi::OsString;

const PREFIX: &str = "MUSUBI_OIDC_";
const REDIRECT_URIS: &str = "MUSUBI_OIDC_REDIRECT_URIS";
/// How the settings of an issuer end.
const ENDINGS: [&str; 4] = ["_CLIENT_ID", "_CLIENT_SECRET", "_ISSUER", "_SCOPES"];

/// The issuers that people may sign in through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInIssuers {
    /// The issuers, by name.
    pub issuers: Vec<IssuerSettings>,
    /// Where they may send people back to.
    pub redirects: Redirects,
}

impl SignInIssuers {
    /// Reads these variables. An empty one is none.
    pub fn read(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, NotStarting> {
        let mut redirects = Redirects::default();
        let mut found: BTreeMap<String, BTreeMap<&'static str, String>> = BTreeMap::new();
        for (variable, value) in ours(environment)? {
            if variable == REDIRECT_URIS {
                let addresses = value.split(',').map(|address| address.trim().to_owned());
                redirects = Redirects::new(addresses).map_err(|bad| wrong(&variable, &format!("names {bad}")))?;
                continue;
            }
            let (name, ending) = taken_apart(&variable)?;
            found.entry(name.to_owned()).or_default().insert(ending, value);
        }
        let issuers = found.into_iter().map(|(name, said)| issuer(&name, said)).collect::<Result<_, _>>()?;
        Ok(Self { issuers, redirects })
    }
}

/// The variables about issuers that are not empty, in order.
fn ours(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<BTreeMap<String, String>, NotStarting> {
    let named = environment.into_iter().filter_map(|(variable, value)| {
        let variable = variable.into_string().ok().filter(|variable| variable.starts_with(PREFIX))?;
        Some((variable, value))
    });
    let mut kept = BTreeMap::new();
    for (variable, value) in named {
        let value = value.into_string().map_err(|_| wrong(&variable, "is not a text"))?;
        if !value.trim().is_empty() {
            kept.insert(variable, value.trim().to_owned());
        }
    }
    Ok(kept)
}

/// Of which issuer it is, in capitals, and what it says of it.
fn taken_apart(variable: &str) -> Result<(&str, &'static str), NotStarting> {
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    let found = ENDINGS.iter().find_map(|&ending| Some((rest.strip_suffix(ending)?, ending)));
    match found {
        Some((name, ending)) if !name.is_empty() && !name.contains(|c: char| c.is_lowercase()) => Ok((name, ending)),
        Some(_) => Err(wrong(variable, "must name the issuer in capitals, as in MUSUBI_OIDC_GOOGLE_CLIENT_ID")),
        None => {
            let known = "is no setting: an issuer has _ISSUER, _CLIENT_ID, _CLIENT_SECRET and _SCOPES";
            Err(wrong(variable, known))
        }
    }
}

fn issuer(capitals: &str, mut said: BTreeMap<&'static str, String>) -> Result<IssuerSettings, NotStarting> {
    let name = capitals.to_ascii_lowercase();
    let known = match name.as_str() {
        "google" => Some(GOOGLE.to_owned()),
        "line" => Some(LINE.to_owned()),
        _ => None,
    };
    let missing = |ending| wrong(&format!("{PREFIX}{capitals}{ending}"), "is missing");
    let issuer = said.remove("_ISSUER").or(known).ok_or_else(|| missing("_ISSUER"))?;
    let client_id = said.remove("_CLIENT_ID").ok_or_else(|| missing("_CLIENT_ID"))?;
    let client_secret = said.remove("_CLIENT_SECRET").ok_or_else(|| missing("_CLIENT_SECRET"))?;
    let plain = IssuerSettings::new(&name, &issuer, &client_id, Secret::new(client_secret));
    let settings = match said.remove("_SCOPES") {
        Some(scopes) => plain.with_scopes(&scopes),
        None => plain,
    };
    match settings.check() {
        Ok(()) => Ok(settings),
        Err(invalid) => {
            let line = invalid.violations().first().map(|broken| {
                let part = broken.pointer.split('/').nth(1).unwrap_or_default().to_ascii_uppercase();
                let part = if part == "NAME" { "…" } else { &part };
                wrong(&format!("{PREFIX}{capitals}_{part}"), &broken.detail)
            });
            Err(line.unwrap_or_else(|| missing("_ISSUER")))
        }
    }
}

fn wrong(variable: &str, what: &str) -> NotStarting {
    NotStarting::Wrong(format!("{variable} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_identity::issuer::settings::IssuerKind;

    fn read(variables: &[(&str, &str)]) -> Result<SignInIssuers, NotStarting> {
        SignInIssuers::read(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn issuers_are_read_by_name() {
        assert_eq!(read(&[("PATH", "/bin"), ("MUSUBI_LISTEN", "x")]), Ok(SignInIssuers::default()));
        let found = read(&[
            ("MUSUBI_OIDC_GOOGLE_CLIENT_ID", "id"),
            ("MUSUBI_OIDC_GOOGLE_CLIENT_SECRET", " secret "),
            ("MUSUBI_OIDC_GOOGLE_SCOPES", ""),
            ("MUSUBI_OIDC_LINE_CLIENT_ID", "1234"),
            ("MUSUBI_OIDC_LINE_CLIENT_SECRET", "secret"),
            ("MUSUBI_OIDC_LINE_SCOPES", "openid profile email"),
            ("MUSUBI_OIDC_MY_CORP_2_ISSUER", "https://id.example.jp"),
            ("MUSUBI_OIDC_MY_CORP_2_CLIENT_ID", "musubi"),
            ("MUSUBI_OIDC_MY_CORP_2_CLIENT_SECRET", "secret"),
            ("MUSUBI_OIDC_REDIRECT_URIS", "https://shop.example.jp/back, jp.example.app:/back"),
        ])
        .unwrap();
        let [google, line, corp] = found.issuers.as_slice() else { panic!("{found:?}") };
        assert_eq!(*google, IssuerSettings::google("id", Secret::new("secret")));
        assert_eq!((line.kind, line.scopes.len()), (IssuerKind::Line, 3));
        assert_eq!((corp.name.as_str(), corp.issuer.as_str()), ("my_corp_2", "https://id.example.jp"));
        assert!(found.redirects.admit("jp.example.app:/back") && found.redirects.admit("https://shop.example.jp/back"));
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        let google = [("MUSUBI_OIDC_GOOGLE_CLIENT_ID", "id"), ("MUSUBI_OIDC_GOOGLE_CLIENT_SECRET", "hunter2")];
        for (more, line) in [
            (
                ("MUSUBI_OIDC_GOOGLE_CLIENTID", "x"),
                "MUSUBI_OIDC_GOOGLE_CLIENTID is no setting: an issuer has _ISSUER, _CLIENT_ID, _CLIENT_SECRET and _SCOPES",
            ),
            (
                ("MUSUBI_OIDC_CLIENT_ID", "x"),
                "MUSUBI_OIDC_CLIENT_ID is no setting: an issuer has _ISSUER, _CLIENT_ID, _CLIENT_SECRET and _SCOPES",
            ),
            (
                ("MUSUBI_OIDC_corp_ISSUER", "x"),
                "MUSUBI_OIDC_corp_ISSUER must name the issuer in capitals, as in MUSUBI_OIDC_GOOGLE_CLIENT_ID",
            ),
            (("MUSUBI_OIDC_CORP_CLIENT_ID", "x"), "MUSUBI_OIDC_CORP_ISSUER is missing"),
            (("MUSUBI_OIDC_CORP_ISSUER", "https://id.example.jp"), "MUSUBI_OIDC_CORP_CLIENT_ID is missing"),
            (("MUSUBI_OIDC_LINE_CLIENT_ID", "1"), "MUSUBI_OIDC_LINE_CLIENT_SECRET is missing"),
            (
                ("MUSUBI_OIDC_GOOGLE_ISSUER", "http://accounts.google.com"),
                "MUSUBI_OIDC_GOOGLE_ISSUER must begin with https://; http:// is for this computer alone",
            ),
            (("MUSUBI_OIDC_GOOGLE_SCOPES", "email"), "MUSUBI_OIDC_GOOGLE_SCOPES must name openid"),
            (("MUSUBI_OIDC_GOOGLE_SCOPES", "openid \"x\""), "MUSUBI_OIDC_GOOGLE_SCOPES must be a scope"),
            (
                ("MUSUBI_OIDC_REDIRECT_URIS", "https://a.example/back,"),
                "MUSUBI_OIDC_REDIRECT_URIS names \"\", which is no address",
            ),
            (
                ("MUSUBI_OIDC_REDIRECT_URIS", "javascript:x"),
                "MUSUBI_OIDC_REDIRECT_URIS names \"javascript:x\", which must begin with https:// or with a scheme of \
                 an app's own, such as jp.example.app:",
            ),
        ] {
            let found = read(&[google[0], google[1], more]);
            assert_eq!(found, Err(NotStarting::Wrong(line.to_owned())));
        }
        let local = ["ISSUER", "CLIENT_ID", "CLIENT_SECRET"].map(|part| format!("MUSUBI_OIDC_LOCAL_{part}"));
        let local: Vec<_> = local.iter().map(|name| (name.as_str(), "https://id.example.jp")).collect();
        let said = "MUSUBI_OIDC_LOCAL_… is the name of another way to sign in";
        assert_eq!(read(&local), Err(NotStarting::Wrong(said.to_owned())));
    }
}
