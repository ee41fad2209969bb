//! Why somebody takes a step.

use musubi_kernel::error::Invalid;

/// A reason that must be given. At most [`musubi_kernel::check::LONG_TEXT`] characters, as every long text.
pub(super) fn required(reason: String) -> Result<String, Invalid> {
    let mut invalid = Invalid::default();
    invalid.require(!reason.trim().is_empty(), "/reason", "blank", "must not be blank");
    invalid.prose("/reason", reason.as_str());
    invalid.finish().map(|()| reason)
}

/// A reason that may be left out; a blank one is none.
pub(super) fn optional(reason: Option<String>) -> Result<Option<String>, Invalid> {
    reason.filter(|reason| !reason.trim().is_empty()).map(required).transpose()
}
