//! The ways out: LINE, e-mail, text messages.

use super::reports::SmsReports;
use super::seldom::Seldom;
use async_trait::async_trait;
use musubi_kernel::access::StoreScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::locale::Locale;
use musubi_kernel::secret::Secret;
use musubi_line::Line;
use musubi_line::card::{BookingCard, Language, Occasion};
use musubi_line::{Push, message as line};
use musubi_mail::letter::Letter;
use musubi_mail::notice::{self, File, Notice, Notices};
use musubi_notification::channel::{Channel, Recipient};
use musubi_notification::chat::Tap;
use musubi_notification::facts::Unsubscribe;
use musubi_notification::kind::NotificationKind;
use musubi_notification::message::{Card, Message, Reply};
use musubi_notification::ports::{Channels, Room};
use musubi_sms::Sms;
use musubi_sql::SqlStore;
use musubi_sql::notification::line_channel;
use std::time::Instant;

/// Why nothing is said to somebody on LINE.
const NO_CHANNEL: &str = "the store has no channel at LINE in use";

/// Hands messages to LINE, to a mail server, and to a service for text messages.
pub struct Ways {
    /// Knows the stores' channels at LINE.
    stores: SqlStore,
    /// LINE; or why it cannot be called.
    line: Result<Line, String>,
    /// E-mail.
    mail: Notices,
    /// Text messages, of an installation that has an account for them.
    texts: Option<Sms>,
    /// Where it is told what became of these, if anywhere.
    reports: Option<SmsReports>,
    unanswered: Seldom,
}

impl Ways {
    /// These ways. Text messages go out where the installation has an account for them; what became of them is told at `reports`, if
    /// anywhere.
    pub fn new(
        stores: SqlStore,
        line: Result<Line, String>,
        mail: Notices,
        texts: Option<Sms>,
        reports: Option<SmsReports>,
    ) -> Self {
        Self { stores, line, mail, texts, reports, unanswered: Seldom::default() }
    }

    /// LINE, the token by which the store's channel is called, and whether the store hears what is done there; or why nothing
    /// can be sent.
    async fn at_line(&self, scope: &StoreScope) -> Result<(&Line, Secret, bool), Outcome> {
        let line = self.line.as_ref().map_err(|why| Outcome::refused(why.clone()))?;
        let channel = line_channel(&self.stores, scope).await.map_err(|error| Outcome::later(error.to_string()))?;
        let channel = channel.filter(|channel| channel.active);
        let in_use = channel.and_then(|channel| Some((line, channel.access_token?, channel.secret.is_some())));
        in_use.ok_or_else(|| Outcome::refused(NO_CHANNEL))
    }

