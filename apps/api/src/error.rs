//! The one place where kinds of failure become HTTP.

use crate::problem::{Problem, Retry};
use axum::http::StatusCode;
use musubi_kernel::error::{ErrorKind, Failure};
use std::borrow::Cow;

/// Seconds after which a dependency that is away may be back.
const UNAVAILABLE_RETRY: u64 = 2;

const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Stale => StatusCode::PRECONDITION_FAILED,
        ErrorKind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable | ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl<E: Failure> From<E> for Problem {
    fn from(error: E) -> Self {
        let kind = error.kind();
        let status = status_of(kind);
        if kind == ErrorKind::Internal {
            return Self::internal(format!("{error:?}"));
        }
        let mut problem = Self::new(status, error.code(), Cow::Owned(error.to_string()));
        problem.errors = error.violations().to_vec();
        match kind {
            ErrorKind::Unavailable | ErrorKind::Busy => {
                problem.internal = Some(format!("{error:?}"));
                problem.expected = kind == ErrorKind::Busy;
                problem.retry_after(UNAVAILABLE_RETRY)
            }
            ErrorKind::TooMany => {
                problem.retry = Some(error.retry_at().map_or(Retry::After(1), Retry::At));
                problem
            }
            _ => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::error::{EntityError, Invalid, StoreError};

    #[test]
    fn internals_go_to_the_log_and_never_to_the_caller() {
        let problem = Problem::from(EntityError::Store(StoreError::Internal("password=hunter2".to_owned())));
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.detail.contains("hunter2"));
        assert!(problem.internal.is_some_and(|context| context.contains("hunter2")));
    }

    #[test]
    fn an_invalid_input_keeps_all_its_violations() {
        let mut invalid = Invalid::one("/a", "missing", "a is missing");
        invalid.add("/b", "unknown_field", "there is no such field");
        let problem = Problem::from(invalid);
        assert_eq!((problem.status, problem.errors.len()), (StatusCode::BAD_REQUEST, 2));
    }

    #[test]
    fn what_is_refused_for_want_of_room_is_no_fault() {
        use musubi_identity::password_hasher::HashingError;
        let busy = Problem::from(HashingError::Busy);
        assert_eq!((busy.status, busy.retry), (StatusCode::SERVICE_UNAVAILABLE, Some(Retry::After(UNAVAILABLE_RETRY))));
        assert!(busy.expected && busy.internal.is_some());
        assert_eq!(busy.log_level(), Some(tracing::Level::WARN));
        let away = Problem::from(StoreError::Unavailable("refused".to_owned()));
        assert_eq!(away.log_level(), Some(tracing::Level::ERROR));
        assert_eq!(Problem::internal("a defect").log_level(), Some(tracing::Level::ERROR));
        assert_eq!(Problem::of_status(StatusCode::NOT_FOUND).log_level(), None);
    }

    #[test]
    fn a_dependency_that_is_away_is_worth_a_retry() {
        let problem = Problem::from(StoreError::Unavailable("refused".to_owned()));
        assert_eq!(
            (problem.status, problem.retry),
            (StatusCode::SERVICE_UNAVAILABLE, Some(Retry::After(UNAVAILABLE_RETRY)))
        );
    }
}
