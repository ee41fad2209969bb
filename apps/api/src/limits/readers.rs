//! How many calls of one client wait for their bodies before anybody knows who is calling: so many slow ones take no room from others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most of one client. Who is in good faith sends a body within milliseconds.
const MOST: usize = 32;

/// Those who wait, by client.
#[derive(Debug, Clone, Default)]
pub struct Readers(Arc<Mutex<HashMap<String, usize>>>);

impl Readers {
    fn clients(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more of a client; `None`: it has as many as it may.
    pub fn enter(&self, client: String) -> Option<Reader> {
        let mut clients = self.clients();
        let waiting = clients.entry(client.clone()).or_default();
        if *waiting >= MOST {
            return None;
        }
        *waiting += 1;
        drop(clients);
        Some(Reader { all: self.clone(), client })
    }
}

/// One call that waits for its body, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Reader {
    all: Readers,
    client: String,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut clients = self.all.clients();
        if let Some(waiting) = clients.get_mut(&self.client) {
            *waiting -= 1;
            if *waiting == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_places() {
        let readers = Readers::default();
        let mut slow: Vec<_> = (0..MOST).map(|_| readers.enter("a".to_owned()).unwrap()).collect();
        assert!(readers.enter("a".to_owned()).is_none());
        drop(readers.enter("b".to_owned()).unwrap());
        slow.pop();
        let last = readers.enter("a".to_owned()).unwrap();
        assert!(readers.enter("a".to_owned()).is_none());
        drop((slow, last));
        assert!(readers.clients().is_empty(), "nothing is kept of who has gone");
    }
}
