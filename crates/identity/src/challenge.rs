//! Sign-ins whose first half was right, and which wait for a second factor.
//!
//! Whoever began one has a token: `mst_`, then the person's id and 256 random bits in URL-safe base64. The id tells where
//! to look; the bits are known to the holder alone, and only their digest is kept.

use crate::password_hash::PasswordHash;
use crate::session::Method;
use crate::sign_in_account::SignInAccount;
use crate::token::TokenDigest;
use crate::two_factor::Factor;
use crate::user::User;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use musubi_kernel::id::{IdGen, SignInAccountId, UserId};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How every token of a sign-in that waits begins.
pub const CHALLENGE_PREFIX: &str = "mst_";
/// How many proofs may be tried for one sign-in.
pub const TRIES: u32 = 5;
/// The bytes of the person's id.
const ID: usize = 16;
/// The bytes of a token.
const BYTES: usize = ID + 32;
/// The characters of a token after its prefix.
const CHARACTERS: usize = BYTES / 3 * 4;

/// What somebody gets whose password, or whose provider, was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// To be shown with the second factor.
    pub token: Secret,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// With what it can be answered, the app first.
    pub factors: Vec<Factor>,
}

/// A token that somebody shows, or that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChallengeToken {
    text: Secret,
    pub(crate) user: UserId,
}

impl ChallengeToken {
    pub(crate) fn new(user: UserId, ids: &dyn IdGen) -> Self {
        let random = Zeroizing::new(ids.secret());
        let bytes = Zeroizing::new([user.0.as_bytes().as_slice(), random.as_slice()].concat());
        Self { text: Secret::new(format!("{CHALLENGE_PREFIX}{}", URL_SAFE_NO_PAD.encode(&*bytes))), user }
    }

    /// The token in a text; `None`: it never was one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let coded = text.strip_prefix(CHALLENGE_PREFIX).filter(|coded| coded.len() == CHARACTERS)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(coded).ok()?);
        let user = Uuid::from_slice(bytes.get(..ID)?).ok()?;
        Some(Self { text: Secret::new(text), user: user.into() })
    }

    pub(crate) fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.text.expose())
    }

    /// By which a sign-in is told from others of the person.
    pub(crate) fn id(&self) -> Uuid {
        let mut half = [0; 16];
        half.copy_from_slice(&self.digest().0[..16]);
        Uuid::from_bytes(half)
    }

    /// Under which the sign-in is kept.
    pub(crate) fn key(&self) -> String {
        format!("session:{}:{}", self.user, self.id())
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.text
    }
}

/// What is kept of a sign-in that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HalfSignIn {
    /// Of the token.
    digest: String,
    /// By which account.
    pub(crate) account: SignInAccountId,
    /// How its first half was proven.
    pub(crate) first: Method,
    /// Of what is kept of the password: with another one this sign-in is void.
    password: Option<String>,
    /// Version of the person. Whoever was locked meanwhile, or changed otherwise, begins anew.
    person: i64,
}

impl HalfSignIn {
    pub(crate) fn new(token: &ChallengeToken, user: &User, account: &SignInAccount, first: Method) -> Self {
        let (digest, password) = (text(token.digest()), mark(account));
        Self { digest, account: account.id, first, password, person: user.version }
    }

    pub(crate) fn value(&self) -> String {
        serde_json::to_string(self).expect("this is plain data")
    }

    /// What was kept, if it is this token's.
    pub(crate) fn read(value: &str, token: &ChallengeToken) -> Option<Self> {
        serde_json::from_str(value).ok().filter(|read: &Self| read.digest == text(token.digest()))
    }

    /// Whether these are the person as they were, and the account with the password that was right.
    pub(crate) fn stands(&self, user: &User, account: &SignInAccount) -> bool {
        self.person == user.version && self.account == account.id && self.password == mark(account)
    }
}

/// A digest of the password's hash, which has random salt: nobody can try passwords by it.
fn mark(account: &SignInAccount) -> Option<String> {
    account.password_hash.as_ref().map(PasswordHash::as_text).map(TokenDigest::of).map(text)
}

fn text(digest: TokenDigest) -> String {
    URL_SAFE_NO_PAD.encode(digest.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;
    use musubi_kernel::id::CountingIds;

    fn user(version: i64) -> User {
        let new = User::new(Uuid::from_u128(2).into(), Locale::default(), None, "花子".into(), DateTime::UNIX_EPOCH);
        User { version, ..new }
    }

    fn account(hash: &str) -> SignInAccount {
        let (id, user) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        SignInAccount::local(id, user, PasswordHash::new(hash), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_token_names_its_person_and_is_told_from_others() {
        let (ids, user) = (CountingIds::default(), Uuid::from_u128(7).into());
        let (one, two) = (ChallengeToken::new(user, &ids), ChallengeToken::new(user, &ids));
        assert_ne!((one.digest(), one.key()), (two.digest(), two.key()));
        assert_eq!(one.key(), format!("session:{user}:{}", one.id()));
        let shown = one.clone().into_secret();
        assert_eq!((shown.expose().len(), ChallengeToken::read(shown.expose())), (68, Some(one)));
        assert!(!format!("{two:?}").contains(two.text.expose()));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for wrong in ["", "mst_", "mst_x", &format!("mst_{}", "!".repeat(64)), &format!("mso_{}", "A".repeat(64))] {
            assert_eq!(ChallengeToken::read(wrong), None, "{wrong}");
        }
        for length in [63, 65, 1_000_000] {
            assert_eq!(ChallengeToken::read(&format!("mst_{}", "A".repeat(length))), None, "{length}");
        }
        assert_eq!(ChallengeToken::read(&format!("mst_{}ああ", "A".repeat(58))), None);
    }

    #[test]
    fn what_is_kept_belongs_to_one_token_person_account_and_password() {
        let ids = CountingIds::default();
        let (token, other) =
            (ChallengeToken::new(account("a").user, &ids), ChallengeToken::new(account("a").user, &ids));
        let pending = HalfSignIn::new(&token, &user(3), &account("a"), Method::Password);
        let value = pending.value();
        assert!(!value.contains(&token.text.expose()[4..]), "{value}");
        assert_eq!(HalfSignIn::read(&value, &token), Some(pending.clone()));
        assert_eq!((HalfSignIn::read(&value, &other), HalfSignIn::read("{}", &token)), (None, None));
        let elsewhere = SignInAccount { id: Uuid::from_u128(3).into(), ..account("a") };
        let without = SignInAccount { password_hash: None, ..account("a") };
        for (account, stands) in [(account("a"), true), (account("b"), false), (elsewhere, false), (without, false)] {
            assert_eq!(pending.stands(&user(3), &account), stands, "{account:?}");
        }
        assert!(!pending.stands(&user(4), &account("a")), "the person has changed");
    }
}
