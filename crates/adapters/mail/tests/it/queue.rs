//! Messages are taken without waiting, as many as there is room for, and none is left behind.

use crate::ground::{LONG, Log, TO, TOKEN, begin, message, quick, reset, settings, until};
use crate::server::{Act, At, Server};
use futures_util::FutureExt as _;
use musubi_identity::locale::Locale;
use musubi_identity::message::{Courier as _, MessageKind};
use musubi_kernel::error::StoreError;
use musubi_mail::settings::{MailSettings, Pace, Way};
use std::time::Duration;

#[tokio::test]
async fn messages_go_out_one_after_another_over_one_connection() {
    let server = Server::start(&[]).await;
    let post = begin(MailSettings { pace: Pace { at_once: 1, ..quick() }, ..settings(Way::Smtp(server.address())) });
    for kind in MessageKind::ALL {
        post.post(message(*kind, Locale::En)).await.unwrap();
    }
    assert_eq!(post.drain(LONG).await, 0);
    let state = server.state();
    assert_eq!((state.connections, state.taken.len()), (1, MessageKind::ALL.len()));
    assert_eq!(
        state.lines[..3],
        ["EHLO example.jp".to_owned(), "MAIL FROM:<no-reply@example.jp>".to_owned(), format!("RCPT TO:<{TO}>"),]
    );
    assert!(state.taken[0].contains("Subject: Confirm your e-mail address\r\n"), "{}", state.taken[0]);
}

#[tokio::test]
async fn several_go_out_at_once() {
    let server = Server::start(&[]).await;
    server.state().always = Some((At::Data, Act::Hang));
    let post = begin(settings(Way::Smtp(server.address())));
    for _ in 0..9 {
        post.post(reset()).await.unwrap();
    }
    let busy = |state: &crate::server::State| state.lines.iter().filter(|line| *line == "DATA").count() == 4;
    server.until(busy).await;
    assert_eq!(server.state().connections, 4);
}

#[tokio::test]
async fn whoever_waits_for_an_answer_has_a_head_start_unless_the_program_ends() {
    let server = Server::start(&[]).await;
    let pace = Pace { head_start: LONG * 2, at_once: 1, ..quick() };
    let post = begin(MailSettings { pace, ..settings(Way::Smtp(server.address())) });
    post.post(reset()).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.state().connections, 0);
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().taken.len(), 1);
}

#[tokio::test]
async fn to_post_never_waits_and_what_there_is_no_room_for_is_refused() {
    let server = Server::start(&[]).await;
    server.state().always = Some((At::Greeting, Act::Hang));
    let post = begin(MailSettings { pace: Pace { room: 2, ..quick() }, ..settings(Way::Smtp(server.address())) });
    for taken in [true, true, false] {
        let answer = post.post(reset()).now_or_never().expect("an answer at the first poll");
        assert_eq!(answer.is_ok(), taken, "{answer:?}");
        assert!(taken || matches!(answer, Err(StoreError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_message_that_is_sent_makes_room() {
    let server = Server::start(&[]).await;
    let post = begin(MailSettings { pace: Pace { room: 1, ..quick() }, ..settings(Way::Smtp(server.address())) });
    for sent in 1..=3 {
        until(|| post.post(reset()).now_or_never().is_some_and(|taken| taken.is_ok())).await;
        server.until(|state| state.taken.len() == sent).await;
    }
}

#[tokio::test]
async fn draining_sends_what_waits_and_what_failed_before() {
    let server = Server::start(&[(At::Rcpt, Act::Say("451 later")), (At::Mail, Act::Drop)]).await;
    let pace = Pace { at_once: 1, first_pause: LONG * 2, longest_pause: LONG * 2, patience: LONG * 9, ..quick() };
    let post = begin(MailSettings { pace, ..settings(Way::Smtp(server.address())) });
    for _ in 0..5 {
        post.post(reset()).await.unwrap();
    }
    server.until(|state| state.taken.len() == 3).await;
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().taken.len(), 5);
    assert!(post.post(reset()).await.is_err(), "none are taken any more");
}

#[tokio::test]
async fn draining_ends_in_time_and_tells_what_is_given_up() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[(At::Rcpt, Act::Say("451 later"))]).await;
    server.state().always = Some((At::End, Act::Hang));
    let pace = Pace { at_once: 2, first_pause: LONG * 2, longest_pause: LONG * 2, patience: LONG * 9, ..quick() };
    let post = begin(MailSettings { pace, ..settings(Way::Smtp(server.address())) });
    for _ in 0..6 {
        post.post(reset()).await.unwrap();
    }
    server.until(|state| state.lines.iter().filter(|line| *line == "DATA").count() == 2).await;
    let drained = tokio::time::timeout(LONG, post.drain(Duration::from_millis(20))).await;
    assert_eq!(drained, Ok(6));
    let given_up = log.lines("a message was not sent, and is given up");
    assert_eq!(given_up.len(), 6, "{given_up:?}");
    assert!(given_up.iter().all(|line| line.contains("kind=\"password_reset\"") && line.contains("message_id=")));
    assert!(!log.text().contains(TO) && !log.text().contains(TOKEN), "{}", log.text());
}

#[tokio::test]
async fn draining_an_empty_office_takes_no_time() {
    let server = Server::start(&[]).await;
    let post = begin(settings(Way::Smtp(server.address())));
    assert_eq!(post.drain(Duration::ZERO).await, 0);
    assert_eq!(server.state().connections, 0);
}
