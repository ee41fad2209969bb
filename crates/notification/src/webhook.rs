//! Outgoing webhooks: a tenant hears of events at addresses of its own, signed as Standard Webhooks has it.
//!
//! | module | subject |
//! |---|---|
//! | [`endpoint`] | where a tenant wants to hear of what |
//! | `address` | which addresses it may have |
//! | [`filter`] | of which events |
//! | [`secret`] | how a receiver knows that it is us |
//! | [`delivery`] | one event on its way to one endpoint |
//! | [`schedule`] | when a delivery is tried again, and when an endpoint is switched off |
//! | [`endpoints`] | the use cases on endpoints |
//! | [`dispatch`] | which endpoints hear of an event |
//! | [`courier`] | the use case that delivers |
//! | [`replay`] | delivering again what was delivered, or was not |
//! | [`ports`], [`memory`] | what storage and the network must do, and their fakes |

mod address;
pub mod courier;
pub mod delivery;
pub mod dispatch;
pub mod endpoint;
pub mod endpoints;
pub mod filter;
pub mod memory;
pub mod ports;
pub mod replay;
pub mod schedule;
pub mod secret;
#[cfg(test)]
mod tests;
