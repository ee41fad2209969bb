//! A device without hardware: it makes passkeys with P-256 and answers with them, and lies as it is told to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const KEY_FOLLOWS: u8 = 1 << 6;

/// A device with one passkey. What is public can be changed to lie.
pub struct Authenticator {
    key: EcdsaKeyPair,
    /// By which it names its passkey.
    pub credential: Vec<u8>,
    /// On which page it believes to be.
    pub origin: String,
    /// For which service; `None`: for that which the options name.
    pub party: Option<String>,
    /// Whether it is in a frame of another page.
    pub cross_origin: bool,
    /// Whether it asks who is there.
    pub verifies: bool,
    /// Whether there is a copy of its passkey.
    pub is_backed_up: bool,
    /// How often it has answered; it counts on unless this is `None`.
    pub count: Option<u32>,
    /// Whose its passkey is, once it was made.
    pub user: Option<String>,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The head of an item of CBOR.
fn head(kind: u8, length: usize) -> Vec<u8> {
    let kind = kind << 5;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..24), _) => vec![kind | length],
        (Ok(length), _) => vec![kind | 0x18, length],
        (Err(_), Ok(length)) => [&[kind | 0x19], length.to_be_bytes().as_slice()].concat(),
        (Err(_), Err(_)) => panic!("no device makes so much"),
    }
}

fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len()).as_slice(), value].concat()
}

fn name(value: &str) -> Vec<u8> {
    [head(3, value.len()).as_slice(), value.as_bytes()].concat()
}

impl Authenticator {
    /// A device on this page, with a passkey of its own.
    ///
    /// # Panics
    /// When the computer has no randomness.
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random);
        let mut credential = vec![0; 32];
        random.fill(&mut credential).expect("randomness");
        Self {
            key: key.expect("the key that was made"),
            credential,
            origin: origin.to_owned(),
            party: None,
            cross_origin: false,
            verifies: true,
            is_backed_up: false,
            count: Some(0),
            user: None,
        }
    }

    /// Makes its passkey, as `navigator.credentials.create` does with these options.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user = options["user"]["id"].as_str().map(str::to_owned);
        let client = self.client_data("webauthn.create", options);
        let length = u16::try_from(self.credential.len()).expect("no device has a longer one");
        let party = options["rp"]["id"].as_str().unwrap_or_default().to_owned();
        let authenticator = [
            self.head(&party, KEY_FOLLOWS).as_slice(),
            &[0; 16],
            &length.to_be_bytes(),
            &self.credential,
            &self.public_key(),
        ]
        .concat();
        let object = [
            head(5, 3),
            name("fmt"),
            name("none"),
            name("attStmt"),
            head(5, 0),
            name("authData"),
            bytes(&authenticator),
        ]
        .concat();
        let response = json!({
            "clientDataJSON": text(client),
            "attestationObject": text(object),
            "transports": ["internal", "hybrid"],
        });
        self.credential(&response)
    }

    /// Answers with its passkey, as `navigator.credentials.get` does with these options.
    ///
    /// # Panics
    /// When the computer has no randomness.
    pub fn get(&mut self, options: &Value) -> Value {
        self.count = self.count.map(|count| count + 1);
        let client = self.client_data("webauthn.get", options);
        let party = options["rpId"].as_str().unwrap_or_default().to_owned();
        let authenticator = self.head(&party, 0);
        let signed = [authenticator.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("randomness");
        let response = json!({
            "clientDataJSON": text(client),
            "authenticatorData": text(authenticator),
            "signature": text(signature),
            "userHandle": self.user,
        });
        self.credential(&response)
    }

    fn credential(&self, response: &Value) -> Value {
        let id = text(&self.credential);
        json!({
            "id": id,
            "rawId": id,
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "type": "public-key",
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let Self { origin, cross_origin, .. } = self;
        let challenge = options["challenge"].as_str().unwrap_or_default();
        // In the order in which browsers write it.
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{cross_origin}}}"#)
    }

    fn head(&self, party: &str, more: u8) -> Vec<u8> {
        let party = self.party.as_deref().unwrap_or(party);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = USER_PRESENT
            | flag(self.verifies, USER_VERIFIED)
            | BACKUP_ELIGIBLE
            | flag(self.is_backed_up, BACKED_UP)
            | more;
        let count = self.count.unwrap_or_default().to_be_bytes();
        [digest(&SHA256, party.as_bytes()).as_ref(), &[flags], &count].concat()
    }

    /// As COSE has it: EC2, ES256, P-256, x and y.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21], bytes(x).as_slice(), &[0x22], &bytes(y)].concat()
    }
}
