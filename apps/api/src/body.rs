//! Request bodies: JSON that fits its schema, with everything that is wrong told at once.

use crate::json::{self, JsonError};
use crate::problem::Problem;
use crate::schema;
use crate::state::App;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jsonschema::Validator;
use musubi_kernel::error::Invalid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// The largest body, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// A body of the type `T`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: FromJson + ToSchema + 'static> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let value = json_body(app, request, &["application/json"]).await?;
        Ok(Self(read_as(&app.schemas.of::<T>(), value)?))
    }
}

/// `None`: there is no body at all, whatever its type is said to be: pages often say that of every call.
impl<T: FromJson + ToSchema + 'static> OptionalFromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<App>>::from_request(request, app).await.map(Some)
    }
}

/// A merge patch (RFC 7396) of a `T`.
#[derive(Debug)]
pub struct MergePatch<T> {
    patch: Map<String, Value>,
    validator: Arc<Validator>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest<App> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let patch = json_body(app, request, &["application/merge-patch+json", "application/json"]).await?;
        let Value::Object(patch) = patch else {
            return Err(Invalid::one("", "wrong_type", "must be an object").into());
        };
        Ok(Self { patch, validator: app.schemas.of::<T>(), of: std::marker::PhantomData })
    }
}

impl<T: DeserializeOwned + Serialize> MergePatch<T> {
    /// `present` with the patch applied. The whole is checked, so that pointers lie in the patched thing; null takes nothing back
    /// that does not exist.
    ///
    /// # Panics
    ///
    /// If `present` cannot be written as JSON: a defect, which the caller meets as an internal problem. Nothing is merged
    /// onto a stand-in.
    pub fn onto(&self, present: &T) -> Result<T, Invalid> {
        let mut whole = serde_json::to_value(present).expect("what is patched is plain data");
        let mut named = whole.clone();
        name_fields(&mut named, &self.patch);
        let unknown = schema::unknown_fields(&self.validator, &named);
        merge_fields(&mut whole, &self.patch);
        let read = read_as(&self.validator, whole);
        if unknown.is_empty() {
            return read;
        }
        let mut invalid = read.err().unwrap_or_default();
        let told: HashSet<_> = invalid.violations().iter().map(|told| told.pointer.clone()).collect();
        for one in unknown.into_iter().filter(|one| !told.contains(&one.pointer)) {
            invalid.add(one.pointer, one.code, one.detail);
        }
        Err(invalid)
    }

    /// What the patch names.
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.patch
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    match patch {
        Value::Object(patch) => merge_fields(target, patch),
        plain => *target = plain.clone(),
    }
}

fn merge_fields(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// As [`merge_fields`], but fields that are null stay there: a merge leaves no trace of them by which it could be seen that they
/// exist.
fn name_fields(target: &mut Value, patch: &Map<String, Value>) {
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        match (target.get_mut(name), value) {
            (Some(present @ Value::Object(_)), Value::Object(inner)) => name_fields(present, inner),
            (Some(_), _) => {}
            (None, value) => drop(target.insert(name.clone(), value.clone())),
        }
    }
}

/// Checks a value against its schema and reads it.
pub(crate) fn read_as<T: FromJson>(validator: &Validator, value: Value) -> Result<T, Invalid> {
    schema::check(validator, &value)?;
    T::from_json(value)
}

/// What can be read from JSON that fits its schema. What the schema lets pass and the type does not is told by the type.
pub trait FromJson: Sized {
    /// Reads it.
    fn from_json(value: Value) -> Result<Self, Invalid>;
}

impl<T: DeserializeOwned> FromJson for T {
    fn from_json(value: Value) -> Result<Self, Invalid> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let pointer = error.path().iter().fold(String::new(), |pointer, step| match step {
                serde_path_to_error::Segment::Seq { index } => json::below(&pointer, &index.to_string()),
                serde_path_to_error::Segment::Map { key } => json::below(&pointer, key),
                serde_path_to_error::Segment::Enum { variant } => json::below(&pointer, variant),
                serde_path_to_error::Segment::Unknown => pointer,
            });
            let told = error.inner().to_string();
            // The schema takes `1.0` for a whole number, the type does not.
            if told.starts_with("invalid type: floating point") {
                return Invalid::one(pointer, "wrong_type", "must be a whole number");
            }
            let detail: String = told.chars().filter(|c| !c.is_control()).take(200).collect();
            Invalid::one(pointer, "invalid_value", detail)
        })
    }
}

/// The body as JSON, if it is sent as one of these content types.
pub(crate) async fn json_body(app: &App, request: Request, content_types: &[&str]) -> Result<Value, Problem> {
    if !is_one_of(request.headers(), content_types) {
        let detail = format!("the body must be sent as {}", content_types.join(" or "));
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    if is_encoded(request.headers()) {
        let detail = "the body must be sent as it is, without `Content-Encoding`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    let text = bytes(request, app.body_time).await?;
    json::read(&text).map_err(|error| match error {
        JsonError::Refused(invalid) => invalid.into(),
        JsonError::Malformed(error) => malformed(&text, &error),
    })
}

fn malformed(text: &[u8], error: &serde_json::Error) -> Problem {
    let detail = if text.is_empty() {
        "the body is empty; it must be JSON".to_owned()
    } else {
        format!("the body is not JSON that can be read, at line {}, column {}", error.line(), error.column())
    };
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

fn is_one_of(headers: &HeaderMap, content_types: &[&str]) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let known = parts.next().is_some_and(|given| content_types.iter().any(|known| given.eq_ignore_ascii_case(known)));
    known
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
                charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Whether the body is packed in some way.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().any(|given| {
        let plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
        !given.to_str().is_ok_and(|given| given.split(',').map(str::trim).all(plain))
    })
}

/// Whether the head of the request already says that its body is larger than [`LARGEST`].
pub(crate) fn is_announced_too_large(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    // A length that is too long to be a number is too large as well; hyper has refused what is not one.
    length.is_some_and(|length| length.parse::<u64>().map_or(true, |length| length > LARGEST as u64))
}

/// All bytes of the body, at most [`LARGEST`], within `patience`.
pub(crate) async fn bytes(request: Request, patience: Duration) -> Result<Bytes, Problem> {
    at_most(request, LARGEST, patience).await
}

/// All bytes of the body, at most so many, within `patience`. One that is longer, or says so, is 413.
pub(crate) async fn at_most(request: Request, most: usize, patience: Duration) -> Result<Bytes, Problem> {
    let body = request.into_body();
    if body.size_hint().lower() > most as u64 {
        return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let body = Limited::new(body, most);
    match tokio::time::timeout(patience, body.collect()).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "body_cut_off", "the body ended before its end")),
        Err(_) => Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merging_follows_the_examples_of_rfc_7396() {
        for (target, patch, merged) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            let mut target = target;
            merge(&mut target, &patch);
            assert_eq!(target, merged, "{patch}");
        }
    }

    #[test]
    fn the_content_type_is_matched_with_its_parameters() {
        let matches = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, axum::http::HeaderValue::from_static(value));
            is_one_of(&headers, &["application/json"])
        };
        assert!(matches("application/json") && matches("Application/JSON; charset=UTF-8"));
        assert!(!matches("text/json") && !matches("application/json; charset=shift_jis") && !matches(""));
    }
}
