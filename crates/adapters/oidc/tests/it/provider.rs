//! Against a certified provider, the npm package `oidc-provider`: sign-ins from its first page to the claims.
//! `tests/needs` sees to Node.js and npm. `MUSUBI_TEST_NODE=off` leaves these tests out.

use crate::stub::BACK;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::claims::Claims;
use musubi_identity::issuer::error::OidcError;
use musubi_identity::issuer::pending::{Callback, Pending};
use musubi_identity::issuer::settings::IssuerSettings;
use musubi_kernel::clock::{Clock, SystemClock};
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_kernel::secret::Secret;
use musubi_node_testing::{Programs, missing};
use musubi_oidc::OidcIssuers;
use musubi_oidc::http::Limits;
use openidconnect::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use openidconnect::http::{Method, Request};
use openidconnect::url::Url;
use openidconnect::url::form_urlencoded;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The names of the provider's clients here, each with the algorithm of its tokens there.
const CLIENTS: [(&str, &str); 4] = [("rsa", "RS256"), ("pss", "PS256"), ("ec", "ES256"), ("ed", "EdDSA")];
/// The same folder as `tests/e2e/issuer.py` has.
const PROGRAMS: Programs = Programs {
    name: "issuer",
    sources: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider"),
    files: &["package.json", "package-lock.json", "server.js"],
    target: env!("CARGO_TARGET_TMPDIR"),
};

struct Provider {
    child: Child,
    output: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    /// One of its own for each test; `None`: these tests are to be left out.
    fn start() -> Option<Self> {
        let mut child = Command::new("node")
            .arg("server.js")
            .current_dir(PROGRAMS.installed()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", missing("node")));
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut provider = Self { child, output, issuer: String::new() };
        provider.issuer = provider.told("issuer ");
        Some(provider)
    }

    /// Replaces all of its keys.
    fn rotate(&mut self) {
        self.child.stdin.as_mut().expect("piped").write_all(b"rotate\n").expect("it listens");
        self.told("rotated");
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// The rest of the next line that begins so.
    fn told(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).expect("text");
            assert!(read > 0, "the provider ended");
            if let Some(rest) = line.trim_end().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    fn settings(&self) -> Vec<IssuerSettings> {
        let secret = || Secret::new("a secret: 50% + more/less");
        let settings = |(name, algorithm): (&str, &str)| {
            IssuerSettings::new(name, &self.issuer, &format!("musubi-{algorithm}"), secret())
        };
        CLIENTS.map(settings).into()
    }

    fn issuers(&self, clock: Arc<dyn Clock>) -> OidcIssuers {
        OidcIssuers::new(self.settings(), Limits::default(), clock, Arc::new(SystemIds)).expect("set up")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // One that has ended already is no fault.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The computer's clock, set forward.
#[derive(Default)]
struct Ahead(Mutex<TimeDelta>);

impl Ahead {
    fn advance(&self, by: TimeDelta) {
        *self.0.lock().expect("no holder panics") += by;
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().expect("no holder panics")
    }
}

/// A person's browser: it keeps cookies, and stops where a person would.
struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
    cookies: BTreeMap<String, String>,
}

enum Seen {
    Form(Form),
    Back(Callback),
}

struct Form {
    action: Url,
    prompt: String,
    cancel: Url,
}

impl Browser {
    fn new() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), cookies: BTreeMap::new() }
    }

    /// Goes on until there is a form, or the way leads back to the shop.
    async fn open(&mut self, mut url: Url, mut form: Option<String>) -> Seen {
        for _ in 0..10 {
            if url.as_str().starts_with(BACK) {
                return Seen::Back(callback(&url));
            }
            let (location, page) = self.send(&url, form.take()).await;
            match location {
                Some(location) => url = url.join(&location).expect("an address"),
                None => return Seen::Form(form_of(&url, &page)),
            }
        }
        panic!("led in a circle at {url}")
    }

