//! A fake of the [port](super::Issuers), for tests.

use super::Issuers;
use super::claims::Claims;
use super::error::{OidcError, TokenCheck};
use super::pending::{Begun, Callback, Pending};
use async_trait::async_trait;
use musubi_kernel::id::CountingIds;
use musubi_kernel::secret::Secret;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use url::Url;

/// Issuers in memory. Each answers under `https://<name>.example`.
#[derive(Debug, Default)]
pub struct IssuersInMemory {
    ids: CountingIds,
    world: Mutex<World>,
}

#[derive(Debug, Default)]
struct World {
    names: Vec<String>,
    away: bool,
    codes: BTreeMap<String, Claims>,
    tokens: BTreeMap<String, (Option<String>, Claims)>,
}

impl IssuersInMemory {
    /// Issuers of these names.
    pub fn named(names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self { ids: CountingIds::default(), world: Mutex::new(World { names, ..World::default() }) }
    }

    /// The person agrees at the issuer and comes back with `code`.
    pub fn agrees(&self, code: &str, person: Claims) {
        self.world().codes.insert(code.to_owned(), person);
    }

    /// The issuer gives an ID token straight to an app of the person's.
    pub fn gives(&self, token: &str, nonce: Option<&str>, person: Claims) {
        self.world().tokens.insert(token.to_owned(), (nonce.map(str::to_owned), person));
    }

    /// All issuers go away, or come back.
    pub fn set_away(&self, away: bool) {
        self.world().away = away;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no holder panics")
    }
}

impl World {
    fn address(&self, name: &str) -> Result<String, OidcError> {
        if !self.names.iter().any(|known| known == name) {
            return Err(OidcError::UnknownIssuer);
        }
        if self.away {
            return Err(OidcError::Unavailable("set away".to_owned()));
        }
        Ok(format!("https://{name}.example"))
    }
}

#[async_trait]
impl Issuers for IssuersInMemory {
    fn names(&self) -> Vec<String> {
        self.world().names.clone()
    }

    async fn begin(&self, name: &str, redirect_uri: &str) -> Result<Begun, OidcError> {
        let address = self.world().address(name)?;
        let pending = Pending::new(name, redirect_uri, &self.ids);
        let wrong = |error: url::ParseError| OidcError::Misconfigured(error.to_string());
        let mut url = Url::parse(&address).and_then(|url| url.join("/authorize")).map_err(wrong)?;
        url.query_pairs_mut()
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", pending.state.expose())
            .append_pair("nonce", pending.nonce.expose());
        Ok(Begun { url: url.into(), pending })
    }

    async fn finish(&self, pending: Pending, answer: &Callback) -> Result<Claims, OidcError> {
        let mut world = self.world();
        let address = world.address(&pending.issuer_name)?;
        let code = pending.code(answer, &address, false)?;
        let person = world.codes.remove(code.expose()).ok_or(OidcError::CodeRefused)?;
        if person.issuer_name == pending.issuer_name { Ok(person) } else { Err(OidcError::CodeRefused) }
    }

    async fn verify_id_token(&self, name: &str, token: &Secret, nonce: Option<&Secret>) -> Result<Claims, OidcError> {
        let world = self.world();
        world.address(name)?;
        let refused = |check| Err(OidcError::TokenRefused(check));
        match world.tokens.get(token.expose()) {
            None => refused(TokenCheck::Signature),
            Some((_, person)) if person.issuer_name != name => refused(TokenCheck::Issuer),
            Some((made_for, _)) if nonce.is_some_and(|nonce| made_for.as_deref() != Some(nonce.expose())) => {
                refused(TokenCheck::Nonce)
            }
            Some((_, person)) => Ok(person.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hanako() -> Claims {
        Claims {
            issuer_name: "line".into(),
            subject: "U1234".into(),
            email: None,
            email_verified: false,
            name: Some("花子".into()),
            picture: None,
            locale: None,
        }
    }

    fn answer(pending: &Pending, code: &str) -> Callback {
        Callback { state: Some(pending.state.clone()), code: Some(Secret::new(code)), ..Callback::default() }
    }

    #[tokio::test]
    async fn a_person_is_signed_in_once_for_a_code() {
        let issuers = IssuersInMemory::named(&["line", "google"]);
        issuers.agrees("c", hanako());
        let begun = issuers.begin("line", "https://shop.example.jp/back").await.expect("begun");
        assert!(
            begun.url.starts_with("https://line.example/authorize?redirect_uri=https%3A%2F%2Fshop"),
            "{}",
            begun.url
        );
        let answer = answer(&begun.pending, "c");
        assert_eq!(issuers.finish(begun.pending.clone(), &answer).await, Ok(hanako()));
        assert_eq!(issuers.finish(begun.pending, &answer).await, Err(OidcError::CodeRefused));
    }

    #[tokio::test]
    async fn what_is_wrong_is_told() {
        let issuers = IssuersInMemory::named(&["line", "google"]);
        issuers.agrees("c", hanako());
        issuers.gives("t", Some("n"), hanako());
        let back = "https://shop.example.jp/back";
        assert_eq!(issuers.begin("other", back).await.map(|_| ()), Err(OidcError::UnknownIssuer));
        let google = issuers.begin("google", back).await.expect("begun").pending;
        let answered = answer(&google, "c");
        assert_eq!(issuers.finish(google, &answered).await, Err(OidcError::CodeRefused));

        let (token, nonce) = (Secret::new("t"), Secret::new("n"));
        let refused = |check| Err(OidcError::TokenRefused(check));
        assert_eq!(issuers.verify_id_token("line", &token, None).await, Ok(hanako()));
        assert_eq!(issuers.verify_id_token("line", &token, Some(&nonce)).await, Ok(hanako()));
        assert_eq!(issuers.verify_id_token("line", &token, Some(&token)).await, refused(TokenCheck::Nonce));
        assert_eq!(issuers.verify_id_token("google", &token, None).await, refused(TokenCheck::Issuer));
        assert_eq!(issuers.verify_id_token("line", &nonce, None).await, refused(TokenCheck::Signature));

        issuers.set_away(true);
        assert!(matches!(issuers.begin("line", back).await, Err(OidcError::Unavailable(_))));
    }
}
