//! Browsers: cookies, pages of other sites, and what the answers tell browsers to do.

use crate::app::{Answer, Call, TestApp};
use crate::person::{PASSWORD, Person, register};
use axum::http::Method;
use musubi_api::origin::Origins;
use serde_json::{Value, json};

const EMAIL: &str = "hanako@example.jp";
const SHOP: &str = "https://shop.example.jp";

/// A browser with its cookies.
#[derive(Default)]
struct Browser {
    access: String,
    refresh: String,
}

impl Browser {
    /// Takes up what an answer sets; insists on how.
    #[track_caller]
    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()) {
            let (pair, scope) = cookie.split_once("; ").unwrap();
            let (age, scope) = scope.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert_eq!(age == "Max-Age=0", value.is_empty(), "{cookie}");
            let (kept, expected) = match name {
                "__Host-musubi_access" => (&mut self.access, "Path=/; Secure; HttpOnly; SameSite=Lax"),
                "__Secure-musubi_refresh" => (&mut self.refresh, "Path=/v1/auth; Secure; HttpOnly; SameSite=Strict"),
                other => panic!("{other}"),
            };
            assert_eq!(scope, expected);
            value.clone_into(kept);
        }
    }

    /// A call with the cookies, of a page of our own.
    fn call<'a>(&self, app: &'a TestApp, method: Method, path: &str) -> Call<'a> {
        self.foreign(app, method, path).header("sec-fetch-site", "same-origin")
    }

    /// A call with the cookies.
    fn foreign<'a>(&self, app: &'a TestApp, method: Method, path: &str) -> Call<'a> {
        let mut cookies = vec!["theme=dark".to_owned(), format!("__Host-musubi_access={}", self.access)];
        if path.starts_with("/v1/auth") {
            cookies.push(format!("__Secure-musubi_refresh={}", self.refresh));
        }
        app.call(method, path).anonymous().header("cookie", &cookies.join("; "))
    }

    async fn sign_in(app: &TestApp) -> Self {
        register(app, EMAIL).await;
        let mut browser = Self::default();
        let answer = app.post("/v1/auth/sign-in", &credentials()).anonymous().header("sec-fetch-site", "same-origin");
        let answer = answer.send().await.is(200);
        assert_eq!(answer.body["tokens"], Value::Null);
        assert_eq!(answer.body["user"]["email"], EMAIL);
        browser.keep(&answer);
        assert!(!browser.access.is_empty() && !browser.refresh.is_empty());
        browser
    }
}

/// The same call with more headers, at our own host.
async fn said(call: Call<'_>, headers: &[(&str, &str)]) -> Answer {
    let call = call.header("host", "api.example.jp");
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await
}

fn credentials() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "delivery": "cookies" })
}

