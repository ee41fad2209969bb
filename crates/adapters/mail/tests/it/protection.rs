//! Nothing secret goes over a connection that is not protected as the settings say.

use crate::ground::{LONG, Log, begin, reset, settings};
use crate::server::{Act, At, Server};
use musubi_identity::message::Courier as _;
use musubi_kernel::secret::Secret;
use musubi_mail::settings::{Credentials, Protection, SmtpServer, Way};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

const STARTTLS: (At, Act) = (At::Hello, Act::Say("250-test\r\n250-AUTH PLAIN\r\n250 STARTTLS"));

fn credentials() -> Credentials {
    Credentials { user: "musubi".to_owned(), password: Secret::new("s3cret") }
}

#[tokio::test]
async fn whoever_needs_to_introduces_themselves() {
    let server = Server::start(&[]).await;
    let post = begin(settings(Way::Smtp(SmtpServer { credentials: Some(credentials()), ..server.address() })));
    post.post(reset()).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().taken.len(), 1);
    // RFC 4616: NUL, user, NUL, password.
    assert_eq!(server.state().lines[1], "AUTH PLAIN AG11c3ViaQBzM2NyZXQ=");
}

#[tokio::test]
async fn wrong_credentials_are_not_tried_again() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[(At::Auth, Act::Say("535 5.7.8 no"))]).await;
    let post = begin(settings(Way::Smtp(SmtpServer { credentials: Some(credentials()), ..server.address() })));
    post.post(reset()).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.counts(), (1, 0));
    assert_eq!(log.lines("the server answers 535").len(), 1);
    assert!(!log.text().contains("s3cret") && !log.text().contains("AG11c3ViaQBzM2NyZXQ="), "{}", log.text());
}

#[tokio::test]
async fn nothing_is_said_to_a_server_without_tls() {
    let (log, _guard) = Log::listen();
    let server = Server::start(&[]).await;
    let protection = Protection::StartTls;
    let address = SmtpServer { protection, credentials: Some(credentials()), ..server.address() };
    let post = begin(settings(Way::Smtp(address)));
    post.post(reset()).await.unwrap();
    assert_eq!(post.drain(LONG).await, 0);
    assert_eq!(server.state().lines, ["EHLO example.jp"]);
    assert_eq!(log.lines("STARTTLS is not supported on this server").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn nothing_is_said_after_a_handshake_that_failed() {
    for protection in [Protection::StartTls, Protection::Tls] {
        let server = Server::start(&[STARTTLS]).await;
        server.state().always = Some(STARTTLS);
        let address = SmtpServer { protection, credentials: Some(credentials()), ..server.address() };
        let post = begin(settings(Way::Smtp(address)));
        post.post(reset()).await.unwrap();
        server.until(|state| state.connections > 1).await;
        post.drain(LONG).await;
        let said = server.state().lines.join("\n");
        assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
        assert!(server.state().taken.is_empty());
    }
}

/// Names the port of the server to the process that trusts it.
const PORT: &str = "MUSUBI_TEST_SMTP_PORT";

/// A server's side of TLS as `localhost`; its certificate goes into the file.
fn localhost(file: &Path) -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(file, made.cert.pem()).expect("written");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

async fn send_inside_tls(port: u16, protection: Protection) {
    let host = "localhost".to_owned();
    let office = begin(settings(Way::Smtp(SmtpServer { host, port, protection, credentials: Some(credentials()) })));
    office.post(reset()).await.expect("room");
    office.drain(LONG).await;
}

/// The system's roots are those of a process, so whoever trusts the server is another: this very test, called with [`PORT`].
async fn sent_by_who_trusts_it(test: &'static str, protection: Protection) {
    if let Ok(port) = std::env::var(PORT) {
        return send_inside_tls(port.parse().expect("a port"), protection).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("roots.pem");
    let offer: &[_] = if protection == Protection::StartTls { &[STARTTLS] } else { &[] };
    let server = Server::protected(offer, Some((protection, localhost(&file)))).await;
    let port = server.port.to_string();
    let mut other = Command::new(std::env::current_exe().expect("this program"));
    other.args(["--exact", test]).env(PORT, port).env("SSL_CERT_FILE", &file).env_remove("SSL_CERT_DIR");
    let ended = tokio::task::spawn_blocking(move || other.output()).await.expect("no panic").expect("it runs");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(server.counts(), (1, 1), "{ended:?}");
    let lines = server.state().lines.clone();
    assert!(lines.contains(&"AUTH PLAIN AG11c3ViaQBzM2NyZXQ=".to_owned()), "{lines:?}");

    // To whom nobody vouches for it, it is not told anything.
    server.state().plan.extend(offer);
    server.state().lines.clear();
    send_inside_tls(server.port, protection).await;
    let lines = server.state().lines.clone();
    assert!(!lines.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{lines:?}");
    assert_eq!(server.counts().1, 1);
}

#[tokio::test]
async fn messages_go_inside_tls_to_a_server_that_is_vouched_for() {
    sent_by_who_trusts_it("protection::messages_go_inside_tls_to_a_server_that_is_vouched_for", Protection::Tls).await;
}

#[tokio::test]
async fn messages_go_after_starttls_to_a_server_that_is_vouched_for() {
    sent_by_who_trusts_it(
        "protection::messages_go_after_starttls_to_a_server_that_is_vouched_for",
        Protection::StartTls,
    )
    .await;
}
