//! Who may call, in their tables.

mod api_key;
mod one_time_token;
mod people;
mod session;
mod sign_in_account;
mod user;
