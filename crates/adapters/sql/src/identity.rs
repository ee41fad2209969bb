//! Who may call, in their tables.

mod api_key;
