//! What a menu needs of the store's resources.

use crate::resource::ResourceType;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::ResourceId;
use serde::{Deserialize, Serialize};

/// The most kinds of further resources that a menu may need.
pub const MAX_REQUIREMENTS: usize = 10;
/// The most resources that a list of them may name.
pub const MAX_LISTED: usize = 200;

/// Resources that a booking takes beside its primary one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Of which kind.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// How many, 1 to 20.
    #[serde(default = "one")]
    pub quantity: i32,
    /// Which ones will do; absent: any of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_ids: Option<Vec<ResourceId>>,
}

const fn one() -> i32 {
    1
}

pub(super) fn check(requirements: &[Requirement], invalid: &mut Invalid) {
    let pointer = "/required_resources";
    invalid.require(
        requirements.len() <= MAX_REQUIREMENTS,
        pointer,
        "too_many",
        format!("must have at most {MAX_REQUIREMENTS} entries"),
    );
    for (index, requirement) in requirements.iter().enumerate().take(MAX_REQUIREMENTS) {
        invalid.range(&format!("{pointer}/{index}/quantity"), requirement.quantity, 1..=20);
        if let Some(listed) = &requirement.resource_ids {
            let pointer = format!("{pointer}/{index}/resource_ids");
            check_list(listed, &pointer, invalid);
            let enough = usize::try_from(requirement.quantity).is_ok_and(|quantity| listed.len() >= quantity);
            invalid.require(
                listed.is_empty() || enough,
                &pointer,
                "too_few",
                "must name at least `quantity` resources",
            );
        }
    }
}

pub(super) fn check_types(types: Option<&[ResourceType]>, invalid: &mut Invalid) {
    let Some(types) = types else { return };
    let pointer = "/allowed_resource_types";
    invalid.require(!types.is_empty(), pointer, "empty", "must name a kind; leave it out for none in particular");
    invalid.require(!repeats(types), pointer, "repeated", "must name each kind once");
}

pub(super) fn check_list(listed: &[ResourceId], pointer: &str, invalid: &mut Invalid) {
    invalid.require(!listed.is_empty(), pointer, "empty", "must name a resource; leave it out for any");
    invalid.require(
        listed.len() <= MAX_LISTED,
        pointer,
        "too_many",
        format!("must name at most {MAX_LISTED} resources"),
    );
    let listed = &listed[..listed.len().min(MAX_LISTED)];
    invalid.require(!repeats(listed), pointer, "repeated", "must name each resource once");
}

fn repeats<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().any(|(place, item)| items[..place].contains(item))
}
