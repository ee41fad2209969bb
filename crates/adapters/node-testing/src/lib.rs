//! Programs of Node.js with their packages: the official libraries of other sides, by which tests check what Musubi sends
//! and understands. `tests/needs` sees to Node.js and npm; `MUSUBI_TEST_NODE=off` leaves out the tests that need them.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of programs, with a `package.json` and a `package-lock.json`.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// What the folder with the packages is called.
    pub name: &'static str,
    /// Where the files are.
    pub sources: &'static str,
    /// Their names, `package.json` and `package-lock.json` included.
    pub files: &'static [&'static str],
    /// Where the folder with the packages is made: `env!("CARGO_TARGET_TMPDIR")`.
    pub target: &'static str,
}

impl Programs {
    /// The folder with the programs and their packages; `None`: tests that need Node.js are to be left out.
    ///
    /// It is made once for each state of its files: one test makes it, and the others wait.
    pub fn installed(&self) -> Option<PathBuf> {
        if std::env::var("MUSUBI_TEST_NODE").is_ok_and(|wish| wish == "off") {
            return None;
        }
        let texts: Vec<_> = self.files.iter().map(|name| fs::read(Path::new(self.sources).join(name))).collect();
        let texts: Vec<_> = texts.into_iter().map(|text| text.expect("a file of the programs")).collect();
        let state = HEXLOWER.encode(&Sha256::digest(texts.concat())[..8]);
        let folder = Path::new(self.target).join(format!("{}-{state}", self.name));
        let turn = File::create(folder.with_extension("lock")).expect("a file to wait at");
        turn.lock().expect("a turn");
        let complete = folder.join("complete");
        if !complete.exists() {
            fs::create_dir_all(&folder).expect("a folder");
            for (name, text) in self.files.iter().zip(&texts) {
                fs::write(folder.join(name), text).expect("written");
            }
            let npm = Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&folder)
                .output()
                .unwrap_or_else(|error| panic!("{}: {error}", missing("npm")));
            assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
            fs::write(complete, "").expect("written");
        }
        Some(folder)
    }
}

/// Runs a program of an installed folder to its end: what it says, told this as its input. One that fails is a failed
/// test.
pub fn run(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("node")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", missing("node")));
    // One that has ended by itself says why.
    let heard = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "node {arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    heard.expect("it listens to the end");
    said
}

/// What to do when a program cannot be started.
pub fn missing(name: &str) -> String {
    format!("{name} does not start; tests/needs installs it (Debian: nodejs npm), MUSUBI_TEST_NODE=off does without")
}
