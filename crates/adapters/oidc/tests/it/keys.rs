//! Keys that sign as issuers do, and as forgers do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// RFC 7515, A.2.1: a published key, secret to nobody.
const RSA: [(&str, &str); 8] = [
    (
        "n",
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    ),
    ("e", "AQAB"),
    (
        "d",
        "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    ),
    (
        "p",
        "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    ),
    (
        "q",
        "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    ),
    (
        "dp",
        "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    ),
    (
        "dq",
        "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    ),
    (
        "qi",
        "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
    ),
];

/// A key with its name.
pub(crate) struct Key {
    kid: Option<String>,
    kind: Kind,
}

enum Kind {
    Rsa(Box<RsaKeyPair>),
    RsaPss(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Shared(Vec<u8>),
    /// Signs with nothing.
    None,
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64")
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn published_rsa() -> Box<RsaKeyPair> {
    let number = |name| decoded(RSA.iter().find(|(known, _)| *known == name).expect("a number of the key").1);
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: number("n"), e: number("e") },
        d: number("d"),
        p: number("p"),
        q: number("q"),
        dP: number("dp"),
        dQ: number("dq"),
        qInv: number("qi"),
    };
    Box::new(RsaKeyPair::from_components(&components).expect("a key"))
}

impl Key {
    fn named(name: &str, kind: Kind) -> Self {
        Self { kid: Some(name.to_owned()), kind }
    }

    pub(crate) fn rsa(kid: &str) -> Self {
        Self::named(kid, Kind::Rsa(published_rsa()))
    }

    pub(crate) fn rsa_pss(kid: &str) -> Self {
        Self::named(kid, Kind::RsaPss(published_rsa()))
    }

    pub(crate) fn p256(kid: &str) -> Self {
        let (algorithm, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::named(kid, Kind::P256(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key")))
    }

    pub(crate) fn ed25519(kid: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::named(kid, Kind::Ed25519(Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key")))
    }

    pub(crate) fn shared(secret: impl AsRef<[u8]>) -> Self {
        Self { kid: None, kind: Kind::Shared(secret.as_ref().to_vec()) }
    }

    pub(crate) fn none() -> Self {
        Self { kid: None, kind: Kind::None }
    }

    /// The same key under another name, or none.
    pub(crate) fn called(mut self, kid: Option<&str>) -> Self {
        self.kid = kid.map(str::to_owned);
        self
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.kind {
            Kind::Rsa(_) => "RS256",
            Kind::RsaPss(_) => "PS256",
            Kind::P256(_) => "ES256",
            Kind::Ed25519(_) => "EdDSA",
            Kind::Shared(_) => "HS256",
            Kind::None => "none",
        }
    }

    /// Its public half, as an issuer publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.kind {
            Kind::Rsa(_) | Kind::RsaPss(_) => json!({"kty": "RSA", "n": RSA[0].1, "e": RSA[1].1}),
            Kind::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..])})
            }
            Kind::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key())}),
            Kind::Shared(_) | Kind::None => panic!("nothing to publish"),
        };
        jwk["use"] = json!("sig");
        if let Some(kid) = &self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    /// What a forger knows of it: the bytes of its public half, in several forms.
    pub(crate) fn public_bytes(&self) -> Vec<Vec<u8>> {
        let jwk = serde_json::to_vec(&self.jwk()).expect("JSON");
        let raw = match &self.kind {
            Kind::Rsa(pair) | Kind::RsaPss(pair) => pair.public_key().as_ref().to_vec(),
            Kind::P256(pair) => pair.public_key().as_ref().to_vec(),
            Kind::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Kind::Shared(_) | Kind::None => panic!("nothing is public"),
        };
        vec![jwk, raw]
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut header = json!({"alg": self.algorithm(), "typ": "JWT"});
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        self.token_with_header(&header, claims)
    }

    /// A token with this header, whatever it says.
    pub(crate) fn token_with_header(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = encoded(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |pair: &RsaKeyPair, padding: &'static dyn signature::RsaEncoding| {
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(padding, &random, message, &mut signature).expect("signed");
            signature
        };
        match &self.kind {
            Kind::Rsa(pair) => rsa(pair, &signature::RSA_PKCS1_SHA256),
            Kind::RsaPss(pair) => rsa(pair, &signature::RSA_PSS_SHA256),
            Kind::P256(pair) => pair.sign(&random, message).expect("signed").as_ref().to_vec(),
            Kind::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Kind::Shared(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
            Kind::None => Vec::new(),
        }
    }

    /// `at_hash` of an access token: half of the digest that goes with the algorithm.
    pub(crate) fn at_hash(&self, access_token: &str) -> String {
        let digest = match self.kind {
            Kind::Ed25519(_) => digest::digest(&digest::SHA512, access_token.as_bytes()),
            _ => digest::digest(&digest::SHA256, access_token.as_bytes()),
        };
        encoded(&digest.as_ref()[..digest.as_ref().len() / 2])
    }
}

#[test]
fn the_hash_of_an_access_token_is_that_of_the_standard() {
    // OpenID Connect Core 1.0, A.3.
    let hash = Key::none().at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
}
