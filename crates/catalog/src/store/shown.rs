//! A store as it is shown.

use super::{Store, StoreDetails};
use chrono::{DateTime, Utc};
use musubi_kernel::id::{StoreId, TenantId};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Shown {
    /// Id.
    id: StoreId,
    /// Whose it is.
    tenant_id: TenantId,
    #[serde(flatten)]
    details: StoreDetails,
    /// Whether the secret of the LINE channel is set.
    line_channel_secret_set: bool,
    /// Whether the access token of the LINE channel is set.
    line_access_token_set: bool,
    /// How often it was written.
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl From<Store> for Shown {
    fn from(store: Store) -> Self {
        Self {
            id: store.id,
            tenant_id: store.tenant_id,
            line_channel_secret_set: store.details.line_channel_secret.is_some(),
            line_access_token_set: store.details.line_access_token.is_some(),
            details: store.details,
            version: store.version,
            created_at: store.created_at,
            updated_at: store.updated_at,
        }
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use super::{Shown, Store};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    impl PartialSchema for Store {
        fn schema() -> RefOr<Schema> {
            Shown::schema()
        }
    }

    impl ToSchema for Store {
        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            Shown::schemas(schemas);
        }
    }
}
