//! `/v1/carriers/line/{store_id}`: what LINE tells of a store's customers. Its signature admits it.

use super::signed::SignedCall;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::{Request, State};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::StoreId;
use musubi_kernel::secret::Secret;
use musubi_line::webhook::{Event, NotLine, SIGNATURE_HEADER, SIGNATURE_LENGTH, Source, Webhook, What};
use musubi_notification::chat::event::{ChatEvent, Deed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear))
}

/// A call of LINE (Messaging API reference, "Webhooks").
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "destination": "U8e742f61d673b39c7fff3cecb7536ef0", "events": [] }))]
#[expect(dead_code, reason = "only its documentation is used: the signature is of the body as it came")]
struct LineCall {
    /// The id of the store's bot.
    destination: String,
    /// What happened. None at all: LINE only asks whether anybody is there.
    #[schema(value_type = Vec<Object>)]
    events: Vec<serde_json::Value>,
}

/// What came of a call.
#[derive(Debug, Serialize, ToSchema)]
struct LineCallTaken {
    /// How many events were new and are acted on.
    taken: usize,
}

/// Hear what customers do at LINE
///
/// The address that is entered as the webhook at the LINE Developers Console. Whatever is acted on is acted on afterwards, once for each
/// event, however often LINE tells of it. Without a good signature it is 401 `bad_signature`, whether there is such a store or not.
#[utoipa::path(post, path = "/v1/carriers/line/{store_id}", operation_id = "hear_from_line", tag = "carriers",
    security(()),
    params(
        ("store_id" = StoreId, Path),
        ("x-line-signature" = String, Header,
            description = "HMAC-SHA256 of the body, byte by byte, with the store's `line_channel_secret`, in base 64")
    ),
    request_body = LineCall, responses((status = 200, body = LineCallTaken)))]
async fn hear(State(app): State<App>, request: Request) -> Result<Json<LineCallTaken>, Problem> {
    let call = SignedCall::read(&app, request, SIGNATURE_HEADER, SIGNATURE_LENGTH).await?;
    let intake = &app.notifications.intake;
    let channel = intake.channel(call.store).await?;
    // Where there is no channel, the same is done with a secret that opens nothing.
    let none = Secret::new("none");
    let secret = channel.as_ref().map_or(&none, |channel| &channel.secret);
    let opened = Webhook::open(secret, &call.signature, &call.body);
    let (channel, webhook) = match (channel, opened) {
        (Some(channel), Ok(webhook)) => (channel, webhook),
        (Some(_), Err(NotLine::Form)) => {
            return Err(Invalid::one("/events", "invalid_value", "must be a list of webhook events").into());
        }
        _ => return Err(call.refused(&app).await),
    };
    if webhook.unreadable > 0 {
        tracing::warn!(store = %call.store, events = webhook.unreadable, "LINE told of events that cannot be read: they are passed over");
    }
    let events: Vec<_> = webhook.events.into_iter().filter_map(of_line).collect();
    Ok(Json(LineCallTaken { taken: intake.hear(&channel.scope()?, &events).await? }))
}

/// What a customer did in the chat with the store alone; `None`: nothing comes of it.
fn of_line(event: Event) -> Option<ChatEvent> {
    let Some(Source::User(user)) = event.source else { return None };
    let deed = match event.what {
        What::Follow { .. } => Deed::Follow,
        What::Unfollow => Deed::Unfollow,
        What::Text { text, .. } => Deed::Text(text),
        What::Postback { data } => Deed::Tap(data),
        What::Other { .. } => return None,
    };
    let reply_token = event.reply_token.filter(|_| !event.standby);
    Some(ChatEvent { key: event.id, at: event.at, user, reply_token, deed })
}
