//! `/v1/auth/issuers`, and `/v1/me/accounts` where an account is linked through one.

mod binding;
mod link;
mod sign_in;
mod views;

use crate::problem::Problem;
use crate::state::App;
use axum::http::StatusCode;
use musubi_identity::people::accounts::Arrived;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::second_step::SignIn;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(sign_in::routes()).merge(link::routes())
}

/// What came of somebody's coming, to the device that they came with.
fn sign_in_of(arrived: Result<Arrived, PeopleError>) -> Result<SignIn, Problem> {
    match arrived.map_err(told)? {
        Arrived::SignedIn(signed_in) => Ok(SignIn::Done(signed_in)),
        Arrived::SecondFactor(challenge) => Ok(SignIn::SecondFactor(challenge)),
        Arrived::ProveFirst => Err(Problem::new(
            StatusCode::CONFLICT,
            "prove_first",
            "somebody has this e-mail address here already: sign in as before, then link this account",
        )),
        Arrived::Linked(_) => Err(Problem::internal("a sign-in was taken for a link")),
    }
}

/// Why somebody does not get in. What an issuer says of it is for the operator's log.
fn told(error: PeopleError) -> Problem {
    let context = match &error {
        PeopleError::Issuer(error) => error.internal_context().map(str::to_owned),
        _ => None,
    };
    let problem = Problem::from(error);
    Problem { internal: context.or(problem.internal), ..problem }
}
