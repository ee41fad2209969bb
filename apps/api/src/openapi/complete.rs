//! Completes the document that the routes give: what all operations of a kind have in common, and schemas in the form
//! that readers of the document understand.

use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

type Object = Map<String, Value>;

const SCHEMAS: &str = "/components/schemas";
/// Who deletes themselves means it, whatever their name is by then.
const DELETED_AS_IT_IS: &str = "/v1/me";
/// What browsers call without a body: their cookies say the same.
const WITHOUT_BODY: [&str; 2] = ["/v1/auth/refresh", "/v1/auth/sign-out"];
/// By what routes mark operations that ask a person for a recent proof.
const RECENT_PROOF: &str = "x-recent-proof";
/// The same in words.
const PROOF_NEEDED: &str = "A person needs a proof of the last ten minutes of who they are: a sign-in, or \
                            `POST /v1/me/step-up`. Without one it is 403 `step_up_required`.";
/// The problem of who has none.
const UNPROVEN: &str = "Problem403StepUp";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Completes the document.
pub(super) fn complete(document: &mut Value) {
    join_parts(document);
    document["components"]["responses"] = problems();
    let mut patches = Object::new();
    let schemas = document.pointer(SCHEMAS).and_then(Value::as_object).cloned().unwrap_or_default();
    let changeable: HashSet<String> = operations(document)
        .filter(|(_, method, operation)| {
            let mut answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
            matches!(method.as_str(), "patch" | "put") && answers.any(|(_, answer)| is_versioned(answer, &schemas))
        })
        .map(|(path, ..)| path.to_owned())
        .collect();
    for (path, method, operation) in operations(document) {
        let as_it_is = method == "delete" && path == DELETED_AS_IT_IS;
        let changes = matches!(method.as_str(), "patch" | "put" | "delete");
        let over = changes && changeable.contains(path) && !as_it_is;
        let repeatable = method == "post" && is_repeatable(path);
        add_headers(&method, over, repeatable, operation, &schemas);
        add_problems(path, &method, over, operation);
        say_what_is_proven(operation);
        name_patch(operation, &schemas, &mut patches);
        if WITHOUT_BODY.contains(&path) {
            operation["requestBody"]["required"] = false.into();
        }
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut(SCHEMAS) {
        schemas.extend(patches);
    }
}

/// Every operation with its path and method.
fn operations(document: &mut Value) -> impl Iterator<Item = (&str, String, &mut Object)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten();
        methods.filter_map(move |(method, operation)| Some((path.as_str(), method.clone(), operation.as_object_mut()?)))
    })
}

/// A thing and the details that are flattened into it come as `allOf`, of which the details admit no other field: as
/// such nothing would ever fit. They become one object; what is only written is left out. Lists hold their items' schema
/// once more; there it is named instead.
fn join_parts(document: &mut Value) {
    let Some(Value::Object(schemas)) = document.pointer_mut(SCHEMAS) else { return };
    let parts = schemas.clone();
    let names: HashMap<String, &str> = parts
        .iter()
        .filter(|(_, schema)| schema.get("allOf").is_some() || schema.get("properties").is_some())
        .map(|(name, schema)| (schema.to_string(), name.as_str()))
        .collect();
    for schema in schemas.values_mut() {
        for field in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(items) = field.1.get_mut("items")
                && let Some(name) = names.get(&items.to_string())
            {
                *items = json!({ "$ref": format!("#/components/schemas/{name}") });
            }
        }
        if schema.get("allOf").is_some()
            && let Some(whole) = joined(schema, &parts)
        {
            *schema = whole;
        }
    }
}

