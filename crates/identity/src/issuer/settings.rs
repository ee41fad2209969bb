//! How an issuer is configured.

use super::address::is_protected;
use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;
use url::Url;

/// Google's issuer.
pub const GOOGLE: &str = "https://accounts.google.com";
/// LINE's issuer.
pub const LINE: &str = "https://access.line.me";

/// The most characters of a configured text.
const LENGTH: usize = 255;
/// The most characters of a name.
const NAME_LENGTH: usize = 32;
/// Ways to sign in that are no issuers.
const OTHER_WAYS: [&str; 2] = ["local", "wordpress"];

musubi_kernel::codes! {
    /// How ID tokens are signed (RFC 7518, 3.1; RFC 8037, 3.1).
    Algorithm {
        /// RSA, PKCS #1 v1.5.
        Rs256 = "RS256",
        /// RSA, PSS.
        Ps256 = "PS256",
        /// ECDSA on P-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
        /// HMAC with the client secret.
        Hs256 = "HS256",
    }
}

musubi_kernel::codes! {
    /// By which rules an issuer is dealt with.
    #[derive(Default)]
    IssuerKind {
        /// As the standard says.
        #[default]
        Plain = "plain",
        /// As LINE does it: tokens of web sign-ins are signed with the channel secret, those of apps and LIFF with a
        /// published key. The secret goes to the token endpoint in the body. An e-mail address comes only by LINE's
        /// permission.
        Line = "line",
    }
}

impl IssuerKind {
    /// The only algorithms that ID tokens may be signed with, whatever they say of themselves (RFC 8725, 3.1).
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Plain => &[Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa],
            Self::Line => &[Algorithm::Es256, Algorithm::Hs256],
        }
    }

    const fn usual_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["openid", "email", "profile"],
            Self::Line => &["openid", "profile"],
        }
    }
}

/// How one issuer is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSettings {
    /// What it is called here: in paths, and beside the subjects that people are known by. It must not change later.
    pub name: String,
    /// Its identifier, an address (OpenID Connect Discovery 1.0, 3). Letter by letter: a `/` at the end makes another.
    pub issuer: String,
    /// What we are called there. LINE: the channel id.
    pub client_id: String,
    /// What we prove that with. LINE: the channel secret.
    pub client_secret: Secret,
    /// What is asked for; `openid` is among it.
    pub scopes: Vec<String>,
    /// By which rules it is dealt with.
    pub kind: IssuerKind,
}

impl IssuerSettings {
    /// An issuer with the usual scopes. The issuer's address tells its kind.
    pub fn new(name: &str, issuer: &str, client_id: &str, client_secret: Secret) -> Self {
        let kind = if issuer == LINE { IssuerKind::Line } else { IssuerKind::Plain };
        Self {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            scopes: kind.usual_scopes().iter().map(|&scope| scope.to_owned()).collect(),
            kind,
        }
    }

    /// Google, called `google`.
    pub fn google(client_id: &str, client_secret: Secret) -> Self {
        Self::new("google", GOOGLE, client_id, client_secret)
    }

    /// LINE, called `line`. Add the scope `email` when LINE has given the channel permission to ask for it.
    pub fn line(channel_id: &str, channel_secret: Secret) -> Self {
        Self::new("line", LINE, channel_id, channel_secret)
    }

    /// The same with other scopes, separated by blanks.
    #[must_use]
    pub fn with_scopes(mut self, scopes: &str) -> Self {
        self.scopes = scopes.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// All that is wrong with it.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        self.check_name(&mut invalid);
        self.check_issuer(&mut invalid);
        self.check_client(&mut invalid);
        self.check_scopes(&mut invalid);
        invalid.finish()
    }

    fn check_name(&self, invalid: &mut Invalid) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_name = self.name.len() <= NAME_LENGTH
            && self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.chars().all(fits);
        let detail = "must be 1 to 32 lower-case letters, digits and underscores, a letter first";
        invalid.require(is_name, "/name", "bad_name", detail);
        let free = !OTHER_WAYS.contains(&self.name.as_str());
        invalid.require(free, "/name", "reserved", "is the name of another way to sign in");
    }

    fn check_issuer(&self, invalid: &mut Invalid) {
        let long = self.issuer.len() > LENGTH;
        invalid.require(!long, "/issuer", "too_long", format!("must have at most {LENGTH} characters"));
        let Ok(address) = Url::parse(&self.issuer) else {
            invalid.add("/issuer", "bad_url", "must be the address that the issuer's own documents call `issuer`");
            return;
        };
        let detail = "must begin with https://; http:// is for this computer alone";
        invalid.require(is_protected(&address), "/issuer", "not_protected", detail);
        let bare = address.query().is_none()
            && address.fragment().is_none()
            && address.username().is_empty()
            && address.password().is_none();
        invalid.require(bare, "/issuer", "bad_url", "must have no query, no fragment and no password");
    }

    fn check_client(&self, invalid: &mut Invalid) {
        // RFC 6749, A.1 and A.2.
        let is_visible = |text: &str| text.chars().all(|c| matches!(c, ' '..='~'));
        for (pointer, text) in
            [("/client_id", self.client_id.as_str()), ("/client_secret", self.client_secret.expose())]
        {
            invalid.line(pointer, text, 1..=LENGTH);
            invalid.require(is_visible(text), pointer, "not_ascii", "must be ASCII");
            invalid.require(text.trim() == text, pointer, "blanks_around", "must not begin or end with a blank");
        }
    }

    fn check_scopes(&self, invalid: &mut Invalid) {
        let asks = self.scopes.iter().any(|scope| scope == "openid");
        invalid.require(asks, "/scopes", "openid_missing", "must name openid");
        for (index, scope) in self.scopes.iter().enumerate() {
            let pointer = format!("/scopes/{index}");
            let fresh = !self.scopes[..index].contains(scope);
            invalid.require(fresh, &pointer, "repeated", "must be named once");
            // RFC 6749, 3.3.
            let is_token = !scope.is_empty() && scope.chars().all(|c| matches!(c, '!' | '#'..='[' | ']'..='~'));
            invalid.require(is_token, &pointer, "bad_scope", "must be a scope");
        }
    }
}

