//! In which language a person is addressed.

crate::codes! {
    /// The language in which a person is addressed: a language tag after BCP 47.
    #[derive(Default)]
    Locale {
        /// Japanese.
        #[default]
        Ja = "ja",
        /// English.
        En = "en",
    }
}
