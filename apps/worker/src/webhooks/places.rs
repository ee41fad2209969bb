//! How many calls one endpoint has at once: one that is slow shall not have all that a worker can do.

use musubi_kernel::id::EndpointId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Calls of one endpoint at once.
const OF_ONE: usize = 8;

/// How long a call waits for one of the others to end. At an endpoint that answers there is a place by then.
const IN_LINE: Duration = Duration::from_millis(250);

/// The places of the endpoints that are being called.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<EndpointId, Arc<Semaphore>>>);

impl Places {
    /// A place at the endpoint, which is free again when it is dropped; `None`: there is none for now.
    pub(super) async fn enter(&self, endpoint: EndpointId) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Who has a place, or waits for one, has the endpoint's places in hand.
            all.retain(|_, places| Arc::strong_count(places) > 1);
            Arc::clone(all.entry(endpoint).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE))))
        };
        timeout(IN_LINE, places.acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn one_endpoint_has_so_many_calls_at_once_and_others_theirs() {
        let places = Places::default();
        let [slow, other] = [1, 2].map(|id| EndpointId(Uuid::from_u128(id)));
        let mut held = Vec::new();
        for _ in 0..OF_ONE {
            held.push(places.enter(slow).await.unwrap());
        }
        assert!(places.enter(slow).await.is_none());
        assert!(places.enter(other).await.is_some());
        held.pop();
        assert!(places.enter(slow).await.is_some());
        drop(held);
        assert!(places.enter(other).await.is_some());
        assert_eq!(places.0.lock().unwrap().len(), 1, "of who is not called nothing is kept");
    }
}