/// An object schema, or several in `allOf`, as one.
fn joined(schema: &Value, schemas: &Object) -> Option<Value> {
    if let Some(name) = referred(schema) {
        return joined(schemas.get(name)?, schemas);
    }
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else {
        return (schema.get("type")? == "object").then(|| schema.clone());
    };
    let (mut properties, mut required) = (Object::new(), Vec::new());
    for part in parts {
        let part = joined(part, schemas)?;
        let fields = part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        properties.extend(fields.into_iter().filter(|(_, field)| field.get("writeOnly").is_none()));
        required.extend(part.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    let mut whole = json!({ "type": "object", "properties": properties, "required": required });
    if let Some(description) = schema.get("description") {
        whole["description"] = description.clone();
    }
    Some(whole)
}

/// The name of the component that a schema refers to.
fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// A merge patch may name any of the fields, and none must be there.
fn name_patch(operation: &mut Object, schemas: &Object, patches: &mut Object) {
    let content = operation.get_mut("requestBody").and_then(|body| body.get_mut("content"));
    let Some(content) = content.and_then(Value::as_object_mut).filter(|content| content.contains_key(MERGE_PATCH))
    else {
        return;
    };
    let schema = &mut content[MERGE_PATCH]["schema"];
    let Some((name, whole)) = referred(schema).and_then(|name| Some((name.to_owned(), schemas.get(name)?))) else {
        return;
    };
    let mut patch = whole.clone();
    if let Some(patch) = patch.as_object_mut() {
        patch.remove("required");
        patch.insert(
            "description".to_owned(),
            "A merge patch: fields that are absent stay as they are, null takes a field back to its default.".into(),
        );
        for field in patch.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            or_null(field.1);
        }
    }
    let patch_name = format!("{}Patch", name.strip_suffix("Details").unwrap_or(&name));
    *schema = json!({ "$ref": format!("#/components/schemas/{patch_name}") });
    patches.insert(patch_name, patch);
    let plain = content[MERGE_PATCH].clone();
    content.insert("application/json".to_owned(), plain);
}

fn or_null(field: &mut Value) {
    match field.get("type").cloned() {
        Some(Value::String(kind)) => field["type"] = json!([kind, "null"]),
        Some(_) => {}
        None if field.get("oneOf").is_some() => {}
        None => {
            let description = field.as_object_mut().and_then(|field| field.remove("description"));
            *field = json!({ "oneOf": [{ "type": "null" }, field.clone()] });
            if let Some(description) = description {
                field["description"] = description;
            }
        }
    }
}

/// Whether a POST takes an `Idempotency-Key`. Those around sign-ins, staff and the platform do not: what they answer must not
/// be kept, or a repeat comes to the same by itself. So does one of a preview, of sending what has failed again, of what is done
/// to a webhook endpoint, and of what carriers tell, who have names of their own for it.
fn is_repeatable(path: &str) -> bool {
    let itself_repeatable =
        ["/v1/carriers/", "/v1/public/consents/"].iter().any(|beginning| path.starts_with(beginning));
    if path.contains("/webhook-endpoints/") || path.contains("/promotions/") || itself_repeatable {
        return false;
    }
    let of_people = ["/v1/auth/", "/v1/me/", "/v1/admins", "/v1/users/"];
    let is_booking = path.starts_with("/v1/me/bookings/") && !path.ends_with("/line-code");
    let by_itself = ["/invitations", "/preview", "/resend", "/line-code"].iter().any(|end| path.ends_with(end));
    is_booking || !(of_people.iter().any(|beginning| path.starts_with(beginning)) || by_itself)
}

/// Headers of requests and answers.
fn add_headers(method: &str, over: bool, repeatable: bool, operation: &mut Object, schemas: &Object) {
    let mut tagged = false;
    for (status, answer) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
        if answer.get("description").is_none_or(|text| text == "") {
            answer["description"] = if status == "201" { "It was made" } else { "The answer" }.into();
        }
        let versioned = is_versioned(answer, schemas);
        if versioned {
            tagged = true;
            answer["headers"]["ETag"] = json!({ "description": "The version", "schema": { "type": "string" } });
        }
        if method == "post" && status == "201" && versioned {
            answer["headers"]["Location"] = json!({ "description": "Its address", "schema": { "type": "string" } });
        }
    }
    let header = match method {
        "post" if repeatable => {
            ("Idempotency-Key", "Makes a repeat of this request get the first answer; kept 24 hours")
        }
        "get" if tagged => ("If-None-Match", "Entity tags that the caller has: 304 when one still holds"),
        _ if over => ("If-Match", "The entity tag that the caller saw: 412 when it no longer holds"),
        _ => return,
    };
    if method == "get" {
        operation["responses"]["304"] = json!({ "description": "The caller has it already" });
    }
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(json!({
            "name": header.0, "in": "header", "required": false, "description": header.1,
            "schema": { "type": "string", "maxLength": 255 }
        }));
    }
}