/// All that is wrong with several issuers, each by its place in the list: `/0/issuer`.
pub fn check_all(issuers: &[IssuerSettings]) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    for (index, issuer) in issuers.iter().enumerate() {
        if let Err(found) = issuer.check() {
            for violation in found.into_violations() {
                invalid.add(format!("/{index}{}", violation.pointer), violation.code, violation.detail);
            }
        }
        let fresh = issuers[..index].iter().all(|earlier| earlier.name != issuer.name);
        invalid.require(fresh, &format!("/{index}/name"), "repeated", "is the name of another issuer");
    }
    invalid.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> IssuerSettings {
        IssuerSettings::new("corp", "https://id.example.jp/realms/corp", "musubi", Secret::new("s3cret"))
    }

    #[test]
    fn presets_are_well_formed_and_line_is_known_by_its_address() {
        let secret = || Secret::new("secret");
        let (google, line) = (IssuerSettings::google("id", secret()), IssuerSettings::line("1234567890", secret()));
        assert_eq!(check_all(&[google.clone(), line.clone(), good()]), Ok(()));
        assert_eq!((google.kind, line.kind), (IssuerKind::Plain, IssuerKind::Line));
        assert_eq!(google.scopes, ["openid", "email", "profile"]);
        assert_eq!(line.scopes, ["openid", "profile"]);
        assert_eq!(IssuerSettings::new("partner", LINE, "1", secret()).kind, IssuerKind::Line);
    }

    #[test]
    fn the_client_secret_signs_for_line_alone() {
        assert!(!IssuerKind::Plain.algorithms().contains(&Algorithm::Hs256));
        assert!(IssuerKind::Line.algorithms().contains(&Algorithm::Hs256));
    }

    #[test]
    fn each_fault_is_named() {
        type Case = (fn(&mut IssuerSettings), &'static [(&'static str, &'static str)]);
        let cases: &[Case] = &[
            (|_| (), &[]),
            (|s| s.issuer = "http://127.0.0.1:4000".into(), &[]),
            (|s| s.name = String::new(), &[("/name", "bad_name")]),
            (|s| s.name = "Google".into(), &[("/name", "bad_name")]),
            (|s| s.name = "1st".into(), &[("/name", "bad_name")]),
            (|s| s.name = "a".repeat(33), &[("/name", "bad_name")]),
            (|s| s.name = "local".into(), &[("/name", "reserved")]),
            (|s| s.issuer = "id.example.jp".into(), &[("/issuer", "bad_url")]),
            (|s| s.issuer = "http://id.example.jp".into(), &[("/issuer", "not_protected")]),
            (|s| s.issuer = "https://id.example.jp?a=b".into(), &[("/issuer", "bad_url")]),
            (|s| s.issuer = "https://id.example.jp#a".into(), &[("/issuer", "bad_url")]),
            (|s| s.issuer = "https://a:b@id.example.jp".into(), &[("/issuer", "bad_url")]),
            (|s| s.issuer = format!("https://id.example.jp/{}", "a".repeat(255)), &[("/issuer", "too_long")]),
            (|s| s.client_id = String::new(), &[("/client_id", "blank")]),
            (|s| s.client_id = "結び".into(), &[("/client_id", "not_ascii")]),
            (|s| s.client_secret = Secret::new(""), &[("/client_secret", "blank")]),
            (|s| s.client_secret = Secret::new("abc "), &[("/client_secret", "blanks_around")]),
            (|s| s.scopes = vec!["email".into()], &[("/scopes", "openid_missing")]),
            (|s| s.scopes = vec![], &[("/scopes", "openid_missing")]),
            (|s| s.scopes.push("email".into()), &[("/scopes/3", "repeated")]),
            (|s| s.scopes.push("a\"b".into()), &[("/scopes/3", "bad_scope")]),
        ];
        for (index, (change, expected)) in cases.iter().enumerate() {
            let mut settings = good();
            change(&mut settings);
            let invalid = settings.check().err().unwrap_or_default();
            let found: Vec<_> = invalid.violations().iter().map(|v| (v.pointer.as_str(), v.code)).collect();
            assert_eq!(found, *expected, "case {index}");
        }
    }

    #[test]
    fn faults_of_several_name_their_place() {
        let mut second = good();
        second.client_id = String::new();
        let invalid = check_all(&[good(), second]).expect_err("faults");
        let found: Vec<_> = invalid.violations().iter().map(|v| (v.pointer.as_str(), v.code)).collect();
        assert_eq!(found, [("/1/client_id", "blank"), ("/1/name", "repeated")]);
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        assert_eq!(good().with_scopes(" openid  email ").scopes, ["openid", "email"]);
    }
}
