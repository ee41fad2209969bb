//! Reading JSON strictly: a name given twice and the NUL character, which PostgreSQL cannot store, are refused.

use musubi_kernel::error::Invalid;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// The most violations that are gathered: a body of a megabyte could hold a great many.
pub(crate) const MOST_VIOLATIONS: usize = 50;
/// The longest pointer that an answer repeats.
const LONGEST_POINTER: usize = 200;

/// Why a text is not JSON that we take.
#[derive(Debug)]
pub(crate) enum JsonError {
    /// It is not JSON.
    Malformed(serde_json::Error),
    /// It is JSON with parts that we refuse.
    Refused(Invalid),
}

/// Reads one JSON value and nothing after it.
pub(crate) fn read(text: &[u8]) -> Result<Value, JsonError> {
    let found = RefCell::default();
    let mut source = serde_json::Deserializer::from_slice(text);
    let value = Strict { pointer: "", found: &found }.deserialize(&mut source).map_err(JsonError::Malformed)?;
    source.end().map_err(JsonError::Malformed)?;
    found.into_inner().finish().map_err(JsonError::Refused)?;
    Ok(value)
}

/// `pointer` with one more step, escaped as RFC 6901 wants it and cut to a sane length.
pub(crate) fn below(pointer: &str, step: &str) -> String {
    let mut below = format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"));
    if below.len() > LONGEST_POINTER {
        let end = (0..=LONGEST_POINTER).rev().find(|end| below.is_char_boundary(*end)).unwrap_or(0);
        below.truncate(end);
        below.push('…');
    }
    below
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    pointer: &'a str,
    found: &'a RefCell<Invalid>,
}

impl Strict<'_> {
    fn note(&self, pointer: impl Into<String>, code: &'static str, detail: &'static str) {
        let mut found = self.found.borrow_mut();
        if found.violations().len() < MOST_VIOLATIONS {
            found.add(pointer, code, detail);
        }
    }

    fn text(&self, text: &str) {
        if text.contains('\0') {
            self.note(self.pointer, "nul_character", "a text must not contain the NUL character");
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        self.text(value);
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        self.text(&value);
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let pointer = below(self.pointer, &list.len().to_string());
            match items.next_element_seed(Strict { pointer: &pointer, ..self })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let pointer = below(self.pointer, &name);
            let field = Strict { pointer: &pointer, ..self };
            field.text(&name);
            if object.contains_key(&name) {
                field.note(pointer.as_str(), "duplicate_field", "a field must not be given twice");
            }
            let value = entries.next_value_seed(field)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<(String, &'static str)> {
        match read(text.as_bytes()) {
            Err(JsonError::Refused(invalid)) => {
                invalid.violations().iter().map(|found| (found.pointer.clone(), found.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_json_is_read_as_it_is() {
        let text = r#"{"a":[1,-2,3.5,null,true,"x"],"b":{"c":18446744073709551615}}"#;
        assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn doubled_fields_and_nul_are_refused_all_at_once() {
        assert_eq!(
            refused(r#"{"a":1,"b":["x\u0000"],"a":2,"c/d":{"e":1,"e":2}}"#),
            [
                ("/b/0".to_owned(), "nul_character"),
                ("/a".to_owned(), "duplicate_field"),
                ("/c~1d/e".to_owned(), "duplicate_field")
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(10_000);
        for text in ["", "{", "{\"a\":1e999}", "NaN", "[1] x", "\u{feff}{}", &deep] {
            assert!(matches!(read(text.as_bytes()), Err(JsonError::Malformed(_))), "{text:.20}");
        }
    }
}
