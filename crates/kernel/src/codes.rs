//! Small closed sets whose members have stable codes.

/// Declares an enum whose members are written as codes: in JSON, in the database, in errors. The crate that uses it has
/// the feature `openapi`, and `serde` among its dependencies.
///
/// ```
/// musubi_kernel::codes! {
///     /// How loud.
///     #[derive(Default)]
///     Loudness {
///         /// Not very.
///         #[default]
///         Low = "low",
///         /// Very.
///         VeryHigh = "very_high",
///     }
/// }
/// assert_eq!(Loudness::VeryHigh.code(), "very_high");
/// assert_eq!(Loudness::from_code("low"), Some(Loudness::default()));
/// ```
#[macro_export]
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $code)] $variant),+ }

        impl $name {
            /// Every member.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The member with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        // By hand: utoipa's derive does not see a code that a macro hands to serde.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($code),+]))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}
