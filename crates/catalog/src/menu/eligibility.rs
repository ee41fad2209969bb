//! Whom a menu admits.

use super::MenuDetails;
use musubi_kernel::codes;
use musubi_kernel::error::Invalid;

codes! {
    /// Whom a menu is for.
    #[derive(Default)]
    GenderRestriction {
        /// Everybody.
        #[default]
        None = "none",
        /// Men.
        MaleOnly = "male_only",
        /// Women.
        FemaleOnly = "female_only",
    }
}

pub(super) fn check(details: &MenuDetails, invalid: &mut Invalid) {
    invalid.range("/min_participants", details.min_participants, 1..=1000);
    invalid.range("/max_participants", details.max_participants, 1..=1000);
    invalid.require(
        details.min_participants <= details.max_participants,
        "/max_participants",
        "min_above_max",
        "must not be below min_participants",
    );
    invalid.range("/min_age", details.min_age, 0..=150);
    invalid.range("/max_age", details.max_age, 0..=150);
    let crossed = matches!((details.min_age, details.max_age), (Some(min), Some(max)) if min > max);
    invalid.require(!crossed, "/max_age", "min_above_max", "must not be below min_age");
}
