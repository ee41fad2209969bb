//! The page that says who may do what.

use super::Outcome;
use super::party::Party;
use crate::isolation::Operation;
use musubi_kernel::access::{Permission, Role};
use std::fmt::Write as _;

const HEAD: &str = "\
# Who may do what

Made by a test that calls every operation as everybody (`apps/api/tests/it/permissions.rs`), and held to what it finds: a
change of who may do what is a change of this page.

## What each role at a store brings

What API keys name as their scopes is what roles bring. A person can have more or less than their role
([staff.md](staff.md)). Permissions on a tenant as a whole are for API keys alone.

";

const OPERATIONS: &str = "
## Every operation

Each is called on a store's things, with what exists there, by: nobody; a key of another tenant; a key of the tenant with
another permission; a customer who has signed in, and is nobody to the store; one who has booked there, on their own booking;
those who work there (`staff` are linked to the resource of the booking); a key of the tenant with every permission;
admins of the platform with the roles `support` and `moderator`; one with the role `admin`, in a session in which they last
[proved](identity.md#what-a-token-alone-cannot-do) who they are more than ten minutes ago; the operator. API keys are those of the tenant, or, where somebody works at the
store, of the store.

✓ means that nothing but the operation's own rules stands in the way. 401: it takes credentials. 403: known, and not
allowed. 404: not even told that it exists. proof: 403 `step_up_required`, as every person is answered who
would else have ✓ (for another password, who has a second factor); `add_passkey` and `finish_account_link` ask so too, once what was
brought is good. signature: 401 `bad_signature`, as the [carrier's](channels.md) signature alone opens it.

";

/// The page.
pub(super) fn written(answers: &[(String, Party, Outcome)]) -> String {
    let mut page = HEAD.to_owned();
    let roles: Vec<_> = Role::ALL.iter().map(|role| role.code()).collect();
    head(&mut page, "permission", &roles);
    for permission in Permission::ALL {
        let has = |role: &Role| if Role::of(*permission).contains(role) { "✓" } else { "" };
        row(&mut page, permission.code(), &Role::ALL.iter().map(has).collect::<Vec<_>>());
    }
    page.push_str(OPERATIONS);
    let parties: Vec<_> = Party::ALL.iter().map(|party| party.name()).collect();
    let mut tag = String::new();
    let mut operations: Vec<Operation> = Operation::every().collect();
    operations.sort_by_cached_key(|operation| operation.tag().to_owned());
    for operation in operations {
        if operation.tag() != tag {
            operation.tag().clone_into(&mut tag);
            let _ = writeln!(page, "{}### {tag}\n", if page.ends_with("\n\n") { "" } else { "\n" });
            head(&mut page, "operation", &parties);
        }
        let answer = |party: &Party| {
            let found = answers.iter().find(|(id, caller, _)| (id, caller) == (&operation.id, party));
            match found.expect("an answer").2 {
                Outcome::Reached => "✓",
                Outcome::Unauthenticated => "401",
                Outcome::Forbidden => "403",
                Outcome::Unproven => "proof",
                Outcome::Hidden => "404",
                Outcome::Unsigned => "signature",
            }
        };
        row(&mut page, &operation.id, &Party::ALL.iter().map(answer).collect::<Vec<_>>());
    }
    page
}

fn head(page: &mut String, first: &str, columns: &[&str]) {
    let _ = writeln!(page, "| {first} | {} |", columns.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(columns.len()));
}

fn row(page: &mut String, first: &str, cells: &[&str]) {
    let _ = writeln!(page, "| `{first}` | {} |", cells.join(" | "));
}
