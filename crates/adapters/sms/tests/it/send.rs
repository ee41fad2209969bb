//! Messages to a server in the service's place.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use musubi_kernel::clock::SystemClock;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::secret::Secret;
use musubi_outgoing::Outgoing;
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::reach::Reach;
use musubi_sms::account::Account;
use musubi_sms::{LIMITS, Sms};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const SID: &str = "AC0123456789abcdef0123456789abcdef";
type Asked = Arc<Mutex<Vec<BTreeMap<String, String>>>>;

/// It knows one number, and says what Twilio says.
async fn messages(
    State(asked): State<Asked>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    asked.lock().expect("no panic").push(form.clone());
    // `AC…:token` in base 64.
    let basic = "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp0b2tlbg==";
    if sid != SID || headers["authorization"] != basic {
        let body = json!({"code": 20003, "message": "Authenticate", "status": 401});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    if form["To"] == "+819012345678" {
        return (StatusCode::CREATED, Json(json!({"sid": "SM1", "status": "queued"}))).into_response();
    }
    let body = json!({"code": 21211, "message": "The 'To' number is not a valid phone number.", "status": 400});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn sms_at(base: &str, password: &str, from: &str) -> Sms {
    let http = Outgoing::new(Reach::anywhere(), LIMITS, Breaking::default(), Arc::new(SystemClock));
    let account = Account {
        base: base.parse().expect("an address"),
        sid: SID.to_owned(),
        user: SID.to_owned(),
        password: Secret::new(password),
        from: from.parse().expect("a sender"),
    };
    Sms::new(Arc::new(http.expect("certificates")), account)
}

async fn service() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Asked::default();
    let router =
        Router::new().route("/2010-04-01/Accounts/{sid}/Messages.json", post(messages)).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, asked)
}

#[tokio::test]
async fn a_message_is_sent() {
    let (base, asked) = service().await;
    let text = "ご予約は 3/20 10:00 です。 a+b=c&d 🍎\nさくら";
    let outcome = sms_at(&base, "token", "+815012345678")
        .send("+819012345678", text, Some("https://api.example.jp/told?a=b"))
        .await;
    assert_eq!(outcome, Outcome::Sent { provider_id: Some("SM1".to_owned()) });
    let form = asked.lock().expect("no panic")[0].clone();
    let expected = [
        ("Body", text),
        ("From", "+815012345678"),
        ("StatusCallback", "https://api.example.jp/told?a=b"),
        ("To", "+819012345678"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn a_messaging_service_chooses_the_sender() {
    let (base, asked) = service().await;
    let service = "MG0123456789abcdef0123456789abcdef";
    let outcome = sms_at(&base, "token", service).send("+819012345678", "Hi", None).await;
    assert!(matches!(outcome, Outcome::Sent { .. }));
    let form = &asked.lock().expect("no panic")[0];
    assert_eq!(form["MessagingServiceSid"], service);
    assert!(!form.contains_key("From"));
}

#[tokio::test]
async fn refusals_are_told() {
    let (base, asked) = service().await;
    let outcome = sms_at(&base, "another", "MUSUBI").send("+819012345678", "Hi", None).await;
    assert_eq!(outcome, Outcome::refused("the service does not take the account's credentials (code 20003)"));
    let sms = sms_at(&base, "token", "MUSUBI");
    let outcome = sms.send("+819099999999", "Hi", None).await;
    assert_eq!(outcome, Outcome::refused("there is no such telephone number (code 21211)"));
    let before = asked.lock().expect("no panic").len();
    for (to, text) in [("09012345678", "Hi"), ("+819012345678", " "), ("+819012345678", &"x".repeat(1_601))] {
        assert!(matches!(sms.send(to, text, None).await, Outcome::Refused { .. }), "{to}");
    }
    assert_eq!(asked.lock().expect("no panic").len(), before, "nothing was sent");
}

#[tokio::test]
async fn a_message_without_an_answer_may_have_been_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.expect("a request");
        assert!(read > 0);
    });
    let outcome = sms_at(&base, "token", "MUSUBI").send("+819012345678", "Hi", None).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    let away = sms_at("http://127.0.0.1:1", "token", "MUSUBI").send("+819012345678", "Hi", None).await;
    assert!(matches!(away, Outcome::Later { .. }), "{away:?}");
}
