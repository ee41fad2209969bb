//! Asking issuers, with bounds on time and size.

use musubi_kernel::clock::Clock;
use musubi_outgoing::answer::Answer;
use musubi_outgoing::call::Call;
use musubi_outgoing::circuit::Breaking;
pub use musubi_outgoing::limits::Limits;
use musubi_outgoing::reach::Reach;
use musubi_outgoing::{Outgoing, header};
use openidconnect::http::{Response, StatusCode};
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

/// The issuer gave no answer that is one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Away(String);

/// Asks issuers. The operator chooses them, also on this computer; `published` and the settings let plain HTTP go nowhere
/// else. One that is away is left alone by `published`.
pub(crate) struct Http(Outgoing);

impl Http {
    pub(crate) fn new(limits: Limits, clock: Arc<dyn Clock>) -> io::Result<Self> {
        Outgoing::new(Reach::anywhere(), limits, Breaking::NEVER, clock).map(Self)
    }

    /// A JSON document.
    pub(crate) async fn document<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Away> {
        let at = |what: String| Away(format!("{url}: {what}"));
        let call = Call::get(url.clone()).with(header::ACCEPT, "application/json");
        let answer = self.send(call.map_err(|failure| at(failure.to_string()))?).await?;
        if answer.status != StatusCode::OK {
            return Err(at(format!("answers {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|error| at(error.to_string()))
    }

    /// A whole answer of an issuer that is well.
    async fn send(&self, call: Call) -> Result<Answer, Away> {
        let host = call.url().host_str().unwrap_or_default().to_owned();
        let answer = self.0.send(call).await.map_err(|failure| Away(failure.to_string()))?;
        if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Away(format!("{host}: answers {}", answer.status)));
        }
        if answer.whole { Ok(answer) } else { Err(Away(format!("{host}: no whole answer within the bounds"))) }
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Away;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Away>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let call = Call::from_request(request).map_err(|failure| Away(failure.to_string()))?;
            let Answer { status, headers, body, .. } = self.send(call).await?;
            let mut response = Response::new(body.into());
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            Ok(response)
        })
    }
}
