//! What can be set of a customer.

use crate::contact::{EmailAddress, PhoneNumber};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::check::JsonObject;
use musubi_kernel::codes;
use musubi_kernel::error::Invalid;
use serde::{Deserialize, Serialize};

codes! {
    /// A customer's gender, as far as the store knows it.
    Gender {
        /// Male.
        Male = "male",
        /// Female.
        Female = "female",
        /// Neither.
        Other = "other",
    }
}

codes! {
    /// A customer's rank.
    #[derive(Default)]
    LoyaltyRank {
        /// Never been here.
        New = "new",
        /// A customer like most.
        #[default]
        Regular = "regular",
        /// A good customer.
        Vip = "vip",
        /// The best.
        Premium = "premium",
    }
}

/// What can be set of a customer. At least `name` or `line_user_id` is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "name": "山田 花子",
    "name_kana": "やまだ はなこ",
    "phone": "090-1234-5678",
    "email": "hanako@example.jp",
    "birthday": "1990-04-01"
})))]
pub struct CustomerDetails {
    /// Who the customer is on LINE, up to 100 characters; unique in the store.
    pub line_user_id: Option<String>,
    /// Name on LINE, up to 255 characters.
    pub line_display_name: Option<String>,
    /// Web address of the picture on LINE.
    pub line_picture_url: Option<String>,
    /// Name, up to 255 characters.
    pub name: Option<String>,
    /// How the name is read, up to 255 characters.
    pub name_kana: Option<String>,
    /// Telephone number; Japanese if it names no country.
    pub phone: Option<PhoneNumber>,
    /// E-mail address.
    pub email: Option<EmailAddress>,
    /// Date of birth.
    pub birthday: Option<NaiveDate>,
    /// Gender.
    pub gender: Option<Gender>,
    /// Street address.
    pub address: Option<String>,
    /// Notes and wishes.
    pub notes: Option<String>,
    /// Allergies.
    pub allergies: Option<String>,
    /// The customer's preferences, an object of at most 16 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub preferences: Option<JsonObject>,
    /// Rank.
    pub loyalty_rank: LoyaltyRank,
    /// Whether the customer is kept from booking.
    pub is_restricted: bool,
    /// Until when; absent: for good. Forgotten when `is_restricted` is false.
    pub restriction_until: Option<DateTime<Utc>>,
    /// How the customer is told of bookings, an object of at most 16 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub notification_settings: Option<JsonObject>,
    /// Whether the record is in use.
    pub is_active: bool,
}

impl Default for CustomerDetails {
    fn default() -> Self {
        Self {
            line_user_id: None,
            line_display_name: None,
            line_picture_url: None,
            name: None,
            name_kana: None,
            phone: None,
            email: None,
            birthday: None,
            gender: None,
            address: None,
            notes: None,
            allergies: None,
            preferences: None,
            loyalty_rank: LoyaltyRank::default(),
            is_restricted: false,
            restriction_until: None,
            notification_settings: None,
            is_active: true,
        }
    }
}

impl CustomerDetails {
    /// A customer of this name with defaults for the rest.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Who is not restricted is not restricted until some time either.
    pub(crate) fn consistent(self) -> Self {
        Self { restriction_until: self.restriction_until.filter(|_| self.is_restricted), ..self }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/line_user_id", self.line_user_id.as_deref(), 1..=100);
        invalid.line("/line_display_name", self.line_display_name.as_deref(), 0..=255);
        invalid.web_address("/line_picture_url", self.line_picture_url.as_deref());
        invalid.line("/name", self.name.as_deref(), 1..=255);
        invalid.line("/name_kana", self.name_kana.as_deref(), 0..=255);
        invalid.require(
            self.name.is_some() || self.line_user_id.is_some(),
            "/name",
            "required",
            "a customer has a name or a line_user_id",
        );
        invalid.date("/birthday", self.birthday, 1900..=2100);
        invalid.prose("/address", self.address.as_deref());
        invalid.prose("/notes", self.notes.as_deref());
        invalid.prose("/allergies", self.allergies.as_deref());
        invalid.object("/preferences", &self.preferences);
        invalid.instant("/restriction_until", self.restriction_until);
        invalid.object("/notification_settings", &self.notification_settings);
        invalid.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: CustomerDetails = serde_json::from_value(json!({"name": "山田 花子"})).unwrap();
        assert_eq!(wire, CustomerDetails::named("山田 花子"));
        assert_eq!(json!(wire)["loyalty_rank"], "regular");
    }

    #[test]
    fn what_is_not_the_callers_is_refused() {
        for wrong in [
            json!({"name": "x", "total_spent": 1}),
            json!({"name": "x", "no_show_count": 0}),
            json!({"name": "x", "phone": "call me"}),
            json!({"name": "x", "email": "nobody"}),
            json!({"name": "x", "birthday": "2001-02-29"}),
            json!({"name": "x", "gender": "unknown"}),
            json!({"name": 7}),
        ] {
            assert!(serde_json::from_value::<CustomerDetails>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rules() {
        type Case = (fn(&mut CustomerDetails), &'static [(&'static str, &'static str)]);
        let cases: &[Case] = &[
            (|_| (), &[]),
            (|d| d.name = None, &[("/name", "required")]),
            (|d| (d.name, d.line_user_id) = (None, Some("U1".into())), &[]),
            (|d| d.name = Some(" ".into()), &[("/name", "blank")]),
            (|d| d.name = Some("👩".repeat(255)), &[]),
            (|d| d.name = Some("👩".repeat(256)), &[("/name", "too_long")]),
            (|d| d.name_kana = Some("ア".repeat(256)), &[("/name_kana", "too_long")]),
            (|d| d.line_user_id = Some(String::new()), &[("/line_user_id", "blank")]),
            (|d| d.line_user_id = Some("U".repeat(101)), &[("/line_user_id", "too_long")]),
            (|d| d.line_picture_url = Some("x".into()), &[("/line_picture_url", "bad_url")]),
            (|d| d.birthday = NaiveDate::from_ymd_opt(1899, 12, 31), &[("/birthday", "out_of_range")]),
            (|d| d.notes = Some("a\u{7}".into()), &[("/notes", "control_character")]),
            (|d| d.allergies = Some("a".repeat(16_384)), &[("/allergies", "too_long")]),
            (|d| d.restriction_until = DateTime::from_timestamp(-1, 0), &[("/restriction_until", "out_of_range")]),
            (
                |d| d.preferences = Some(JsonObject::from_iter([("a".into(), "x".repeat(20_000).into())])),
                &[("/preferences", "too_large")],
            ),
        ];
        for (index, (change, expected)) in cases.iter().enumerate() {
            let mut details = CustomerDetails::named("山田 花子");
            change(&mut details);
            let broken = details.check().err().map(Invalid::into_violations).unwrap_or_default();
            let broken: Vec<_> = broken.iter().map(|violation| (violation.pointer.as_str(), violation.code)).collect();
            assert_eq!(broken, *expected, "case {index}");
        }
    }
}
