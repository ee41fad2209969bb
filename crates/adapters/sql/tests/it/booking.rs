//! Bookings on every engine: the contract of the ports, which the fake in memory keeps too, the desk from end to end,
//! and races.

mod agree;
mod desk;
pub(crate) mod ground;
mod hold;
pub(crate) mod house;
mod kept;
mod line;
mod list;
mod occupancy;
mod patron;
mod person;
mod race;
mod revision;
mod settings;
mod shop;
mod trips;
mod unit;
