//! The binary itself: how it starts, what it prints, how it stops.

use crate::receiver::Receiver;
use musubi_sql::engine::{Db, PoolSettings, sqlite_url};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_musubi-api");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MUSUBI_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A server on a port of its own; killed if the test forgets it.
struct Server {
    child: Child,
    address: String,
    printed: Vec<String>,
}

impl Server {
    fn start(folder: &TempDir, change: impl FnOnce(&mut Command)) -> Self {
        let data = folder.path().join("data");
        let mut command = program(&["--listen", "127.0.0.1:0", "--data-dir", data.to_str().expect("a path")]);
        change(&mut command);
        let mut child = command.spawn().expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("output")).lines();
        let mut printed = Vec::new();
        let address = loop {
            let line = lines.next().expect("an address is printed").expect("a line");
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
            printed.push(line);
        };
        Self { child, address, printed }
    }

    /// The status of a GET.
    fn get(&self, path: &str, key: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }

    /// The answer's body to a POST that makes something.
    fn make(&self, path: &str, key: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for its end; gives its exit code and what it logged.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("a log").read_to_string(&mut log).expect("text");
        (self.child.wait().expect("an end").code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_wrong_setting_is_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let in_file = file.join("data");
    for (arguments, says) in [
        (vec!["--listen", "nowhere"], "--listen"),
        (vec!["--no-such-flag"], "--no-such-flag"),
        (vec!["--database-url", "mongodb://x"], "--database-url"),
        (vec!["--redis-url", "http://x"], "--redis-url"),
        (vec!["--log-format", "xml"], "--log-format"),
        (vec!["--access-token-lifetime", "31d"], "--session-idle-timeout"),
        (vec!["--argon2-memory-mib", "18"], "OWASP"),
        (vec!["--password-min-length", "7"], "8..=64"),
        (vec!["--data-dir", in_file.to_str().unwrap()], "--data-dir"),
        (
            vec!["--database-url", "sqlite:/no/such/folder/x.db", "--data-dir", folder.path().to_str().unwrap()],
            "SQLite",
        ),
    ] {
        let output = ended(&arguments);
        let (code, log) = (output.status.code(), text(&output.stderr));
        assert_eq!((code, log.lines().count()), (Some(2), 1), "{arguments:?}: {log}");
        assert!(log.starts_with("musubi-api: ") && log.contains(says), "{arguments:?}: {log}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let output = program(&[]).env("MUSUBI_SESSION_LIFETIME", "ninety days").output().unwrap();
    let log = text(&output.stderr);
    assert_eq!((output.status.code(), log.lines().count()), (Some(2), 1), "{log}");
    assert!(log.contains("--session-lifetime"), "{log}");
    for (name, value) in [
        ("MUSUBI_MASTER_KEY", "short"),
        ("MUSUBI_OPERATOR_KEY", "short"),
        ("MUSUBI_LOG", "=,="),
        ("MUSUBI_OIDC_GOOGLE_CLIENTID", "short"),
        ("MUSUBI_OIDC_REDIRECT_URIS", "http://shop.example.jp"),
    ] {
        let data = folder.path().join("data");
        let arguments = ["--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
        let output = program(&arguments).env(name, value).output().unwrap();
        let log = text(&output.stderr);
        assert_eq!((output.status.code(), log.lines().count()), (Some(2), 1), "{name}: {log}");
        assert!(log.contains(name) && !log.contains("short\""), "{log}");
    }
}

#[test]
fn help_and_version_are_for_standard_output() {
    let help = ended(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(text(&help.stdout).contains("Examples:"));
    let version = ended(&["--version"]);
    assert_eq!(text(&version.stdout).trim(), concat!("musubi-api ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn it_starts_with_nothing_keeps_its_data_and_stops_when_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(&folder, |_| ());
    let key =
        first.printed.iter().find_map(|line| line.split_once("operator key (shown this once): ")).expect("a key").1;
    let key = key.to_owned();
    assert_eq!(
        (first.get("/readyz", &key), first.get("/v1/caller", &key), first.get("/v1/caller", "x")),
        (200, 200, 401)
    );
    let mode = std::fs::metadata(folder.path().join("data/master.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    first.signal("-TERM");
    let (code, log) = first.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped") && !log.contains(&key), "{log}");

    let began = Instant::now();
    let second = Server::start(&folder, |_| ());
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(second.printed.iter().all(|line| !line.contains("operator key")), "{:?}", second.printed);
    assert_eq!(second.get("/v1/caller", &key), 200);
    second.signal("-INT");
    assert_eq!(second.end().0, Some(0));

    // A key that the settings name takes the place of the one before.
    let named = "an-operator-key-of-the-operators-own-making";
    let third = Server::start(&folder, |command| _ = command.env("MUSUBI_OPERATOR_KEY", named));
    assert_eq!((third.get("/v1/caller", named), third.get("/v1/caller", &key)), (200, 401));
}

#[test]
fn running_requests_are_finished_before_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |_| ());
    let key =
        server.printed.iter().find_map(|line| line.split_once("(shown this once): ")).expect("a key").1.to_owned();
    let body = r#"{"name":"Late"}"#;
    let mut late = TcpStream::connect(&server.address).unwrap();
    let (head, rest) = body.split_at(5);
    let length = body.len();
    let request = format!(
        "POST /v1/tenants HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    late.write_all(request.as_bytes()).unwrap();
    // It asks for the body: the request is being worked on.
    let mut asked = [0; 25];
    late.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    late.write_all(head.as_bytes()).unwrap();
    server.signal("-TERM");
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    late.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn one_that_does_not_finish_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |command| _ = command.args(["--drain-seconds", "1"]));
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(
        b"POST /v1/stores/0190a7a0-0000-7000-8000-000000000000/holds HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    server.signal("-TERM");
    let (code, log) = server.end();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_the_database_is_cut_off_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |command| _ = command.args(["--drain-seconds", "0"]));
    let key =
        server.printed.iter().find_map(|line| line.split_once("(shown this once): ")).expect("a key").1.to_owned();
    assert_eq!(server.get("/v1/caller", &key), 200);
    let url = sqlite_url(&folder.path().join("data/musubi.db"));
    let db = Db::connect(&url, PoolSettings::default()).await.unwrap();
    let writing = db.begin().await.unwrap();
    let body = r#"{"name":"Late"}"#;
    let mut late = TcpStream::connect(&server.address).unwrap();
    let request = format!(
        "POST /v1/tenants HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    late.write_all(request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    server.signal("-TERM");
    let (code, log) = server.end();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}: {log}", began.elapsed());
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("cut off") && log.contains("stopped"), "{log}");
    drop(writing);
}

#[test]
fn a_database_is_not_served_with_another_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(&folder, |_| ());
    first.signal("-TERM");
    assert_eq!(first.end().0, Some(0));
    let data = folder.path().join("data");
    let start = |other: Option<&str>| {
        let mut command = program(&["--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
        let output = command.envs(other.map(|key| ("MUSUBI_MASTER_KEY", key))).output().unwrap();
        let log = text(&output.stderr);
        assert_eq!((output.status.code(), log.lines().count()), (Some(2), 1), "{log}");
        log
    };
    let other = "11".repeat(32);
    assert!(start(Some(&other)).contains("MUSUBI_MASTER_KEY: this is not the master key"));
    let key = data.join("master.key");
    std::fs::remove_file(&key).unwrap();
    let log = start(None);
    assert!(log.contains("master.key") && log.contains("put it back"), "{log}");
    assert!(!key.exists(), "no other key is made");
}

/// The rest of a body is awaited for some seconds after the answer is known.
#[test]
fn who_sends_slowly_takes_no_room_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |command| _ = command.args(["--max-requests", "1"]));
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(
        b"POST /v1/tenants HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    )
    .unwrap();
    let answers: Vec<u16> = (0..20)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            server.get("/v1/caller", "unknown")
        })
        .collect();
    assert!(answers.contains(&401), "{answers:?}");
}

/// What no signature admits yet waits for its body in a few places of each client.
#[test]
fn slow_calls_of_carriers_take_little_room() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |command| _ = command.args(["--max-requests", "40", "--public-rate", "0"]));
    let (store, signature) = (uuid::Uuid::nil(), "A".repeat(44));
    let call = format!(
        "POST /v1/carriers/line/{store} HTTP/1.1\r\nhost: x\r\nx-line-signature: {signature}\r\ncontent-length: 50000\r\n\r\n{{"
    );
    let mut slow: Vec<_> = (0..40)
        .map(|_| {
            let mut slow = TcpStream::connect(&server.address).unwrap();
            slow.write_all(call.as_bytes()).unwrap();
            slow.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            slow
        })
        .collect();
    let (mut refused, began) = (0, Instant::now());
    while refused < 8 {
        assert!(began.elapsed() < Duration::from_secs(5), "{refused} were refused");
        slow.retain_mut(|slow| {
            let mut answer = [0; 12];
            let waits = slow.read_exact(&mut answer).is_err();
            refused += u32::from(!waits && answer.ends_with(b" 429"));
            waits
        });
    }
    assert_eq!(server.get("/v1/caller", "unknown"), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_inside_tells_the_systems_of_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, |command| _ = command.args(["--webhook-networks", "127.0.0.0/8"]));
    let key =
        server.printed.iter().find_map(|line| line.split_once("(shown this once): ")).expect("a key").1.to_owned();
    let receiver = Receiver::that([]).await;
    let tenant = server.make("/v1/tenants", &key, &json!({ "name": "Hana" }));
    let endpoints = format!("/v1/tenants/{}/webhook-endpoints", tenant["id"].as_str().unwrap());
    let endpoint = server.make(&endpoints, &key, &json!({ "url": receiver.url(), "events": ["store.*"] }));
    let mut store = crate::shop::new_store("hana");
    store["tenant_id"] = tenant["id"].clone();
    server.make("/v1/stores", &key, &store);
    let heard = tokio::time::timeout(Duration::from_secs(20), receiver.hears()).await.expect("it is told");
    assert!(heard.body.contains("store.created"), "{heard:?}");
    assert!(crate::webhooks::signed(&heard, endpoint["secret"].as_str().unwrap()).0);
}
