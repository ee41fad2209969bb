//! The committed OpenAPI document, and what holds for all of it.

use musubi_api::openapi::document;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Every operation: method, path, operation.
pub(crate) fn operations() -> Vec<(String, String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").clone();
    let each = |(path, item): (String, Value)| {
        let item = item.as_object().expect("an item").clone();
        item.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.into_iter().flat_map(each).collect()
}

#[test]
fn the_committed_document_is_the_real_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let real = format!("{:#}\n", document());
    if std::env::var_os("MUSUBI_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &real).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let first = real.lines().zip(committed.lines()).position(|(real, committed)| real != committed);
    assert!(
        committed == real,
        "docs/openapi.json differs from the routes at line {}; look at the change, then run the tests with MUSUBI_BLESS=1",
        first.unwrap_or_else(|| real.lines().count().min(committed.lines().count())) + 1
    );
}

#[test]
fn every_operation_is_named_tagged_and_told_of() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!id.is_empty() && ids.insert(id.clone()), "{method} {path}: operation id {id:?}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id} has no summary");
        let own = operation["tags"].as_array().expect("tags");
        assert!(own.len() == 1 && tags.contains(own[0].as_str().unwrap()), "{id}: tags {own:?}");
        let named: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).map(str::to_owned).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let told: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(named, told, "{id}: parameters of the path");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let named = answer["$ref"].as_str().map(|name| document.pointer(name.trim_start_matches('#')).expect(name));
            let answer = named.unwrap_or(answer);
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{id}: {status}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_both_closed_and_joined() {
    let document = document();
    walk(&document, &mut |value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
        }
        assert!(value.get("allOf").is_none(), "allOf of closed objects admits nothing: {value:#}");
    });
}

#[test]
fn every_schema_compiles() {
    let document = document();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let mut root = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
        root["components"] = document["components"].clone();
        jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// `PATCH` bodies say what changes, and any part of the `POST` body's example will do for that.
#[test]
fn every_request_body_has_an_example_that_is_valid() {
    let document = document();
    for (method, path, operation) in operations() {
        let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
        if !matches!(method.as_str(), "POST" | "PUT") {
            continue;
        }
        let mut schema = content.values().next().expect("a media type")["schema"].clone();
        let named = schema["$ref"].as_str().map(|name| document.pointer(name.trim_start_matches('#')).expect(name));
        let example = named.unwrap_or(&schema).get("example").cloned();
        let example = example.unwrap_or_else(|| panic!("{method} {path}: the body has no example"));
        schema["components"] = document["components"].clone();
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let wrong: Vec<_> =
            validator.iter_errors(&example).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{method} {path}: the example is not valid: {wrong:#?}");
    }
}

/// The example of an operation's body: that of its schema.
pub(crate) fn example_of(operation: &Value) -> Option<Value> {
    let document = document();
    let content = operation["requestBody"]["content"].as_object()?;
    let schema = content.values().next()?["schema"].clone();
    let named = schema["$ref"].as_str().map(|name| document.pointer(name.trim_start_matches('#')).expect(name));
    Some(named.unwrap_or(&schema).get("example").cloned().unwrap_or_else(|| serde_json::json!({})))
}

fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Object(object) => object.values().for_each(|value| walk(value, visit)),
        Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
