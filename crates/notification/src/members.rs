//! Reading an object of settings: every member that breaks a rule is named, and counts as absent.

use musubi_kernel::check::JsonObject;
use musubi_kernel::error::Invalid;
use serde_json::Value;

/// An object that is read, and what was found wrong in it.
pub(crate) struct Members<'a> {
    object: Option<&'a JsonObject>,
    pointer: String,
    invalid: &'a mut Invalid,
}

impl<'a> Members<'a> {
    /// The members of an object at `pointer`; those that are not `known` are refused.
    pub(crate) fn of(
        object: Option<&'a JsonObject>,
        pointer: impl Into<String>,
        known: &[&str],
        invalid: &'a mut Invalid,
    ) -> Self {
        let pointer = pointer.into();
        for name in object.into_iter().flat_map(JsonObject::keys).filter(|name| !known.contains(&name.as_str())) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let detail = format!("must be one of {}", known.join(", "));
            invalid.add(format!("{pointer}/{escaped}"), "unknown_member", detail);
        }
        Self { object, pointer, invalid }
    }

    /// Where a member is.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// A member, unless it is absent or null.
    pub(crate) fn member(&self, name: &str) -> Option<&'a Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    /// Notes what is wrong with a member.
    pub(crate) fn wrong(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.invalid.add(self.at(name), code, detail.into());
    }

    /// A member as `read` reads it.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        code: &'static str,
        detail: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let read = read(self.member(name)?);
        if read.is_none() {
            self.wrong(name, code, detail);
        }
        read
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "not_a_boolean", "must be true or false", Value::as_bool)
    }

    /// A member that is an object; with it, its members.
    pub(crate) fn within(&mut self, name: &str, known: &[&str]) -> Members<'_> {
        let object = self.read(name, "not_an_object", "must be an object", Value::as_object);
        Members::of(object, self.at(name), known, self.invalid)
    }

    /// What was found wrong so far, to add to.
    pub(crate) fn invalid(&mut self) -> &mut Invalid {
        self.invalid
    }
}
