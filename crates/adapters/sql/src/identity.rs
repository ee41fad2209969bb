//! Who may call, in their tables.

mod admin_user;
mod age_group;
mod api_key;
mod ephemeral;
mod one_time_token;
mod pages;
mod passkey;
mod people;
mod recovery_code;
mod session;
mod sign_in_account;
mod staff;
mod staff_account;
mod staff_invitation;
mod standing;
mod step_up;
mod two_factor;
mod user;
mod wordpress_link;
