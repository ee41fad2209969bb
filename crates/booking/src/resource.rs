//! What can be booked: somebody, a room, a machine, a vehicle.

use crate::code::{ResourceKind, ServiceKind};
use crate::minute::Span;
use musubi_kernel::hours::WeeklyHours;
use musubi_kernel::id::ResourceId;

/// An active resource of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookableResource {
    /// The resource.
    pub id: ResourceId,
    /// What kind of thing it is.
    pub kind: ResourceKind,
    /// Its name, as customers read it.
    pub name: String,
    /// How fast it works in hundredths: 100 is as the menu says, 200 twice as fast.
    pub efficiency: u16,
    /// Extra price for nominating it, in yen an hour; may be negative.
    pub hourly_rate_diff: i64,
    /// Seats.
    pub capacity: u32,
    /// Lower comes first.
    pub sort_order: i32,
    /// When it works; `None`: whenever the store is open.
    pub hours: Option<WeeklyHours>,
    /// When it is away.
    pub absences: Vec<Span>,
}

impl BookableResource {
    /// The seats that a party takes, by whether parties share this kind of resource.
    pub fn seats_for(&self, service: ServiceKind, party_size: u32) -> u32 {
        if self.is_exclusive_for(service) { self.capacity } else { party_size }
    }

    /// Whether parties do not share it: rooms and vehicles, but for classes.
    pub fn is_exclusive_for(&self, service: ServiceKind) -> bool {
        !service.is_shared() && matches!(self.kind, ResourceKind::Room | ResourceKind::Vehicle)
    }
}