    async fn to_line(&self, scope: &StoreScope, user: &str, message: &Message) -> Outcome {
        let (line, token, hears) = match self.at_line(scope).await {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        match on_line(message, hears) {
            Ok(messages) => {
                line.push(&token, Push { to: user, messages: &messages, retry_key: message.retry_key }).await
            }
            Err(unfit) => Outcome::refused(unfit.to_string()),
        }
    }

    async fn answered(&self, scope: &StoreScope, token: &Secret, reply: &Reply) -> Outcome {
        let (line, access, _) = match self.at_line(scope).await {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        match as_message(reply) {
            Ok(message) => line.reply(&access, token.expose(), &[message]).await,
            Err(unfit) => Outcome::refused(unfit.to_string()),
        }
    }

    async fn to_mailbox(&self, to: &EmailAddress, message: &Message, room: Room) -> Outcome {
        let kind = |method: &str| format!("text/calendar; charset=utf-8; method={method}");
        let calendar = message.calendar.as_ref().map(|file| (file, kind(file.method)));
        let letter = Letter {
            subject: message.subject.clone().unwrap_or_default(),
            text: message.text.clone(),
            html: message.html.clone().unwrap_or_default(),
        };
        let file = calendar.as_ref().map(|(file, kind)| File { name: &file.name, kind, text: &file.text });
        let notice = Notice {
            id: message.retry_key,
            written_at: message.written_at,
            sender_name: &message.sender_name,
            reply_to: message.reply_to.as_ref(),
            to,
            letter,
            file,
            unsubscribe: message.unsubscribe.as_ref().and_then(in_mails),
        };
        self.mail.send(notice, room).await
    }
}

/// What mail programs are told of it: where they do it themselves, or else the page.
fn in_mails(links: &Unsubscribe) -> Option<notice::Unsubscribe<'_>> {
    let one_click = links.one_click.as_deref().map(notice::Unsubscribe::OneClick);
    one_click.or_else(|| links.page.as_deref().map(notice::Unsubscribe::Page))
}

/// The text, and the card beside it. A card that does not fit is left out: the text says the same. `hears`: whether the store hears of
/// what is tapped on it.
fn on_line(message: &Message, hears: bool) -> Result<Vec<line::Message>, line::Unfit> {
    let text = line::Message::text(&message.text)?;
    let card = message.card.as_ref().and_then(|card| shown(card, message, hears));
    Ok(std::iter::once(text).chain(card).collect())
}

fn shown(card: &Card, message: &Message, hears: bool) -> Option<line::Message> {
    let shown = BookingCard {
        language: match message.language {
            Locale::Ja => Language::Japanese,
            Locale::En => Language::English,
        },
        occasion: occasion(message.kind)?,
        heading: None,
        note: None,
        store: card.store.clone(),
        menu: card.menu.clone(),
        starts_at: card.starts_at,
        ends_at: card.ends_at,
        zone: card.zone,
        resource: card.resource.clone(),
        price: card.price,
        number: card.number.clone(),
        colour: card.colour.clone(),
        details: card.links.as_ref().and_then(|links| links.page.parse().ok()),
        calendar: card.links.as_ref().and_then(|links| links.calendar.parse().ok()),
        cancel: (hears && card.can_be_called_off).then(|| Tap::Ask(card.booking).data()),
    };
    shown.message().ok()
}

const fn occasion(kind: NotificationKind) -> Option<Occasion> {
    match kind {
        NotificationKind::BookingReceived => Some(Occasion::Received),
        NotificationKind::BookingConfirmed => Some(Occasion::Confirmed),
        NotificationKind::BookingCancelled => Some(Occasion::Cancelled),
        NotificationKind::Reminder => Some(Occasion::Reminder),
        NotificationKind::ChangeRequest => Some(Occasion::ChangeRequest),
        NotificationKind::Promotional => None,
    }
}

#[async_trait]
impl Channels for Ways {
    async fn room(&self, channel: Channel) -> Option<Room> {
        match channel {
            Channel::Email => self.mail.room().await.map(|place| Room::of(channel, place)),
            Channel::Line | Channel::Sms | Channel::InApp => Some(Room::default()),
        }
    }

    async fn send(&self, scope: &StoreScope, message: &Message, room: Room) -> Outcome {
        match &message.to {
            Recipient::Line(user) => self.to_line(scope, user, message).await,
            Recipient::Email(address) => {
                let room = if room.is_of(Channel::Email) { Some(room) } else { self.room(Channel::Email).await };
                match room {
                    Some(room) => self.to_mailbox(address, message, room).await,
                    None => Outcome::later("the mail server is busy with other messages"),
                }
            }
            Recipient::Sms(number) => match &self.texts {
                Some(texts) => {
                    let reports = self.reports.as_ref().map(|reports| reports.address(scope.store()));
                    texts.send(number, &message.text, reports.as_deref()).await
                }
                None => Outcome::refused("the installation has no account for text messages"),
            },
            Recipient::InApp(_) => Outcome::SENT,
        }
    }

    async fn reply(&self, scope: &StoreScope, token: &Secret, reply: &Reply) -> Outcome {
        let outcome = self.answered(scope, token, reply).await;
        let store = scope.store();
        if let Some(why) = outcome.why() {
            // There is no row that says so, as notifications have one.
            if self.unanswered.is_time(store, Instant::now()) {
                tracing::warn!(%store, why, "an answer on LINE was not taken; of this store it is not said again for ten minutes");
            } else {
                tracing::debug!(%store, why, "an answer on LINE was not taken");
            }
        }
        outcome
    }
}

fn as_message(reply: &Reply) -> Result<line::Message, line::Unfit> {
    match reply {
        Reply::Text(text) => line::Message::text(text),
        Reply::Question { text, choices } => {
            let [yes, no] = choices.each_ref().map(|choice| line::Choice { label: choice.label, data: &choice.data });
            line::Message::confirmation(text, yes, no)
        }
    }
}
