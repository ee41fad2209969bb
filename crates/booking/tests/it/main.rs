//! The rules of booking against examples and an independent oracle; its use cases over the ports in memory.

mod allocations;
mod desk;
mod examples;
mod fixture;
mod ledger;
mod oracle;
mod random_life;
mod random_shop;
mod search;
mod translate;
