//! The program: its settings, what it serves, how it stops.

use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_sql_testing::{Engine, TestDb, on_each_engine};
use sea_query::{Expr, Query};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi-worker"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MUSUBI_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A worker that serves its figures; killed if the test forgets it.
struct Worker {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Worker {
    fn begin(test: &TestDb) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = "2a".repeat(32);
        let mut command = program(&["--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.args(["--database-url", test.url(), "--data-dir", folder.path().to_str().unwrap()]);
        let mut child = command.env("MUSUBI_MASTER_KEY", key).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("an address is printed").unwrap();
        let address = line.strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address, _folder: folder }
    }

    /// Status and body of a GET.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Tells it to stop; its exit code and what it logged.
    fn end(mut self) -> (Option<i32>, String) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_wrong_setting_is_one_line_and_exit_code_2() {
    for arguments in [
        vec!["--listen", "nowhere"],
        vec!["--jobs-at-once", "0"],
        vec!["--no-such-flag"],
        vec!["--database-url", "mongodb://x"],
        vec!["--log-format", "xml"],
    ] {
        let output = ended(&arguments);
        let log = text(&output.stderr);
        assert_eq!((output.status.code(), log.lines().count()), (Some(2), 1), "{arguments:?}: {log}");
        assert!(log.starts_with("musubi-worker: ") && log.contains(arguments[0]), "{log}");
    }
}

#[test]
fn help_and_version_are_for_standard_output() {
    let help = ended(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(text(&help.stdout).contains("Examples:"));
    let version = ended(&["--version"]);
    assert_eq!(text(&version.stdout).trim(), concat!("musubi-worker ", env!("CARGO_PKG_VERSION")));
}

/// The file of a `musubi-api` is not another's to serve, nor one that is made by mistake.
#[test]
fn a_sqlite_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = ended(&["--data-dir", folder.path().to_str().unwrap()]);
    let log = text(&output.stderr);
    assert_eq!((output.status.code(), log.lines().count()), (Some(2), 1), "{log}");
    assert!(log.contains("--database-url") && log.contains("musubi-api"), "{log}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

async fn it_works_tells_and_stops(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return;
    }
    let (one, two) = (Worker::begin(&test), Worker::begin(&test));
    for worker in [&one, &two] {
        assert_eq!((worker.get("/healthz").0, worker.get("/readyz").0, worker.get("/nothing").0), (200, 200, 404));
    }
    // The schedules of both are the same five entries.
    let entries = Query::select().expr(Expr::val(1)).from("schedules").to_owned();
    let made = async {
        while test.db.all(&entries).await.unwrap().len() != 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), made).await.expect("the schedules are made");
    // Their time comes, and their work is done.
    let mut tx = test.db.begin().await.unwrap();
    let past: chrono::DateTime<chrono::Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    tx.execute(&Query::update().table("schedules").value("next_at", past).to_owned()).await.unwrap();
    tx.commit().await.unwrap();
    let done = async {
        loop {
            let figures = [one.get("/metrics").1, two.get("/metrics").1].concat();
            let done =
                |kind: &str| figures.contains(&format!("job_attempts_total{{kind=\"{kind}\",outcome=\"done\"}}"));
            let kinds = ["upkeep.holds", "upkeep.answers", "upkeep.sign_ins", "upkeep.work", "upkeep.retention"];
            if kinds.into_iter().all(done) {
                break figures;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let figures = tokio::time::timeout(Duration::from_mins(1), done).await.expect("the work is done");
    for name in [
        "job_wait_seconds_bucket{kind=\"upkeep.holds\"",
        "job_run_seconds_count",
        "events 0",
        "events_oldest_seconds 0",
    ] {
        assert!(figures.contains(name), "{name} is not in {figures}");
    }
    for worker in [one, two] {
        let (code, log) = worker.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
        assert!(log.contains("\"stopped\"") && !log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
    assert_eq!(test.db.list(&JobFilter::default(), 9).await.unwrap(), []);
}
on_each_engine!(it_works_tells_and_stops);
