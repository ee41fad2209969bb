//! Segments as Twilio's own calculator counts them, the npm package `sms-segments-calculator`. `MUSUBI_TEST_NODE=off`
//! leaves this out.

use musubi_node_testing::{Programs, run};
use musubi_sms::segments::{Encoding, Segments};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const PROGRAMS: Programs = Programs {
    name: "sms",
    sources: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calculator"),
    files: &["package.json", "package-lock.json", "count.js"],
    target: env!("CARGO_TARGET_TMPDIR"),
};

/// The same texts each time.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategies = [
        "[a-zA-Z0-9 @£$¥èéÅåΔΦ\n]{0,400}",
        "[a€{}^|~\\[\\]\\\\]{0,400}",
        "[ご予約a、。 ]{0,200}",
        "[a🍎予]{0,200}",
        "[ -~]{0,320}",
    ];
    let mut texts = Vec::new();
    for pattern in strategies {
        let strategy = proptest::string::string_regex(pattern).expect("a pattern");
        texts.extend((0..60).map(|_| strategy.new_tree(&mut runner).expect("a text").current()));
    }
    let edges = [1, 69, 70, 71, 133, 134, 135, 159, 160, 161, 306, 307, 459, 460];
    texts.extend(edges.iter().flat_map(|length| ["a", "予", "€"].map(|letter| letter.repeat(*length))));
    texts.retain(|text| !text.is_empty());
    texts
}

#[test]
fn segments_are_those_of_the_services_own_calculator() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let texts = texts();
    let theirs: Vec<Value> =
        serde_json::from_str(&run(&folder, &["count.js"], &json!(texts).to_string())).expect("JSON");
    assert_eq!(texts.len(), theirs.len());
    for (text, theirs) in texts.iter().zip(theirs) {
        let ours = Segments::of(text);
        let encoding = match ours.encoding {
            Encoding::Gsm7 => "GSM-7",
            Encoding::Ucs2 => "UCS-2",
        };
        assert_eq!(json!({"encoding": encoding, "count": ours.count}), theirs, "{text:?}");
    }
}