#[tokio::test]
async fn a_browser_signs_in_stays_signed_in_and_signs_out() {
    let app = TestApp::new().await;
    let mut browser = Browser::sign_in(&app).await;
    browser.foreign(&app, Method::GET, "/v1/me").send().await.is(200);
    let first = browser.access.clone();
    for (body, is_typed) in [("", false), ("", true), ("{}", true)] {
        let call = browser.call(&app, Method::POST, "/v1/auth/refresh").body(body);
        let call = if is_typed { call.header("content-type", "application/json") } else { call };
        let answer = call.send().await.is(204);
        browser.keep(&answer);
        assert_eq!(browser.call(&app, Method::GET, "/v1/me").send().await.is(200).body["email"], EMAIL);
    }
    let stale = Browser { access: first, refresh: String::new() };
    stale.call(&app, Method::GET, "/v1/me").send().await.problem(401, "unauthenticated");
    browser.keep(&browser.call(&app, Method::POST, "/v1/auth/sign-out").send().await.is(204));
    assert_eq!((browser.access.as_str(), browser.refresh.as_str()), ("", ""));
    browser.call(&app, Method::GET, "/v1/me").send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn stale_cookies_are_no_obstacle_and_are_taken_out() {
    let app = TestApp::new().await;
    let mut browser = Browser::sign_in(&app).await;
    browser.call(&app, Method::POST, "/v1/auth/sign-out").send().await.is(204);
    // The browser has kept its cookies, as the answer was lost.
    browser.call(&app, Method::GET, "/v1/public/stores/none").send().await.problem(404, "not_found");
    let answer = browser.call(&app, Method::POST, "/v1/auth/refresh").send().await;
    answer.problem(401, "session_ended");
    let call = browser.call(&app, Method::POST, "/v1/auth/sign-in").json(&credentials());
    browser.keep(&answer);
    assert_eq!((browser.access.as_str(), browser.refresh.as_str()), ("", ""));
    browser.keep(&call.send().await.is(200));
    browser.call(&app, Method::GET, "/v1/me").send().await.is(200);
    app.post("/v1/auth/refresh", &json!({})).anonymous().send().await.problem(401, "session_ended");
}

#[tokio::test]
async fn a_browser_signs_out_by_the_refresh_cookie_alone() {
    let app = TestApp::with(|ground| ground.allowed_origins = Origins::read(SHOP).unwrap()).await;
    register(&app, EMAIL).await;
    let sign_in = async || {
        let mut browser = Browser::default();
        let call = app.post("/v1/auth/sign-in", &credentials()).anonymous().header("sec-fetch-site", "same-origin");
        browser.keep(&call.send().await.is(200));
        browser
    };
    let other = sign_in().await;
    // The access cookie is gone by itself after ten minutes, or the browser's clock is behind and it is still sent.
    for access_is_sent in [false, true] {
        let mut browser = sign_in().await;
        app.clock.advance(chrono::TimeDelta::minutes(11));
        let refresh = format!("__Secure-musubi_refresh={}", browser.refresh);
        let cookies =
            if access_is_sent { format!("__Host-musubi_access={}; {refresh}", browser.access) } else { refresh };
        let sign_out = || app.call(Method::POST, "/v1/auth/sign-out").anonymous().header("cookie", &cookies);
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.jp")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://blog.example.jp")],
            &[("sec-fetch-site", "none")],
        ] {
            let refused = said(sign_out(), headers).await;
            refused.problem(403, "cross_site_request");
            assert_eq!(refused.head("set-cookie"), None);
        }
        let headers = [("sec-fetch-site", "same-site"), ("origin", SHOP)];
        browser.keep(&said(sign_out(), &headers).await.is(204));
        assert_eq!((browser.access.as_str(), browser.refresh.as_str()), ("", ""));
        // Once more, as the answer was lost: there is nothing left to end, and still both go.
        let again = said(sign_out(), &headers).await.is(204);
        assert_eq!(again.headers.get_all("set-cookie").iter().count(), 2);
        let refresh = app.call(Method::POST, "/v1/auth/refresh").anonymous().header("cookie", &cookies);
        refresh.header("sec-fetch-site", "same-origin").send().await.problem(401, "session_ended");
    }
    let call = other.call(&app, Method::POST, "/v1/auth/refresh");
    call.send().await.is(204);
}

#[tokio::test]
async fn what_a_stale_browser_shows_is_taken_out() {
    let app = TestApp::new().await;
    for cookie in [
        "__Host-musubi_access=msa_nonsense",
        "__Secure-musubi_refresh=msr_nonsense",
        "__Secure-musubi_refresh=",
        "__Host-musubi_access=a; __Host-musubi_access=b",
    ] {
        let call = app.call(Method::POST, "/v1/auth/sign-out").anonymous().header("cookie", cookie);
        let answer = call.header("sec-fetch-site", "same-origin").send().await.is(204);
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2, "{cookie}");
    }
    let call = app.call(Method::POST, "/v1/auth/sign-out").anonymous().header("cookie", "theme=dark");
    let answer = call.header("sec-fetch-site", "same-origin").send().await;
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.head("set-cookie"), None);
}

