//! `/v1/carriers/sms/{store_id}`: what the service for text messages tells of those that it took. Its signature admits it.

use super::signed::SignedCall;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use musubi_kernel::access::{Caller, Permission};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::StoreId;
use musubi_notification::channel::Channel;
use musubi_notification::sender::Report;
use musubi_sms::report::{Fate, NotReport, SIGNATURE_HEADER, SIGNATURE_LENGTH};
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A report may come before it is written down that the message was sent.
const PATIENCE: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1)];

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear))
}

/// What the service tells of a message. What else it tells is signed too, and of no account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "MessageSid": "SM0123456789abcdef0123456789abcdef", "MessageStatus": "delivered" }))]
#[expect(dead_code, reason = "only its documentation is used: the signature is of the body as it came")]
struct SmsReport {
    /// What it calls the message.
    #[serde(rename = "MessageSid")]
    message_sid: String,
    /// `delivered`, `read`, `undelivered`, `failed`; whatever else: it is on its way.
    #[serde(rename = "MessageStatus")]
    message_status: String,
    /// Why it will not arrive.
    #[serde(rename = "ErrorCode")]
    error_code: Option<String>,
}

/// Hear what became of a text message
///
/// The address is told with each message where `--sms-report-url` is set. What has not arrived goes by the next channel, if there is one and it
/// is still worth telling; a report that comes again, or after another that decided, changes nothing, and so does one of a store or a message
/// that is no more: the service can do nothing about that. Without a good signature it is 401 `bad_signature`.
#[utoipa::path(post, path = "/v1/carriers/sms/{store_id}", operation_id = "hear_of_sms", tag = "carriers",
    security(()),
    params(
        ("store_id" = StoreId, Path),
        ("x-twilio-signature" = String, Header,
            description = "HMAC-SHA1, with the account's token, of the address and the sorted fields, in base 64")
    ),
    request_body(content = SmsReport, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204, description = "It was taken up")))]
async fn hear(State(app): State<App>, request: Request) -> Result<StatusCode, Problem> {
    let call = SignedCall::read(&app, request, SIGNATURE_HEADER, SIGNATURE_LENGTH).await?;
    let store = call.store;
    let opened = app.notifications.sms_reports.as_ref().map(|reports| reports.open(store, &call.signature, &call.body));
    let told = match opened {
        Some(Ok(told)) => told,
        Some(Err(NotReport::Form)) => {
            return Err(Invalid::one("", "missing", "must name MessageSid and MessageStatus").into());
        }
        Some(Err(NotReport::Signature)) | None => {
            return Err(call.refused(&app).await);
        }
    };
    let report = match told.fate {
        Fate::Underway => return Ok(StatusCode::NO_CONTENT),
        Fate::Delivered => Report::Delivered,
        Fate::Undelivered { code } => {
            let number = code.map(|code| format!(" ({code})")).unwrap_or_default();
            Report::Undeliverable { why: format!("the service could not deliver the text message{number}") }
        }
    };
    let Some(at) = app.catalog.directory.by_id(store).await? else {
        tracing::debug!(%store, "a report of a text message of a store that is no more");
        return Ok(StatusCode::NO_CONTENT);
    };
    let scope = Caller::system().actor.on_store(&at, Permission::BookingRead)?;
    let mut pauses = PATIENCE.into_iter();
    while !app.notifications.reports.take(&scope, Channel::Sms, &told.sid, &report).await? {
        let Some(pause) = pauses.next() else {
            tracing::debug!(%store, "a report of a text message that nobody waits for");
            break;
        };
        tokio::time::sleep(pause).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
