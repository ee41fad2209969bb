//! How tokens come to a device: in the answer, or in a browser's cookies.

use super::views::SignInView;
use crate::cookies;
use crate::origin::FromTrustedPage;
use crate::problem::Problem;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use musubi_identity::people::second_step::SignIn;
use serde::Deserialize;
use utoipa::ToSchema;

/// How tokens come to a device.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delivery {
    /// In the answer, for programs that keep them: they are sent as `Authorization: Bearer …`.
    #[default]
    Tokens,
    /// In cookies that pages cannot read, for browsers. `tokens` is null in the answer.
    Cookies,
}

impl Delivery {
    /// Only a page that may call with cookies gets any: else another's page could sign its visitors in as somebody else.
    pub(super) fn admit(self, page: FromTrustedPage) -> Result<(), Problem> {
        match self {
            Self::Tokens => Ok(()),
            Self::Cookies => page.insist(),
        }
    }
}

/// Tells somebody that they are signed in, or asks for their second factor.
pub(super) fn answer(delivery: Delivery, sign_in: SignIn, now: DateTime<Utc>) -> Response {
    match (delivery, sign_in) {
        (Delivery::Cookies, SignIn::Done(signed_in)) => {
            let tokens = signed_in.tokens.clone();
            let mut response = Json(SignInView::from(*signed_in).without_tokens()).into_response();
            cookies::put(response.headers_mut(), &tokens, now);
            response
        }
        (_, sign_in) => Json(SignInView::from(sign_in)).into_response(),
    }
}
