//! Which POSTs take an `Idempotency-Key`: each does, or stands here with the reason why not.

use crate::openapi::operations;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What is answered must not be kept: tokens, codes and challenges of sign-ins.
const OF_SIGN_INS: &str = "/v1/auth/";

/// What comes to the same by itself, or must be done anew each time it is asked for.
const BY_THEMSELVES: [(&str, &str); 27] = [
    ("accept_invitation", "an invitation is accepted once"),
    ("add_passkey", "a challenge is answered once"),
    ("appoint_admin", "who is one already stays one"),
    ("ban_user", "who is banned already is refused"),
    ("begin_account_link", "each begins anew, and the last one counts"),
    ("begin_passkey", "each is a challenge of its own"),
    ("begin_step_up_passkey", "each is a challenge of its own"),
    ("begin_totp", "each begins anew, and the last one counts"),
    ("cancel_promotion", "once more changes nothing"),
    ("change_email", "each sends a mail of its own, and is limited"),
    ("change_password", "the second finds another password"),
    ("confirm_totp", "a code works once"),
    ("disable_webhook_endpoint", "what is switched off stays so"),
    ("enable_webhook_endpoint", "what is called stays so"),
    ("finish_account_link", "a link is finished once"),
    ("hear_from_line", "its events have ids of their own"),
    ("hear_of_sms", "its reports are about messages that have ids"),
    ("invite_staff", "one to the same address takes the place of the one before"),
    ("lock_user", "who is locked already is refused"),
    ("preview_notification_template", "it changes nothing"),
    ("read_my_notification", "what is read stays so"),
    ("read_my_notifications", "what is read stays so"),
    ("remove_two_factor", "what is gone stays so"),
    ("step_up", "each is a proof of its own, and is limited"),
    ("unban_user", "who is not banned is refused"),
    ("unlock_user", "who is not locked is refused"),
    ("withdraw_consent", "once more changes nothing"),
];

/// What does something each time, of which more does no harm.
const EACH_TIME: [(&str, &str); 8] = [
    ("make_line_code", "each code works, until one is used"),
    ("make_my_line_code", "each code works, until one is used"),
    ("renew_recovery_codes", "they are shown once, and must not be kept"),
    ("renew_webhook_secret", "it is shown once, and must not be kept; those before go on signing"),
    ("replay_webhook_delivery", "what waits already goes on waiting"),
    ("replay_webhook_range", "what waits already goes on waiting"),
    ("resend_notification", "what waits already is refused"),
    ("test_webhook_endpoint", "each is an event of its own, to be sent"),
];

fn takes_a_key(operation: &serde_json::Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|one| one["in"] == "header" && one["name"] == "Idempotency-Key")
}

#[test]
fn every_post_takes_a_key_or_says_why_not() {
    let mut named: BTreeSet<_> = BY_THEMSELVES.iter().chain(&EACH_TIME).map(|(id, _)| (*id).to_owned()).collect();
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let without = named.remove(id);
        if method != "POST" || path.starts_with(OF_SIGN_INS) {
            assert!(!takes_a_key(&operation) && !without, "{id}");
            continue;
        }
        assert!(
            takes_a_key(&operation) != without,
            "{method} {path}: {id} takes a key, or stands in a list: one of both"
        );
    }
    assert!(named.is_empty(), "there are no such operations: {named:?}");
}

/// The ids of the operations whose handlers take a body that happens once.
fn honouring(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            honouring(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for one in text.split("#[utoipa::path(").skip(1) {
            let (Some((_, id)), Some((head, _))) = (one.split_once("operation_id = \""), one.split_once(") -> "))
            else {
                continue;
            };
            if head.contains("Once<") {
                found.extend(id.split_once('"').map(|(id, _)| id.to_owned()));
            }
        }
    }
}

#[test]
fn who_is_said_to_take_a_key_does() {
    let mut honoured = BTreeSet::new();
    honouring(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut honoured);
    let told = operations().into_iter().filter(|(.., operation)| takes_a_key(operation));
    let told: BTreeSet<_> = told.map(|(.., operation)| operation["operationId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(honoured, told);
}
