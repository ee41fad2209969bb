//! Checking JSON against the schema that the OpenAPI document shows, so that all that is wrong is told at once.

use crate::json::{MOST_VIOLATIONS, below};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use musubi_kernel::error::{Invalid, Violation};
use serde_json::{Value, json};
use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

/// The code of a field that does not exist.
const UNKNOWN: &str = "unknown_field";

/// The compiled schemas, each made when it is first needed.
#[derive(Debug, Default)]
pub struct Schemas(RwLock<HashMap<TypeId, Arc<Validator>>>);

impl Schemas {
    /// The validator of a type.
    ///
    /// # Panics
    /// When the type's own schema is not valid; a test compiles those of all request bodies.
    pub fn of<T: ToSchema + 'static>(&self) -> Arc<Validator> {
        let id = TypeId::of::<T>();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        known.unwrap_or_else(|| {
            let made = Arc::new(compile(&document::<T>()));
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&made));
            made
        })
    }
}

/// A type's schema with all that it refers to.
fn document<T: ToSchema>() -> Value {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let schemas: HashMap<String, Value> = parts.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let mut root = json!(T::schema());
    root["components"] = json!({ "schemas": schemas });
    settle_formats(&mut root);
    root
}

fn compile(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("the schema of a request body is not valid: {error}"))
}

/// Formats of integers become bounds, which a validator knows. Of texts it judges dates and ids alone: what an e-mail
/// address is, say, is the domain's own rule.
fn settle_formats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let bounds = match object.get("format").and_then(Value::as_str) {
                Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                Some("int64") => Some((i64::MIN, i64::MAX)),
                _ => None,
            };
            if let Some((least, most)) = bounds {
                object.entry("minimum").or_insert_with(|| json!(least));
                object.entry("maximum").or_insert_with(|| json!(most));
            }
            let plain = |format: &Value| matches!(format.as_str(), Some("date" | "date-time" | "uuid"));
            if object.get("format").is_some_and(|format| format.is_string() && !plain(format)) {
                object.remove("format");
            }
            object.values_mut().for_each(settle_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(settle_formats),
        _ => {}
    }
}

/// All that the schema finds wrong with a value.
pub(crate) fn check(validator: &Validator, value: &Value) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    for error in validator.iter_errors(value) {
        if invalid.violations().len() >= MOST_VIOLATIONS {
            break;
        }
        note(&error, &mut invalid);
    }
    invalid.finish()
}

/// The fields of a value that do not exist.
pub(crate) fn unknown_fields(validator: &Validator, value: &Value) -> Vec<Violation> {
    let found = check(validator, value).err().map(Invalid::into_violations).unwrap_or_default();
    found.into_iter().filter(|found| found.code == UNKNOWN).collect()
}

fn note(error: &ValidationError<'_>, invalid: &mut Invalid) {
    let pointer = error.instance_path().as_str();
    let mut add = |code, detail: Cow<'static, str>| invalid.add(pointer, code, detail);
    match error.kind() {
        ValidationErrorKind::Type { kind } => add("wrong_type", format!("must be {}", types(kind)).into()),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            invalid.add(below(pointer, name), "missing", "this field is required");
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected.iter().take(MOST_VIOLATIONS) {
                invalid.add(below(pointer, name), UNKNOWN, "there is no such field");
            }
        }
        ValidationErrorKind::MaxLength { limit } => add("too_long", format!("at most {limit} characters").into()),
        ValidationErrorKind::MinLength { limit } => add("too_short", format!("at least {limit} characters").into()),
        ValidationErrorKind::MaxItems { limit } => add("too_many", format!("at most {limit} items").into()),
        ValidationErrorKind::MinItems { limit } => add("too_few", format!("at least {limit} items").into()),
        ValidationErrorKind::MaxProperties { limit } => add("too_many", format!("at most {limit} fields").into()),
        ValidationErrorKind::MinProperties { limit } => add("too_few", format!("at least {limit} fields").into()),
        ValidationErrorKind::Maximum { limit } => add("too_large", format!("at most {limit}").into()),
        ValidationErrorKind::Minimum { limit } => add("too_small", format!("at least {limit}").into()),
        ValidationErrorKind::ExclusiveMaximum { limit } => add("too_large", format!("less than {limit}").into()),
        ValidationErrorKind::ExclusiveMinimum { limit } => add("too_small", format!("more than {limit}").into()),
        ValidationErrorKind::Format { format } => add("bad_format", described(format)),
        ValidationErrorKind::Pattern { pattern } => add("bad_format", format!("must match {pattern}").into()),
        ValidationErrorKind::Enum { options } => add("not_one_of", format!("must be one of {options}").into()),
        ValidationErrorKind::Constant { expected_value } => {
            add("not_one_of", format!("must be {expected_value}").into());
        }
        ValidationErrorKind::UniqueItems => add("not_unique", "items must differ from each other".into()),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            add("not_a_multiple", format!("must be a multiple of {multiple_of}").into());
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            match nearest(pointer, context) {
                Some(errors) => errors.iter().for_each(|error| note(error, invalid)),
                None => add("wrong_type", "fits none of the shapes that are allowed here".into()),
            }
        }
        _ => add("invalid_value", "this value is not allowed here".into()),
    }
}