    async fn send(&mut self, url: &Url, form: Option<String>) -> (Option<String>, String) {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = Request::builder()
            .method(if form.is_some() { Method::POST } else { Method::GET })
            .uri(url.as_str())
            .header(COOKIE, cookies)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form.unwrap_or_default())))
            .expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text").split(';').next().expect("a first part");
            let (name, value) = cookie.split_once('=').expect("a cookie");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status();
        let location = response.headers().get(LOCATION).map(|value| value.to_str().expect("text").to_owned());
        let page = response.into_body().collect().await.expect("a page").to_bytes();
        let page = String::from_utf8(page.into()).expect("text");
        assert!(status.is_success() || status.is_redirection(), "{url}: {status}: {page}");
        (location.filter(|_| status.is_redirection()), page)
    }

    async fn form(&mut self, url: Url, form: Option<String>, prompt: &str) -> Form {
        match self.open(url, form).await {
            Seen::Form(form) if form.prompt == prompt => form,
            Seen::Form(form) => panic!("asked to {} instead of {prompt}", form.prompt),
            Seen::Back(callback) => panic!("came back instead of a form: {callback:?}"),
        }
    }

    async fn back(&mut self, url: Url, form: Option<String>) -> Callback {
        match self.open(url, form).await {
            Seen::Back(callback) => callback,
            Seen::Form(form) => panic!("asked to {} instead of coming back", form.prompt),
        }
    }

    /// Says who one is.
    async fn log_in(&mut self, url: &str) -> Form {
        let form = self.form(Url::parse(url).expect("an address"), None, "login").await;
        let filled = fields(&[("prompt", "login"), ("login", "hanako"), ("password", "whatever")]);
        self.form(form.action, Some(filled), "consent").await
    }

    /// The whole way.
    async fn agree(&mut self, url: &str) -> Callback {
        let form = self.log_in(url).await;
        self.back(form.action, Some(fields(&[("prompt", "consent")]))).await
    }
}

