//! Whose things are worked on, and by whose leave.

use musubi_kernel::access::{OperatorScope, PersonScope};
use musubi_kernel::id::{SessionId, UserId};

/// Leave to work on what is one person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleScope {
    /// Their own.
    Own(PersonScope),
    /// The operator's, on this person's.
    Operator(OperatorScope, UserId),
}

impl From<PersonScope> for PeopleScope {
    fn from(scope: PersonScope) -> Self {
        Self::Own(scope)
    }
}

impl PeopleScope {
    /// The person.
    pub const fn user(&self) -> UserId {
        match self {
            Self::Own(scope) => scope.user(),
            Self::Operator(_, user) => *user,
        }
    }

    /// The sign-in by which they act, if it is the person.
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::Own(scope) => Some(scope.session()),
            Self::Operator(..) => None,
        }
    }
}