#[tokio::test]
async fn programs_sign_out_by_either_token() {
    let app = TestApp::new().await;
    let (here, there) = (Person::sign_up(&app, EMAIL).await, Person::sign_in(&app, EMAIL).await);
    app.clock.advance(chrono::TimeDelta::minutes(11));
    app.post("/v1/auth/sign-out", &json!({})).key(&here.access).send().await.problem(401, "bad_credentials");
    app.post("/v1/auth/sign-out", &json!({})).send().await.problem(403, "person_only");
    app.post("/v1/auth/sign-out", &json!({})).anonymous().send().await.problem(401, "unauthenticated");
    let by_refresh = json!({ "refresh_token": here.refresh });
    for _ in 0..2 {
        let answer = app.post("/v1/auth/sign-out", &by_refresh).anonymous().send().await.is(204);
        assert_eq!(answer.head("set-cookie"), None);
    }
    app.post("/v1/auth/refresh", &by_refresh).anonymous().send().await.problem(401, "session_ended");
    let next = json!({ "refresh_token": there.refresh });
    let next = app.post("/v1/auth/refresh", &next).anonymous().send().await.is(200).body;
    // Who shows both ends both, whatever they are of.
    let both = json!({ "refresh_token": Person::sign_in(&app, EMAIL).await.refresh });
    let access = next["access_token"].as_str().unwrap();
    app.post("/v1/auth/sign-out", &both).key(access).send().await.is(204);
    app.get("/v1/me").key(access).send().await.problem(401, "bad_credentials");
    app.post("/v1/auth/refresh", &both).anonymous().send().await.problem(401, "session_ended");
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let app = TestApp::with(|ground| ground.allowed_origins = Origins::read(SHOP).unwrap()).await;
    let browser = Browser::sign_in(&app).await;
    let other = json!({ "email": "other@example.jp" });
    for (headers, allowed) in [
        (&[][..], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.jp")], false),
        (&[("sec-fetch-site", "same-site"), ("origin", "https://blog.example.jp")], false),
        (&[("sec-fetch-site", "none")], false),
        (&[("origin", "null")], false),
        (&[("origin", "https://api.example.jp")], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "same-site"), ("origin", SHOP)], true),
    ] {
        let calls = [
            said(browser.foreign(&app, Method::POST, "/v1/me/email").json(&other), headers).await,
            said(browser.foreign(&app, Method::DELETE, "/v1/me/sessions"), headers).await,
            said(
                browser.foreign(&app, Method::POST, "/v1/auth/password-reset").json(&json!({ "email": EMAIL })),
                headers,
            )
            .await,
            said(app.post("/v1/auth/sign-in", &credentials()).anonymous(), headers).await,
        ];
        for answer in calls {
            if allowed {
                assert!(answer.status.is_success(), "{headers:?}: {answer:?}");
            } else {
                answer.problem(403, "cross_site_request");
                assert_eq!(answer.head("set-cookie"), None);
            }
        }
        said(browser.foreign(&app, Method::GET, "/v1/me"), headers).await.is(200);
        if !allowed {
            said(browser.foreign(&app, Method::POST, "/v1/auth/refresh"), headers)
                .await
                .problem(403, "cross_site_request");
        }
    }
}

#[tokio::test]
async fn who_shows_a_token_is_not_asked_for_the_page_and_wins_over_cookies() {
    let app = TestApp::new().await;
    let browser = Browser::sign_in(&app).await;
    let taro = Person::sign_up(&app, "taro@example.jp").await;
    let me = browser.foreign(&app, Method::GET, "/v1/me").key(&taro.access).send().await.is(200);
    assert_eq!(me.body["id"], taro.id.as_str());
    browser.foreign(&app, Method::DELETE, "/v1/me/sessions").key(&taro.access).send().await.is(204);
    browser.foreign(&app, Method::GET, "/v1/me").key("msa_nonsense").send().await.problem(401, "bad_credentials");
    // A key is no cookie.
    let key = Browser { access: crate::app::OPERATOR.to_owned(), refresh: String::new() };
    key.call(&app, Method::GET, "/v1/tenants").send().await.problem(401, "unauthenticated");
    // Of two cookies one was planted.
    let two = format!("__Host-musubi_access={0}; __Host-musubi_access={0}", browser.access);
    app.get("/v1/me").anonymous().header("cookie", &two).send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn other_origins_are_let_in_by_name() {
    let app = TestApp::with(|ground| ground.allowed_origins = Origins::read(SHOP).unwrap()).await;
    let preflight = |origin: &str| {
        let call = app.call(Method::OPTIONS, "/v1/me/email").anonymous().header("origin", origin);
        call.header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key")
            .send()
    };
    let answer = preflight(SHOP).await.is(200);
    assert_eq!(answer.head("access-control-allow-origin"), Some(SHOP));
    assert_eq!(answer.head("access-control-allow-credentials"), Some("true"));
    assert!(answer.head("access-control-allow-headers").unwrap().contains("idempotency-key"));
    guarded(&answer);
    for origin in ["https://evil.jp", "null", "https://shop.example.jp.evil.jp", "http://shop.example.jp"] {
        assert_eq!(preflight(origin).await.head("access-control-allow-origin"), None, "{origin}");
        let answer = app.get("/v1/me").header("origin", origin).send().await;
        assert_eq!(answer.head("access-control-allow-origin"), None, "{origin}");
    }
    // Problems can be read too.
    for path in ["/v1/me", "/v1/nothing", "/v1/public/stores/none"] {
        let answer = app.get(path).anonymous().header("origin", SHOP).send().await;
        assert!(answer.status.is_client_error());
        assert_eq!(answer.head("access-control-allow-origin"), Some(SHOP), "{path}");
        assert!(answer.head("access-control-expose-headers").unwrap().contains("retry-after"));
    }
    let closed = TestApp::new().await;
    let answer = closed.call(Method::OPTIONS, "/v1/me/email").header("origin", SHOP).send().await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.head("access-control-allow-origin"), None);
}