/// The alternative that was meant: the one whose errors lie deepest, leaving out those of another type altogether.
fn nearest<'a, 'e>(pointer: &str, context: &'a [Vec<ValidationError<'e>>]) -> Option<&'a Vec<ValidationError<'e>>> {
    let of_other_type = |errors: &[ValidationError<'_>]| {
        errors.iter().any(|error| {
            error.instance_path().as_str() == pointer && matches!(error.kind(), ValidationErrorKind::Type { .. })
        })
    };
    let mut meant = context.iter().filter(|errors| !of_other_type(errors));
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only),
        // `null` or something else: the something else says what is wrong.
        (None, _) => {
            let mut named = context.iter().filter(|errors| !errors.iter().any(wants_null));
            named.next().filter(|_| named.next().is_none())
        }
        (Some(first), Some(second)) => std::iter::once(first)
            .chain(std::iter::once(second))
            .chain(meant)
            .max_by_key(|errors| errors.iter().map(|error| error.instance_path().as_str().len()).max()),
    }
}

fn wants_null(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(jsonschema::JsonType::Null) })
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => type_name(*single).to_owned(),
        TypeKind::Multiple(several) => several.iter().map(type_name).collect::<Vec<_>>().join(" or "),
    }
}

const fn type_name(kind: jsonschema::JsonType) -> &'static str {
    match kind {
        jsonschema::JsonType::Array => "a list",
        jsonschema::JsonType::Boolean => "true or false",
        jsonschema::JsonType::Integer => "a whole number",
        jsonschema::JsonType::Null => "null",
        jsonschema::JsonType::Number => "a number",
        jsonschema::JsonType::Object => "an object",
        jsonschema::JsonType::String => "a text",
    }
}

fn described(format: &str) -> Cow<'static, str> {
    match format {
        "date" => "must be a date that exists, YYYY-MM-DD".into(),
        "date-time" => "must be an instant after RFC 3339, such as 2026-03-20T10:00:00Z".into(),
        "uuid" => "must be a UUID".into(),
        other => format!("must be a valid {other}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate, Utc};
    use musubi_kernel::hours::WeeklyHours;
    use uuid::Uuid;

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Sample {
        #[schema(min_length = 1, max_length = 5)]
        name: String,
        count: i32,
        on: Option<NaiveDate>,
        at: Option<DateTime<Utc>>,
        id: Option<Uuid>,
        hours: Option<WeeklyHours>,
        #[schema(minimum = 1)]
        seats: Option<i64>,
    }

    fn found(value: &Value) -> Vec<(String, &'static str)> {
        let schemas = Schemas::default();
        let Err(invalid) = check(&schemas.of::<Sample>(), value) else { return Vec::new() };
        let mut found: Vec<_> = invalid.violations().iter().map(|found| (found.pointer.clone(), found.code)).collect();
        found.sort();
        found
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        assert_eq!(found(&json!({ "name": "ok", "count": 1, "hours": null, "on": null })), []);
        let wrong = json!({
            "name": "too long", "count": 3_000_000_000_i64, "on": "2026-02-30", "at": "tomorrow", "id": "x", "seats": 0,
            "hours": { "mon": [{ "open": "24:61", "close": 7 }], "xyz": [] }, "extra": 1
        });
        assert_eq!(
            found(&wrong),
            [
                ("/at", "bad_format"),
                ("/count", "too_large"),
                ("/extra", "unknown_field"),
                ("/hours/mon/0/close", "wrong_type"),
                ("/hours/mon/0/open", "bad_format"),
                ("/hours/xyz", "unknown_field"),
                ("/id", "bad_format"),
                ("/name", "too_long"),
                ("/on", "bad_format"),
                ("/seats", "too_small")
            ]
            .map(|(pointer, code)| (pointer.to_owned(), code))
        );
        assert_eq!(
            found(&json!({ "count": "1", "hours": 5 })),
            [("/count", "wrong_type"), ("/hours", "wrong_type"), ("/name", "missing")]
                .map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }
}
