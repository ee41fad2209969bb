//! What stores tell their customers.

use crate::ground::LONG;
use crate::server::{Act, At, Server};
use chrono::{DateTime, Utc};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::email::EmailAddress;
use musubi_mail::letter::Letter;
use musubi_mail::notice::{File, Notice, Notices, Unsubscribe};
use musubi_mail::settings::Way;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const READ: &str = r#"
import email, email.policy, json, sys
mail = email.message_from_string(sys.stdin.read(), policy=email.policy.default)
print(json.dumps({
    "headers": {name: str(value) for name, value in mail.items() if name != "Content-Type"},
    "parts": [[part.get_content_type(), part.get_content().replace("\r\n", "\n"), part.get_filename()]
              for part in mail.walk() if not part.is_multipart()],
    "method": [part.get_param("method") for part in mail.walk() if part.get_content_type() == "text/calendar"],
    "defects": [repr(d) for m in mail.walk() for d in m.defects],
}))
"#;

/// As the e-mail package of Python reads it.
fn read(mail: &str) -> Value {
    use std::io::Write as _;
    let mut python = Command::new("python3")
        .args(["-c", READ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    python.stdin.take().expect("a pipe").write_all(mail.as_bytes()).expect("it reads");
    let output = python.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn to() -> EmailAddress {
    "hanako@example.jp".parse().expect("an address")
}

/// As long as they are.
const ONE_CLICK: &str = "https://api.example.jp/v1/public/consents/AZzzAAAAcACAAAAAAAAAAdb1Gh9yTnV0b2tlbi10b2tl0wA";

fn letter() -> Letter {
    Letter {
        subject: "ご予約".into(), text: "お待ちしております".into(), html: "<p>お待ちしております</p>".into()
    }
}

async fn send(way: Way, reply_to: Option<&EmailAddress>) -> Outcome {
    send_in(way, reply_to, ()).await
}

async fn send_in(way: Way, reply_to: Option<&EmailAddress>, place: impl Send + 'static) -> Outcome {
    let notices = Notices::new(way, "Musubi <no-reply@example.jp>".parse().expect("a sender")).expect("a way");
    let written_at: DateTime<Utc> = "2026-04-01T03:04:05Z".parse().expect("an instant");
    let calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
    let file = File { name: "260320-X.ics", kind: "text/calendar; charset=utf-8; method=PUBLISH", text: calendar };
    let notice = Notice {
        id: Uuid::from_u128(7),
        written_at,
        sender_name: "サロン花子",
        reply_to,
        to: &to(),
        letter: letter(),
        file: Some(file),
        unsubscribe: Some(Unsubscribe::OneClick(ONE_CLICK)),
    };
    notices.send(notice, place).await
}

#[tokio::test]
async fn a_notice_has_both_texts_and_its_file() {
    let server = Server::start(&[]).await;
    let salon = "salon@example.jp".parse().expect("an address");
    assert_eq!(send(Way::Smtp(server.address()), Some(&salon)).await, Outcome::SENT);
    let taken = server.state().taken[0].clone();
    let mail = read(&taken);
    let headers = &mail["headers"];
    assert_eq!(headers["From"], "サロン花子 <no-reply@example.jp>");
    assert_eq!((&headers["Reply-To"], &headers["To"]), (&json!("salon@example.jp"), &json!("hanako@example.jp")));
    assert_eq!(headers["Message-ID"], "<00000000-0000-0000-0000-000000000007@example.jp>");
    assert_eq!(headers["Subject"], "ご予約");
    assert_eq!(headers["List-Unsubscribe"], format!("<{ONE_CLICK}>"));
    assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let parts = mail["parts"].as_array().expect("parts");
    let kinds: Vec<_> = parts.iter().map(|part| part[0].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["text/plain", "text/html", "text/calendar"]);
    assert!(parts[0][1].as_str().is_some_and(|text| text.starts_with("お待ちして")), "{mail:#}");
    assert_eq!((&parts[2][2], &mail["method"]), (&json!("260320-X.ics"), &json!(["PUBLISH"])));
    assert_eq!(mail["defects"], json!([]));
}

#[tokio::test]
async fn what_became_of_it_is_told() {
    for (at, act, expected) in [
        (At::Greeting, Act::Say("554 not to you"), Outcome::later("the server answers 554")),
        (At::Hello, Act::Say("550 not by that name"), Outcome::later("the server answers 550")),
        (At::Rcpt, Act::Say("550 no such mailbox"), Outcome::refused("the server answers 550")),
        (At::Rcpt, Act::Say("450 try later"), Outcome::later("the server answers 450")),
        (At::Greeting, Act::Say("421 busy"), Outcome::later("the server answers 421")),
        (At::End, Act::Drop, Outcome::unknown("the connection to the mail server broke")),
    ] {
        let server = Server::start(&[(at, act)]).await;
        assert_eq!(send(Way::Smtp(server.address()), None).await, expected, "{at:?} {act:?}");
    }
}

#[tokio::test]
async fn what_was_taken_is_told_before_the_server_says_goodbye() {
    let server = Server::start(&[(At::Quit, Act::Hang)]).await;
    let place = Arc::new(());
    assert_eq!(send_in(Way::Smtp(server.address()), None, Arc::clone(&place)).await, Outcome::SENT);
    assert_eq!(Arc::strong_count(&place), 2, "the connection is still open");
    let closed = async {
        while Arc::strong_count(&place) > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, closed).await.expect("nobody waits for a goodbye for ever");
}

#[tokio::test]
async fn nobody_is_there() {
    let server = Server::start(&[(At::Greeting, Act::Drop)]).await;
    assert!(matches!(send(Way::Smtp(server.address()), None).await, Outcome::Later { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(send(Way::Folder(folder.path().join("outbox")), None).await, Outcome::SENT);
    assert_eq!(std::fs::read_dir(folder.path().join("outbox")).expect("it is there").count(), 1);
}
