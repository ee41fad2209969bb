//! What is kept while the answer of a passkey is awaited.

use super::port::Asked;
use crate::ephemeral::Ephemeral;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CeremonyId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// What the answer is for. An answer for one thing is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// A new passkey of this person, in this session of theirs.
    Add(UserId, SessionId),
    /// A sign-in of whoever answers.
    SignIn,
    /// To finish this sign-in of this person.
    SecondStep(UserId, Uuid),
    /// To prove again who this person is, in this session of theirs.
    StepUp(UserId, SessionId),
}

impl Purpose {
    const fn user(self) -> Option<UserId> {
        match self {
            Self::Add(user, _) | Self::SecondStep(user, _) | Self::StepUp(user, _) => Some(user),
            Self::SignIn => None,
        }
    }
}

/// What somebody gets who asks a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    /// To be given with the answer. It is good for one.
    pub id: CeremonyId,
    /// What the device needs.
    pub options: Value,
    /// Until when the answer is awaited.
    pub expires_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    purpose: Purpose,
    asked: String,
}

fn key(id: CeremonyId, purpose: Purpose) -> String {
    match purpose.user() {
        Some(user) => format!("passkey:{user}:{id}"),
        None => format!("passkey:{id}"),
    }
}

/// Keeps what was asked.
pub(crate) async fn keep(
    store: &dyn Ephemeral,
    id: CeremonyId,
    purpose: Purpose,
    asked: Asked,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Ceremony, StoreError> {
    let Asked { kept, options } = asked;
    let value = serde_json::to_string(&Kept { purpose, asked: kept }).expect("this is plain data");
    store.put(&key(id, purpose), &value, expires_at, now).await?;
    Ok(Ceremony { id, options, expires_at })
}

/// What was asked for this purpose; `None`: nothing, or it was answered before. Of all who answer at once, one gets it.
pub(crate) async fn take(
    store: &dyn Ephemeral,
    id: CeremonyId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let value = store.take(&key(id, purpose), now).await?;
    let kept: Option<Kept> = value.and_then(|value| serde_json::from_str(&value).ok());
    Ok(kept.filter(|kept| kept.purpose == purpose).map(|kept| kept.asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ephemeral::memory::EphemeralInMemory;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_good_once_in_time_and_for_one_purpose() {
        let store = EphemeralInMemory::default();
        let of = Uuid::from_u128;
        let id = CeremonyId::from(of(1));
        let purposes = [
            Purpose::Add(of(2).into(), of(3).into()),
            Purpose::StepUp(of(2).into(), of(3).into()),
            Purpose::StepUp(of(2).into(), of(4).into()),
            Purpose::SecondStep(of(2).into(), of(3)),
            Purpose::SignIn,
        ];
        let put = async |purpose| {
            let asked = Asked { kept: "question".into(), options: Value::Null };
            keep(&store, id, purpose, asked, at(300), at(0)).await.unwrap();
        };
        for asked in purposes {
            for answered in purposes {
                put(asked).await;
                let expected = (asked == answered).then(|| "question".to_owned());
                assert_eq!(take(&store, id, answered, at(299)).await.unwrap(), expected, "{asked:?} {answered:?}");
                assert!(take(&store, id, answered, at(299)).await.unwrap().is_none());
                store.flush();
            }
            put(asked).await;
            assert!(take(&store, id, asked, at(300)).await.unwrap().is_none());
        }
    }
}