#[tokio::test]
async fn questions_of_browsers_cost_nothing() {
    let app = TestApp::with(|ground| {
        ground.allowed_origins = Origins::read(SHOP).unwrap();
        ground.limiter = std::sync::Arc::new(musubi_api::limits::InProcess::new(
            std::num::NonZeroU32::MIN,
            std::num::NonZeroU32::MIN,
        ));
    })
    .await;
    for _ in 0..50 {
        let call = app.call(Method::OPTIONS, "/v1/public/stores/none").anonymous().header("origin", SHOP);
        call.header("access-control-request-method", "GET").send().await.is(200);
    }
    app.get("/v1/public/stores/none").anonymous().send().await.problem(404, "not_found");
    app.get("/v1/public/stores/none").anonymous().send().await.problem(429, "too_many_requests");
}

#[track_caller]
fn guarded(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.head(name), Some(value), "{answer:?}");
    }
    assert!(answer.head("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{answer:?}");
}

#[tokio::test]
async fn every_answer_is_guarded_whatever_it_is() {
    let app = TestApp::with(|ground| ground.trusted_proxies = 1).await;
    let nothing = "default-src 'none'; frame-ancestors 'none'";
    let long = format!("/v1/{}", "x".repeat(9000));
    for (call, status, policy) in [
        (app.get("/healthz"), 200, nothing),
        (app.get("/v1/caller"), 200, nothing),
        (app.get("/v1/me").anonymous(), 401, nothing),
        (app.get("/v1/me"), 403, nothing),
        (app.get("/v1/nothing"), 404, nothing),
        (app.delete("/v1/stores"), 405, nothing),
        (app.get(&long), 414, nothing),
        (app.post("/v1/auth/sign-in", &json!({})), 400, nothing),
        (app.call(Method::POST, "/v1/auth/sign-in"), 415, nothing),
        (app.get("/openapi.json"), 200, nothing),
        (app.get("/"), 308, nothing),
    ] {
        let answer = call.header("x-forwarded-proto", "https").send().await.is(status);
        guarded(&answer);
        assert_eq!(answer.head("content-security-policy"), Some(policy));
        assert_eq!(answer.head("strict-transport-security"), Some("max-age=31536000"));
    }
    let page = app.get("/docs/").send().await.is(200);
    guarded(&page);
    assert!(page.head("content-security-policy").unwrap().contains("script-src 'self'"));
    assert_eq!(page.head("strict-transport-security"), None);
    let unproxied = TestApp::new().await.get("/healthz").header("x-forwarded-proto", "https").send().await.is(200);
    assert_eq!(unproxied.head("strict-transport-security"), None);
}

#[tokio::test]
async fn nothing_that_is_somebodys_own_is_kept() {
    let app = TestApp::new().await;
    let taro = Person::sign_up(&app, "taro@example.jp").await;
    let shop = crate::shop::Shop::open(&app, "shop").await;
    let slots = shop.at("/slots?menu_id=00000000-0000-7000-8000-000000000000&from=2026-03-20&to=2026-03-21");
    for (call, keeping) in [
        (app.get("/v1/me").key(&taro.access), "no-store"),
        (app.get("/v1/auth/nothing").anonymous(), "no-store"),
        (app.get("/v1/caller"), "no-store"),
        (app.get(shop.at("/customers")), "no-store"),
        (app.get("/v1/public/bookings/none").anonymous(), "no-store"),
        (app.get("/v1/public/consents/none").anonymous(), "no-store"),
        (app.get("/v1/public/stores/shop").anonymous(), "private, no-cache"),
        (app.get(&slots), "no-store"),
    ] {
        assert_eq!(call.send().await.head("cache-control"), Some(keeping));
    }
}
