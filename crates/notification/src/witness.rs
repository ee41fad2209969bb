//! What has become of messages, for those who run the installation.

use crate::notification::Notification;
use crate::template::engine::Fault;
use crate::webhook::delivery::Delivery;
use musubi_kernel::id::TemplateId;

/// Hears what has become of a message when its sending has ended, after that was written down.
pub trait Witness: Send + Sync {
    /// A notification was sent or has failed, was found to be needless when it was to be sent, or has arrived as its provider says.
    fn notification(&self, settled: &Notification);

    /// A store's own wording could not be filled in for a notification that is to be sent, which goes by the wording that comes with
    /// Musubi instead.
    fn wording(&self, of: &Notification, template: TemplateId, fault: &Fault);

    /// An event was delivered to an endpoint, or is given up.
    fn delivery(&self, settled: &Delivery);
}

/// Nobody asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn notification(&self, _: &Notification) {}
    fn wording(&self, _: &Notification, _: TemplateId, _: &Fault) {}
    fn delivery(&self, _: &Delivery) {}
}
