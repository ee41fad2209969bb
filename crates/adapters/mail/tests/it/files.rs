//! The files of the folder, read by somebody else: the e-mail package of Python.

use crate::ground::{LONG, Log, TO, TOKEN, begin, message, reset, settings, until};
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::{Courier as _, Invited, Message, MessageKind};
use musubi_mail::letter::Letter;
use musubi_mail::settings::{MailSettings, Pace, Way};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const READ: &str = r#"
import email, email.policy, json, pathlib, sys
def read(path):
    data = path.read_bytes()
    mail = email.message_from_bytes(data, policy=email.policy.default)
    parts = list(mail.iter_parts())
    return {
        "headers": {name: str(value) for name, value in mail.items() if name != "Content-Type"},
        "kind": mail.get_content_type(),
        "parts": [[part.get_content_type(), part.get_content().replace("\r\n", "\n")] for part in parts],
        "defects": [repr(d) for m in mail.walk() for d in m.defects] + [repr(d) for v in mail.values() for d in v.defects],
        "is_ascii": data.isascii(),
        "longest": max(len(line) for line in data.split(b"\r\n")),
        "bare_lines": data.replace(b"\r\n", b"").count(b"\n"),
    }
print(json.dumps([read(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))]))
"#;

fn read(folder: &Path) -> Vec<Value> {
    let output = Command::new("python3").arg("-c").arg(READ).arg(folder).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn written(messages: &[Message]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("outbox");
    let pace = Pace { at_once: 1, ..Pace::default() };
    let post = begin(MailSettings { pace, ..settings(Way::Folder(folder.clone())) });
    for message in messages {
        post.post(message.clone()).await.expect("room");
    }
    assert_eq!(post.drain(LONG).await, 0);
    read(&folder)
}

fn letter(message: &Message) -> Letter {
    Letter::of(message, &"https://example.jp/app".parse().expect("an address"), &Lifetimes::default())
        .expect("a letter")
}

#[tokio::test]
async fn every_message_is_a_proper_e_mail() {
    let all = Locale::ALL.iter().flat_map(|locale| MessageKind::ALL.iter().map(|kind| message(*kind, *locale)));
    let all: Vec<_> = all.collect();
    let files = written(&all).await;
    assert_eq!(files.len(), all.len());
    for (index, (message, file)) in all.iter().zip(files).enumerate() {
        let Letter { subject, text, html } = letter(message);
        assert_eq!(
            file["headers"],
            json!({
                "Date": "Wed, 01 Apr 2026 03:04:05 +0000",
                "Message-ID": format!("<019d46ff-8888-7000-8000-{:012x}@example.jp>", index + 1),
                "From": "美容室さくら <no-reply@example.jp>",
                "To": TO,
                "Subject": subject,
                "Auto-Submitted": "auto-generated",
                "MIME-Version": "1.0",
            })
        );
        assert_eq!(file["kind"], "multipart/alternative");
        assert_eq!(file["parts"], json!([["text/plain", text], ["text/html", html]]));
        assert_eq!((&file["defects"], &file["is_ascii"], &file["bare_lines"]), (&json!([]), &json!(true), &json!(0)));
        // RFC 5322, 2.1.1.
        assert!(file["longest"].as_u64() <= Some(998), "{file}");
    }
}

#[tokio::test]
async fn names_of_others_cannot_make_headers_or_markup() {
    let hostile = "A\"B\r\nBcc: all@example.jp\r\n\r\n<script>alert(1)</script>\u{2028}=?utf-8?q?x?= ＠さくら";
    let invited = Invited { store: hostile.to_owned(), role: hostile.to_owned() };
    let message = Message { invited: Some(invited), ..message(MessageKind::Invitation, Locale::En) };
    let [file] = &written(std::slice::from_ref(&message)).await[..] else { panic!("one file") };
    let names: Vec<_> = file["headers"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["Auto-Submitted", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]);
    let Letter { text, html, .. } = letter(&message);
    assert_eq!(file["parts"], json!([["text/plain", text], ["text/html", html]]));
    assert!(!html.contains("<script"), "{html}");
}

#[tokio::test]
async fn the_log_says_where_a_message_is() {
    let (log, _guard) = Log::listen();
    let folder = tempfile::tempdir().unwrap();
    let post = begin(settings(Way::Folder(folder.path().to_owned())));
    post.post(reset()).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    let said = log.lines("a message was written to a file");
    let file = folder.path().join("20260401T030405Z-019d46ff-8888-7000-8000-000000000001.eml");
    assert!(said.len() == 1 && said[0].contains(file.to_str().unwrap()), "{said:?}");
    assert!(file.exists());
    assert!(!log.text().contains(TO) && !log.text().contains(TOKEN), "{}", log.text());
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_tried_again() {
    let (log, _guard) = Log::listen();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("outbox");
    std::fs::write(&place, "in the way").unwrap();
    let post = begin(settings(Way::Folder(place.clone())));
    post.post(reset()).await.unwrap();
    until(|| !log.lines("a message will be sent again").is_empty()).await;
    std::fs::remove_file(&place).unwrap();
    until(|| place.join("20260401T030405Z-019d46ff-8888-7000-8000-000000000001.eml").exists()).await;
    assert_eq!(post.drain(LONG).await, 0);
}
