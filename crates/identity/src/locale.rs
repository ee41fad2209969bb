//! In which language a person is addressed.

pub use musubi_kernel::locale::Locale;
