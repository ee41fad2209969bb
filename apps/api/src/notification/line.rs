//! `/v1/carriers/line/{store_id}`: what LINE tells of a store's customers. Its signature admits it.

use crate::body;
use crate::caller::{CallerOf, unsigned};
use crate::path::segment;
use crate::problem::Problem;
use crate::query::uuid_of;
use crate::state::App;
use axum::Json;
use axum::extract::{FromRequestParts as _, Request, State};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::StoreId;
use musubi_kernel::secret::Secret;
use musubi_line::webhook::{Event, NotLine, SIGNATURE_HEADER, Source, Webhook, What};
use musubi_notification::chat::event::{ChatEvent, Deed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

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
    let (mut parts, body) = request.into_parts();
    let CallerOf(caller) = CallerOf::from_request_parts(&mut parts, &app).await?;
    let store = segment(&mut parts, "store_id").await?.and_then(|text| uuid_of(&text)).unwrap_or(Uuid::nil());
    let signature =
        parts.headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = body::bytes(Request::from_parts(parts, body), app.body_time).await?;
    let intake = &app.notifications.intake;
    let channel = intake.channel(StoreId(store)).await?;
    // Where there is no channel, the same is done with a secret that opens nothing.
    let none = Secret::new("none");
    let secret = channel.as_ref().map_or(&none, |channel| &channel.secret);
    let opened = Webhook::open(secret, &signature, &body);
    let (channel, webhook) = match (channel, opened) {
        (Some(channel), Ok(webhook)) => (channel, webhook),
        (Some(_), Err(NotLine::Form)) => {
            return Err(Invalid::one("/events", "invalid_value", "must be a list of webhook events").into());
        }
        _ => return Err(unsigned(&app, caller.ip).await),
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
