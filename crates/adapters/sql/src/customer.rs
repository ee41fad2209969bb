//! The people that stores serve, in their table.

#[expect(clippy::module_inception, reason = "a noun has one path in every crate")]
mod customer;
