//! Groups of ages, by which people say how old they are without telling their birthday.

use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use serde::{Deserialize, Serialize};

/// Names a group of ages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct AgeGroupId(pub i32);

/// A group of ages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgeGroup {
    /// Id.
    pub id: AgeGroupId,
    /// Stable code, such as `25_34`.
    pub code: String,
    /// The first age in it, in years.
    pub min_age: i32,
    /// The last one; null: there is none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub max_age: Option<i32>,
}

/// Where the groups are kept. They come with the tables.
#[async_trait]
pub trait AgeGroupBook: Send + Sync {
    /// All of them, the youngest first.
    async fn age_groups(&self) -> Result<Vec<AgeGroup>, StoreError>;
}