/// Whether an answer shows something that has a version: its own, or that of the person whose record it is.
fn is_versioned(answer: &Value, schemas: &Object) -> bool {
    let named = |schema: &Value| referred(schema).and_then(|name| schemas.get(name)).cloned();
    let has_version = |schema: &Value| schema.pointer("/properties/version").is_some();
    let shown = answer.pointer("/content/application~1json/schema").and_then(named);
    shown.is_some_and(|shown| {
        has_version(&shown) || shown.pointer("/properties/user").and_then(named).is_some_and(|user| has_version(&user))
    })
}

/// Every problem that an operation of its kind can answer with, unless the operation says more of it itself.
fn add_problems(path: &str, method: &str, over: bool, operation: &mut Object) {
    let v1 = path.starts_with("/v1");
    let changes = method != "get";
    let body = operation.contains_key("requestBody");
    let known = !operation
        .get("security")
        .and_then(Value::as_array)
        .is_some_and(|ways| ways.iter().all(|way| way.as_object().is_some_and(Object::is_empty)));
    let kinds = [
        (400, v1),
        (401, v1),
        (403, v1),
        (404, path.contains('{') || v1 && known),
        (408, body),
        (409, v1 && changes),
        (412, v1 && over),
        (413, body),
        (415, body),
        (422, v1 && changes),
        (429, v1),
        (500, true),
        (503, true),
    ];
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, _) in kinds.into_iter().filter(|(_, applies)| *applies) {
        answers
            .entry(status.to_string())
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/Problem{status}") }));
    }
}

/// Says in words of an operation, and in its 403, that a person proves again who they are.
fn say_what_is_proven(operation: &mut Object) {
    if !operation.contains_key(RECENT_PROOF) {
        return;
    }
    let said = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    let whole = if said.is_empty() { PROOF_NEEDED.to_owned() } else { format!("{said}\n\n{PROOF_NEEDED}") };
    operation.insert("description".to_owned(), whole.into());
    operation["responses"]["403"] = json!({ "$ref": format!("#/components/responses/{UNPROVEN}") });
}

/// Every problem, as the operations refer to it.
fn problems() -> Value {
    let described = |description: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let content = json!({ "application/problem+json": { "schema": schema } });
        json!({ "description": description, "content": content })
    };
    let mut problems: Object =
        PROBLEMS.iter().map(|(status, description)| (format!("Problem{status}"), described(description))).collect();
    let unproven =
        "As of every operation; or `step_up_required`: it is too long ago that the person proved who they are";
    problems.insert(UNPROVEN.to_owned(), described(unproven));
    Value::Object(problems)
}

const PROBLEMS: [(u16, &str); 13] = [
    (400, "The request is malformed or invalid; `errors` has every violation"),
    (401, "The credentials are missing or no good"),
    (403, "The caller lacks the permission, or a page of another site has made a call with cookies"),
    (404, "There is no such thing, or the caller may not know of it"),
    (408, "The body did not arrive in time"),
    (409, "The present state stands against it"),
    (412, "It has been changed since"),
    (413, "The body is larger than 1 MiB"),
    (415, "The body is of another content type"),
    (422, "A rule refuses it, or the idempotency key was used for another request"),
    (429, "Too many calls without credentials, tries or mails; see `Retry-After`"),
    (500, "A defect on our side"),
    (503, "The server is busy, or what it depends on is away; see `Retry-After`"),
];
