//! Holds: a window kept free for somebody who is about to book.

use crate::agreement::Agreement;
use crate::code::Rank;
use crate::price::Price;
use chrono::{DateTime, Utc};
use musubi_kernel::id::HoldId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A window kept free until an instant. It ends by the clock alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The hold.
    pub id: HoldId,
    /// SHA-256 of the token that its holder has.
    pub token_hash: [u8; 32],
    /// What is held, at what terms.
    pub terms: HeldTerms,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// The terms of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTerms {
    /// What the booking will be about.
    pub agreement: Agreement,
    /// What it will cost a customer of each rank.
    pub price_by_rank: BTreeMap<Rank, Price>,
    /// Whether the booking will wait for the store's word.
    pub needs_approval: bool,
}

impl Hold {
    /// Whether it still keeps its window.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires_at > now
    }

    /// What a customer of this rank gets.
    pub fn agreement_for(&self, rank: Rank) -> Agreement {
        let mut agreement = self.terms.agreement.clone();
        if let Some(price) = self.terms.price_by_rank.get(&rank) {
            agreement.price = *price;
        }
        agreement
    }
}