fn fields(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What the issuer sends the person back with, as a server would read it.
fn callback(url: &Url) -> Callback {
    let members: Map<String, Value> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    serde_json::from_value(members.into()).expect("an answer")
}

fn form_of(url: &Url, page: &str) -> Form {
    let cut = |before: &str, after: &str| {
        let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
        rest.split_once(after).expect("an end").0.to_owned()
    };
    let before_cancel = page.split_once("\">[ Cancel ]").expect("a way out").0;
    let cancel = before_cancel.rsplit_once("href=\"").expect("a link").1;
    let address = |text: &str| url.join(text).expect("an address");
    Form {
        action: address(&cut("action=\"", "\"")),
        prompt: cut("name=\"prompt\" value=\"", "\""),
        cancel: address(cancel),
    }
}

async fn agreed(issuers: &OidcIssuers, name: &str) -> (Pending, Callback) {
    let begun = issuers.begin(name, BACK).await.expect("begun");
    let callback = Browser::new().agree(&begun.url).await;
    (begun.pending, callback)
}

fn hanako(name: &str) -> Claims {
    Claims {
        issuer_name: name.to_owned(),
        subject: "hanako".to_owned(),
        email: Some("hanako@example.jp".to_owned()),
        email_verified: true,
        name: Some("花子".to_owned()),
        picture: Some("https://example.jp/hanako.png".to_owned()),
        locale: Some("ja-JP".to_owned()),
    }
}

#[tokio::test]
async fn a_person_signs_in_and_the_code_is_good_once() {
    let Some(provider) = Provider::start() else { return };
    let issuers = provider.issuers(Arc::new(SystemClock));
    for (name, _) in CLIENTS {
        let (pending, callback) = agreed(&issuers, name).await;
        assert_eq!(callback.iss.as_deref(), Some(provider.issuer.as_str()), "it names itself");
        // What is kept outlives the process that began.
        let kept = Pending::from_text(&pending.to_text()).expect("readable");
        let elsewhere = provider.issuers(Arc::new(SystemClock));
        let person = elsewhere.finish(kept, &callback).await.expect("signed in");
        assert!(person == hanako(name), "{:?} {:?}", person, person.email);
        assert_eq!(issuers.finish(pending, &callback).await, Err(OidcError::CodeRefused), "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_belongs_to_another_sign_in_is_refused() {
    let Some(provider) = Provider::start() else { return };
    let issuers = provider.issuers(Arc::new(SystemClock));

    // Another's state: the person is led to finish a sign-in that somebody else began.
    let (pending, callback) = agreed(&issuers, "rsa").await;
    let (others, _) = agreed(&issuers, "rsa").await;
    assert_eq!(issuers.finish(others, &callback).await, Err(OidcError::WrongState));

    // Another's verifier: a code that was stolen on its way.
    let mut thief = pending.clone();
    thief.pkce_verifier = Pending::new("rsa", BACK, &SystemIds).pkce_verifier;
    assert_eq!(issuers.finish(thief, &callback).await, Err(OidcError::CodeRefused));

    // Another's nonce: an ID token that was made for another sign-in.
    let (mut pending, callback) = agreed(&issuers, "rsa").await;
    pending.nonce = Secret::new(format!("{:?}", SystemIds.secret()));
    let found = issuers.finish(pending, &callback).await.expect_err("refused");
    assert_eq!(musubi_kernel::error::Failure::code(&found), "id_token_nonce");

    // Another client's code.
    let (mut pending, callback) = agreed(&issuers, "rsa").await;
    "ec".clone_into(&mut pending.issuer_name);
    assert_eq!(issuers.finish(pending, &callback).await, Err(OidcError::CodeRefused));

    // Another issuer's answer.
    let (pending, mut callback) = agreed(&issuers, "rsa").await;
    callback.iss = None;
    assert_eq!(issuers.finish(pending, &callback).await, Err(OidcError::MixUp));
}

#[tokio::test]
async fn a_person_may_give_up_on_either_page() {
    let Some(provider) = Provider::start() else { return };
    let issuers = provider.issuers(Arc::new(SystemClock));
    for after_log_in in [false, true] {
        let begun = issuers.begin("rsa", BACK).await.expect("begun");
        let mut browser = Browser::new();
        let form = if after_log_in {
            browser.log_in(&begun.url).await
        } else {
            browser.form(Url::parse(&begun.url).expect("an address"), None, "login").await
        };
        let callback = browser.back(form.cancel, None).await;
        assert_eq!(callback.error.as_deref(), Some("access_denied"));
        assert_eq!(issuers.finish(begun.pending, &callback).await, Err(OidcError::GivenUp));
    }
}

#[tokio::test]
async fn new_keys_between_two_sign_ins_are_found() {
    let Some(mut provider) = Provider::start() else { return };
    let clock = Arc::new(Ahead::default());
    let issuers = provider.issuers(clock.clone());
    for _ in 0..3 {
        for (name, _) in CLIENTS {
            let (pending, callback) = agreed(&issuers, name).await;
            assert_eq!(issuers.finish(pending, &callback).await.map(|person| person.subject), Ok("hanako".to_owned()));
        }
        provider.rotate();
        clock.advance(TimeDelta::seconds(30));
    }
}

#[tokio::test]
async fn a_secret_that_is_wrong_is_the_operators_to_mend() {
    let Some(provider) = Provider::start() else { return };
    let mut settings = provider.settings();
    settings[0].client_secret = Secret::new("another");
    let issuers = OidcIssuers::new(settings, Limits::default(), Arc::new(SystemClock), Arc::new(SystemIds));
    let issuers = issuers.expect("set up");
    let (pending, callback) = agreed(&issuers, "rsa").await;
    let found = issuers.finish(pending, &callback).await.expect_err("refused");
    assert!(found.internal_context().is_some_and(|context| context.contains("invalid_client")), "{found:?}");
}

#[tokio::test]
async fn a_provider_that_died_is_told_as_away() {
    let Some(mut provider) = Provider::start() else { return };
    let issuers = provider.issuers(Arc::new(SystemClock));
    let (pending, callback) = agreed(&issuers, "rsa").await;
    provider.kill();
    let found = issuers.finish(pending, &callback).await;
    assert!(matches!(found, Err(OidcError::Unavailable(_))), "{found:?}");
    let found = provider.issuers(Arc::new(SystemClock)).begin("rsa", BACK).await;
    assert!(matches!(found, Err(OidcError::Unavailable(_))), "{found:?}");
}
