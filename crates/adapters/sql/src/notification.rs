//! What customers and tenants are told.

mod webhook;
