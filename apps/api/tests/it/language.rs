//! Sentences in Japanese.

use musubi_api::language::Language;
use std::fs;
use std::path::Path;

/// The codes of failures in the sources below a folder: those of `code: "…"`, and those that a `fn code` answers.
fn codes(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let failures = text.split("impl Failure for").skip(1);
        let answered =
            failures.filter_map(|of| of.split("fn code").nth(1)).filter_map(|of| of.split("\n    }\n").next());
        let answered = answered.flat_map(|arms| arms.split("=> \"").skip(1));
        found.extend(
            text.split("code: \"").skip(1).chain(answered).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
        );
    }
}

#[test]
fn every_failure_of_identity_has_a_japanese_sentence() {
    let mut found = Vec::new();
    codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/identity/src"), &mut found);
    for known in ["wrong_credentials", "last_account", "too_many_attempts", "sign_in_busy"] {
        assert!(found.iter().any(|code| code == known), "{known}: the search is broken");
    }
    found.extend(
        ["person_only", "support_only", "moderator_only", "operator_only", "permission_missing", "cross_site_request"]
            .map(str::to_owned),
    );
    let silent: Vec<_> = found.iter().filter(|code| Language::Japanese.sentence(code, "").is_empty()).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
