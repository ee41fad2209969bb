//! A fake of the [port](super::port) with a device, for tests and for embedding without a browser. Nothing is signed: an
//! answer names the question that it answers.

use super::port::{Asked, Flaw, PasskeyError, Passkeys, Registered, Used};
use super::{CredentialId, Passkey, Transport};
use crate::user::User;
use musubi_kernel::id::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes any answer to the question that was asked.
#[derive(Debug, Default)]
pub struct TrustingPasskeys {
    questions: AtomicU64,
}

/// What is asked, as it is kept and as the device sees it.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    challenge: u64,
    user: Option<UserId>,
    /// Which passkeys may answer, or must not be there yet; `None`: any may.
    credentials: Option<Vec<String>>,
}

/// What a device answers.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    id: String,
    challenge: u64,
    user: Option<UserId>,
    count: u32,
    verified: bool,
}

const fn wrong(flaw: Flaw) -> PasskeyError {
    PasskeyError::Wrong(flaw)
}

fn read(credential: &Value) -> Result<(CredentialId, Answer), PasskeyError> {
    let answer: Answer = serde_json::from_value(credential.clone()).map_err(|_| wrong(Flaw::Malformed))?;
    let id = CredentialId::from_text(&answer.id).ok_or(wrong(Flaw::Malformed))?;
    if answer.verified { Ok((id, answer)) } else { Err(wrong(Flaw::UserNotVerified)) }
}

fn question(kept: &str) -> Question {
    serde_json::from_str(kept).expect("this is what was kept")
}

impl TrustingPasskeys {
    fn ask(&self, user: Option<UserId>, credentials: Option<&[Passkey]>) -> Asked {
        let challenge = self.questions.fetch_add(1, Ordering::Relaxed);
        let credentials = credentials.map(|of| of.iter().map(|passkey| passkey.credential.to_text()).collect());
        let question = Question { challenge, user, credentials };
        let kept = serde_json::to_string(&question).expect("this is plain data");
        Asked { kept, options: json!(question) }
    }
}

impl Passkeys for TrustingPasskeys {
    fn begin_registration(&self, owner: &User, present: &[Passkey]) -> Result<Asked, PasskeyError> {
        Ok(self.ask(Some(owner.id), Some(present)))
    }

    fn finish_registration(&self, kept: &str, credential: &Value) -> Result<Registered, PasskeyError> {
        let (credential, answer) = read(credential)?;
        if answer.challenge != question(kept).challenge {
            return Err(wrong(Flaw::Challenge));
        }
        let (key, state) = (b"key".to_vec(), answer.count.to_be_bytes().to_vec());
        let transports = [Transport::Internal, Transport::Hybrid].into();
        Ok(Registered { credential, key, state, transports, is_backed_up: false, sign_count: answer.count })
    }

    fn begin_assertion(&self, of: Option<&[Passkey]>) -> Result<Asked, PasskeyError> {
        Ok(self.ask(None, of))
    }

    fn claim(&self, credential: &Value) -> Result<CredentialId, PasskeyError> {
        read(credential).map(|(credential, _)| credential)
    }

    fn finish_assertion(&self, kept: &str, credential: &Value, passkey: &Passkey) -> Result<Used, PasskeyError> {
        let (credential, answer) = read(credential)?;
        let question = question(kept);
        if answer.challenge != question.challenge {
            return Err(wrong(Flaw::Challenge));
        }
        let asked = question.credentials.is_none_or(|asked| asked.contains(&answer.id));
        if !asked || credential != passkey.credential || answer.user != Some(passkey.user) {
            return Err(wrong(Flaw::Credential));
        }
        if answer.count <= passkey.sign_count {
            return Err(wrong(Flaw::Counter));
        }
        let (state, sign_count) = (answer.count.to_be_bytes().to_vec(), answer.count);
        Ok(Used { state, is_backed_up: passkey.is_backed_up, sign_count })
    }
}

/// A device with one passkey, which answers what [`TrustingPasskeys`] asks.
#[derive(Debug, Clone)]
pub struct Device {
    /// By which it names its passkey.
    pub credential: CredentialId,
    /// Whose the passkey is, once it was made.
    pub user: Option<UserId>,
    /// How often it has answered.
    pub count: u32,
    /// Whether it asks who is there.
    pub verifies: bool,
}

impl Device {
    /// A device that has no passkey yet and will give it this id.
    pub fn new(credential: &[u8]) -> Self {
        let credential = CredentialId::new(credential.to_vec()).expect("not empty, and not too long");
        Self { credential, user: None, count: 0, verifies: true }
    }

    /// Makes its passkey.
    pub fn register(&mut self, options: &Value) -> Value {
        self.user = serde_json::from_value(options["user"].clone()).ok();
        self.answer(options)
    }

    /// Answers with its passkey.
    pub fn answer(&mut self, options: &Value) -> Value {
        self.count += 1;
        let Self { credential, user, count, verifies } = self;
        let challenge = options["challenge"].as_u64().unwrap_or_default();
        json!(Answer { id: credential.to_text(), challenge, user: *user, count: *count, verified: *verifies })
    }
}
