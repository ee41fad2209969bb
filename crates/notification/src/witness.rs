//! What has become of messages, for those who run the installation.

use crate::notification::Notification;
use crate::webhook::delivery::Delivery;

/// Hears what has become of a message when its sending has ended, after that was written down.
pub trait Witness: Send + Sync {
    /// A notification was sent or has failed, was found to be needless when it was to be sent, or has arrived as its provider says.
    fn notification(&self, settled: &Notification);

    /// An event was delivered to an endpoint, or is given up.
    fn delivery(&self, settled: &Delivery);
}

/// Nobody asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn notification(&self, _: &Notification) {}
    fn delivery(&self, _: &Delivery) {}
}
