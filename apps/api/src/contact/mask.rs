//! What is left of contact data for those who are not told how customers are reached.

use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::error::Invalid;
use serde_json::{Map, Value, json};

/// Stands for what is not shown.
pub(crate) const HIDDEN: &str = "•••";

/// The members of a customer by which they are reached, or known on LINE.
const MEMBERS: [&str; 6] = ["phone", "email", "address", "line_user_id", "line_picture_url", "notification_settings"];

/// The last four digits of a telephone number: `•••-5678`.
pub(crate) fn phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    // Of a number that short, four digits would be the most of it.
    let shown = if digits.len() < 8 { &[] } else { &digits[digits.len() - 4..] };
    format!("{HIDDEN}-{}", shown.iter().collect::<String>())
}

/// The first letter of an e-mail address: `h•••@•••`.
pub(crate) fn email(address: &str) -> String {
    format!("{}{HIDDEN}@{HIDDEN}", address.chars().take(1).collect::<String>())
}

/// A customer in full.
pub(crate) fn plain(customer: &Customer) -> Value {
    serde_json::to_value(customer).expect("a customer is plain data")
}

/// A customer without what they are reached by. Names stay: whoever may read customers must tell them apart.
pub(crate) fn masked(customer: &Customer) -> Value {
    let mut view = plain(customer);
    let details = &customer.details;
    let hidden = |there: bool| there.then_some(HIDDEN);
    view["phone"] = json!(details.phone.as_ref().map(|number| phone(number.as_str())));
    view["email"] = json!(details.email.as_ref().map(|address| email(address.as_str())));
    view["address"] = json!(hidden(details.address.is_some()));
    view["line_user_id"] = json!(hidden(details.line_user_id.is_some()));
    // How they are told of bookings may say where. Absent, so that nobody sends back that it is nothing.
    if let Some(members) = view.as_object_mut() {
        members.remove("notification_settings");
        members.remove("line_picture_url");
    }
    view
}

/// Whether a record says how its customer is reached.
pub(crate) fn tells_something(details: &CustomerDetails) -> bool {
    let CustomerDetails { phone, email, address, line_user_id, notification_settings, .. } = details;
    phone.is_some() || email.is_some() || address.is_some() || line_user_id.is_some() || notification_settings.is_some()
}

/// Whether members that a caller sends say by what somebody is reached, or known.
pub(crate) fn reaches(sent: &Map<String, Value>) -> bool {
    MEMBERS.iter().any(|member| sent.contains_key(*member))
}

/// Refuses what looks like a mask among the members that a caller sends: somebody who sends back what they were shown must
/// not write the mask over the data.
pub(crate) fn refuse_masks(sent: &Map<String, Value>) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    for member in ["phone", "email", "address", "line_user_id"] {
        let masked = sent.get(member).and_then(Value::as_str).is_some_and(|text| text.contains(HIDDEN));
        invalid.require(!masked, &format!("/{member}"), "masked", "is a mask; leave it out to keep what is on file");
    }
    invalid.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use musubi_kernel::access::{Actor, Permission, StoreRef};
    use musubi_kernel::entity::Entity as _;
    use uuid::Uuid;

    #[test]
    fn a_mask_keeps_enough_to_tell_numbers_apart_and_too_little_to_call() {
        for (number, left) in [
            ("+819012345678", "•••-5678"),
            ("+16502530000", "•••-0000"),
            ("+4912345678", "•••-5678"),
            ("+1234567", "•••-"),
            ("", "•••-"),
        ] {
            assert_eq!(phone(number), left, "{number}");
        }
        for (address, left) in
            [("hanako@example.jp", "h•••@•••"), ("h@example.jp", "h•••@•••"), ("花@example.jp", "花•••@•••")]
        {
            assert_eq!(email(address), left, "{address}");
        }
    }

    fn hanako() -> Customer {
        let at = StoreRef { store: Uuid::nil().into(), tenant: Uuid::nil().into(), open_to_public: false };
        let scope = Actor::System.on_store(&at, Permission::CustomerRead).expect("the system may do everything");
        let details = CustomerDetails {
            phone: "090-1234-5678".parse().ok(),
            email: "hanako@example.jp".parse().ok(),
            address: Some("東京都渋谷区1-2-3".to_owned()),
            line_user_id: Some("U4af4980629".to_owned()),
            line_picture_url: Some("https://profile.line-scdn.net/U4af4980629".to_owned()),
            notification_settings: serde_json::from_value(json!({ "mail_to": "hanako@example.jp" })).ok(),
            notes: Some("窓際".to_owned()),
            ..CustomerDetails::named("山田 花子")
        };
        Customer::create(Uuid::nil().into(), &scope, details, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_masked_customer_can_be_told_apart_and_not_reached() {
        let view = masked(&hanako());
        assert_eq!((&view["name"], &view["notes"]), (&json!("山田 花子"), &json!("窓際")));
        assert_eq!((&view["phone"], &view["email"]), (&json!("•••-5678"), &json!("h•••@•••")));
        let text = view.to_string();
        for private in ["1234", "example", "渋谷", "U4af"] {
            assert!(!text.contains(private), "{private}: {text}");
        }
        assert!(plain(&hanako()).to_string().contains("+819012345678"));
        assert!(tells_something(&hanako().details));
        // What is not on file is not said to be.
        let mut nothing = hanako();
        nothing.details = CustomerDetails::named("山田 花子");
        let view = masked(&nothing);
        for member in ["phone", "email", "address", "line_user_id"] {
            assert!(view[member].is_null(), "{member}");
        }
        assert!(!tells_something(&nothing.details));
    }

    #[test]
    fn a_mask_is_not_taken_for_data() {
        let Value::Object(view) = masked(&hanako()) else { panic!("an object") };
        let refused = refuse_masks(&view).expect_err("masks").into_violations();
        let refused: Vec<_> = refused.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(refused, ["/phone", "/email", "/address", "/line_user_id"]);
        let Value::Object(view) = plain(&hanako()) else { panic!("an object") };
        assert_eq!(refuse_masks(&view), Ok(()));
    }
}
