//! Where the service for text messages tells what has become of them.

use musubi_kernel::id::StoreId;
use musubi_kernel::secret::Secret;
use musubi_outgoing::Url;
use musubi_sms::report::{NotReport, Told};

/// Where the service tells what has become of messages, and how that is known to be the service.
#[derive(Debug, Clone)]
pub struct SmsReports {
    base: Url,
    token: Secret,
}

impl SmsReports {
    /// Reports come to the API, whose address as the service sees it is this, and are signed with the account's token.
    pub const fn new(base: Url, token: Secret) -> Self {
        Self { base, token }
    }

    /// Where the service tells of a store's messages.
    pub fn address(&self, store: StoreId) -> String {
        format!("{}/v1/carriers/sms/{store}", self.base.as_str().trim_end_matches('/'))
    }

    /// What a call about a store's message tells.
    pub fn open(&self, store: StoreId, signature: &str, body: &[u8]) -> Result<Told, NotReport> {
        Told::open(&self.token, &self.address(store), signature, body)
    }
}
