//! Servers that break down, are slow, or refuse.

use crate::ground::{LONG, Log, TO, TOKEN, begin, message, quick, reset, settings, until};
use crate::server::{Act, At, Server};
use musubi_identity::locale::Locale;
use musubi_identity::message::{Courier as _, Message, MessageKind};
use musubi_mail::settings::{MailSettings, Pace, Way};
use std::time::Duration;

const PLACES: [At; 6] = [At::Greeting, At::Hello, At::Mail, At::Rcpt, At::Data, At::End];

fn message_id(mail: &str) -> &str {
    mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("a Message-ID")
}

#[tokio::test]
async fn a_server_that_breaks_down_gets_the_message_later() {
    let (log, _guard) = Log::listen();
    for at in PLACES {
        for act in [Act::Drop, Act::Say("421 4.3.2 <hanako@example.jp> comes later"), Act::Say("nonsense")] {
            let server = Server::start(&[(at, act), (at, act)]).await;
            let post = begin(settings(Way::Smtp(server.address())));
            post.post(reset()).await.unwrap();
            server.until(|state| !state.taken.is_empty()).await;
            assert_eq!(post.drain(LONG).await, 0);
            assert_eq!(server.counts(), (3, 1), "{at:?} {act:?}");
        }
    }
    assert!(log.text().contains("a message will be sent again"));
    assert!(!log.text().contains(TO) && !log.text().contains(TOKEN), "{}", log.text());
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_gets_the_message_over_a_new_connection() {
    for at in PLACES {
        let server = Server::start(&[(at, Act::Hang)]).await;
        // Long enough for a whole attempt on a busy machine.
        let pace = Pace { attempt: Duration::from_millis(500), ..quick() };
        let post = begin(MailSettings { pace, ..settings(Way::Smtp(server.address())) });
        post.post(reset()).await.unwrap();
        server.until(|state| !state.taken.is_empty()).await;
        assert!(server.state().connections >= 2, "{at:?}");
    }
}

#[tokio::test]
async fn each_attempt_sends_the_same_message() {
    let server = Server::start(&[]).await;
    server.state().plan.push_back((At::End, Act::Drop));
    let post = begin(settings(Way::Smtp(server.address())));
    post.post(reset()).await.unwrap();
    post.post(reset()).await.unwrap();
    server.until(|state| state.taken.len() == 2).await;
    let state = server.state();
    let mut ids: Vec<_> = state.taken.iter().map(|mail| message_id(mail)).collect();
    ids.sort_unstable();
    let id = |last: u32| format!("<019d46ff-8888-7000-8000-{last:012}@example.jp>");
    assert_eq!(ids, [id(1), id(2)]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_sent_again() {
    let (log, _guard) = Log::listen();
    for at in [At::Greeting, At::Mail, At::Rcpt, At::Data, At::End] {
        let server = Server::start(&[(at, Act::Say("550 5.1.1 <hanako@example.jp>: nobody here"))]).await;
        let post = begin(settings(Way::Smtp(server.address())));
        post.post(reset()).await.unwrap();
        assert_eq!(post.drain(LONG).await, 0);
        assert_eq!(server.counts(), (1, 0), "{at:?}");
    }
    let given_up = log.lines("given up");
    assert_eq!(given_up.len(), 5);
    for line in given_up {
        let id = "message_id=019d46ff-8888-7000-8000-000000000001";
        assert!(line.contains("WARN") && line.contains(id) && line.contains("the server answers 550"), "{line}");
    }
    assert!(!log.text().contains(TO) && !log.text().contains(TOKEN), "{}", log.text());
}

#[tokio::test]
async fn patience_ends() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[]).await;
    server.state().always = Some((At::Rcpt, Act::Say("451 4.7.1 later")));
    let pace = Pace { patience: Duration::from_millis(40), ..quick() };
    let post = begin(MailSettings { pace, ..settings(Way::Smtp(server.address())) });
    post.post(reset()).await.unwrap();
    server.until(|state| state.connections > 1).await;
    until(|| !log.lines("given up").is_empty()).await;
    let connections = server.state().connections;
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.counts(), (connections, 0));
}

#[tokio::test]
async fn what_lacks_its_token_is_not_sent() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[]).await;
    let post = begin(settings(Way::Smtp(server.address())));
    post.post(Message { token: None, ..reset() }).await.unwrap();
    post.post(Message { invited: None, ..message(MessageKind::Invitation, Locale::Ja) }).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().connections, 0);
    assert_eq!(log.lines("the message lacks its link").len(), 1, "{}", log.text());
    assert_eq!(log.lines("the message lacks its store").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[(At::Hello, Act::Say("250-test\r\n250-8BITMIME\r\n250 SMTPUTF8"))]).await;
    let post = begin(settings(Way::Smtp(server.address())));
    let message = Message { to: "花子@example.jp".parse().unwrap(), ..reset() };
    post.post(message.clone()).await.unwrap();
    server.until(|state| state.taken.len() == 1).await;
    server.state().plan.clear();
    post.post(message).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().taken.len(), 1);
    assert_eq!(log.lines("does not support SMTPUTF8").len(), 1, "{}", log.text());
    assert!(!log.text().contains("花子"), "{}", log.text());
}
