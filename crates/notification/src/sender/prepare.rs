//! What is done before a message is handed over.

use super::{Ports, Progress, Sender};
use crate::channel::{Addresses, Channel};
use crate::compose::{Written, compose};
use crate::due::{Now, still_due};
use crate::facts::{Addressee, BookingFacts, House};
use crate::kind::NotificationKind;
use crate::message::Message;
use crate::notification::status::{InvalidStep, Needless, Status};
use crate::notification::{About, Content, Notification};
use crate::pace::{Ask, Turn};
use crate::ports::Room;
use crate::preferences::Preferences;
use crate::promotion::Promotion;
use crate::route;
use crate::template::variables::Occasion;
use crate::template::{TemplateFilter, choose};
use crate::timing::Rhythm;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::NotificationId;
use musubi_kernel::page::{MAX_LIMIT, PageRequest};

/// How long a message waits whose channel has no place.
const FULL: TimeDelta = TimeDelta::seconds(5);

/// Whether a message is to be handed over.
pub(super) enum Prepared {
    /// It is not: nothing is left to do, or it waits.
    Not(Progress),
    /// It is.
    Ready(Box<Ready>),
}

/// A message that is to be handed over.
pub(super) struct Ready {
    /// What it tells, its try written down.
    pub(super) notification: Notification,
    /// The message; `None`: it goes to a person's own list.
    pub(super) message: Option<Message>,
    /// Its place on the channel.
    pub(super) room: Room,
    /// What it says.
    pub(super) content: Content,
    /// By which store.
    pub(super) house: House,
    /// Where else the customer can be told.
    pub(super) addresses: Addresses,
    /// What they decline.
    pub(super) preferences: Preferences,
}

/// What is known of who is told, and of what.
enum Known {
    Booking(Box<BookingFacts>),
    Offer(Box<Promotion>, Box<Addressee>),
}

impl Known {
    fn now(&self) -> Now<'_> {
        match self {
            Self::Booking(facts) => Now::Booking(facts),
            Self::Offer(promotion, addressee) => Now::Offer(promotion, addressee),
        }
    }
}

impl Known {
    /// A text as it is kept: without the links by which whoever reads it could act as the customer.
    fn without_keys(&self, text: &str) -> String {
        let links = match self {
            Self::Booking(facts) => {
                facts.links.iter().flat_map(|links| [&links.cancel, &links.calendar, &links.page]).collect()
            }
            Self::Offer(_, addressee) => Vec::from_iter(&addressee.unsubscribe.page),
        };
        links.into_iter().fold(text.to_owned(), |text, link| text.replace(link.as_str(), "[…]"))
    }
}

/// A step that the status does not allow is a defect: the status was looked at before.
pub(crate) fn defect(error: InvalidStep) -> StoreError {
    StoreError::Internal(error.to_string())
}

/// When the quiet hours end for whose end it has to wait.
fn quiet(found: &Notification, house: &House, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !found.channel().is_outward() {
        return None;
    }
    let (start, answers) = match &found.about {
        About::Booking { start, answers, .. } => (Some(*start), *answers),
        About::Offer { .. } => (None, false),
    };
    let rhythm = Rhythm { zone: house.zone, quiet: house.settings.quiet_hours };
    Some(rhythm.heard(found.kind, start, answers, now)).filter(|heard| *heard > now)
}

/// Offers that have gathered do not all ask again at one moment.
fn apart(id: NotificationId) -> TimeDelta {
    let [.., high, low] = id.0.into_bytes();
    TimeDelta::milliseconds(i64::from(u16::from_be_bytes([high, low])) / 2)
}

impl Sender {
    pub(super) async fn prepare(&self, scope: &StoreScope, id: NotificationId) -> Result<Prepared, StoreError> {
        let not = |progress| Ok(Prepared::Not(progress));
        let Some(found) = self.ports.store.find(scope, id).await? else { return not(Progress::Settled) };
        let now = self.ports.clock.now();
        match found.status {
            Status::Pending { until } if until > now => return not(Progress::Waits(until)),
            Status::Pending { .. } => (),
            _ => return not(Progress::Settled),
        }
        let Some(house) = self.ports.book.house(scope).await? else {
            return not(self.call_off(scope, found, Needless::Erased, now).await?);
        };
        if now >= found.expires_at {
            return not(self.call_off(scope, found, Needless::TooLate, now).await?);
        }
        if let Some(end) = quiet(&found, &house, now) {
            return not(self.wait(scope, found, end, None, now).await?);
        }
        // Waited for before it asks for its turn: that is asked once.
        let room = self.ports.channels.room(found.channel()).await;
        let now = self.ports.clock.now();
        let Some(room) = room else {
            let place = found.place;
            return not(self.wait(scope, found, now + FULL, place, now).await?);
        };
        if let Some((until, place)) = self.line(scope, &found, &house, now).await? {
            return not(self.wait(scope, found, until, place, now).await?);
        }
        let tried = found.tried(self.ports.clock.now()).map_err(defect)?;
        self.ports.store.save(scope, &tried, None).await?;
        let mut prepared = self.write_message(scope, house, tried).await?;
        if let Prepared::Ready(ready) = &mut prepared {
            ready.room = room;
        }
        Ok(prepared)
    }

    /// It waits until then, with this place in the store's line; or is called off, when that is too late.
    async fn wait(
        &self,
        scope: &StoreScope,
        found: Notification,
        until: DateTime<Utc>,
        place: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Progress, StoreError> {
        if until >= found.expires_at {
            return self.call_off(scope, found, Needless::TooLate, now).await;
        }
        self.write(scope, &found.postponed(until, place, now).map_err(defect)?).await
    }

    /// How long it waits in the store's line, and for which place there.
    async fn line(
        &self,
        scope: &StoreScope,
        found: &Notification,
        house: &House,
        now: DateTime<Utc>,
    ) -> Result<Option<(DateTime<Utc>, Option<DateTime<Utc>>)>, StoreError> {
        if !found.channel().is_outward() {
            return Ok(None);
        }
        let ask = match &found.about {
            About::Booking { .. } => Ask::InLine(found.place),
            About::Offer { .. } => Ask::InPassing,
        };
        let turn = self.ports.store.turn(scope, ask, house.settings.rate_per_minute, now).await?;
        Ok(match (turn, ask) {
            (Turn::Now, _) => None,
            (Turn::At(place), Ask::InLine(_)) => Some((place, Some(place))),
            (Turn::At(later), Ask::InPassing) => Some((later + apart(found.id), None)),
        })
    }

    /// Reads how everything stands, and writes the message if it is still to be sent.
    async fn write_message(
        &self,
        scope: &StoreScope,
        house: House,
        tried: Notification,
    ) -> Result<Prepared, StoreError> {
        let known = self.known(scope, &tried).await?;
        let now = self.ports.clock.now();
        let Some(known) = known else {
            return Ok(Prepared::Not(self.call_off(scope, tried, Needless::Erased, now).await?));
        };
        if let Err(why) = still_due(&tried, &house, known.now(), now) {
            return Ok(Prepared::Not(self.call_off(scope, tried, why, now).await?));
        }
        let Addressee { addresses, preferences, .. } = known.now().addressee();
        let to = if tried.channel().is_outward() {
            route::first(tried.kind, &house.settings, preferences, addresses, &tried.gone())
        } else {
            addresses.on(Channel::InApp)
        };
        let Some(to) = to else {
            let declined = |channel: &Channel| addresses.on(*channel).is_some() && !preferences.take(*channel);
            if tried.error.is_none() && house.settings.channels(tried.kind).iter().any(declined) {
                return Ok(Prepared::Not(self.call_off(scope, tried, Needless::Declined, now).await?));
            }
            let why =
                tried.error.clone().unwrap_or_else(|| "the customer has no address that the store uses".to_owned());
            return Ok(Prepared::Not(self.write(scope, &tried.failed(&why, now).map_err(defect)?).await?));
        };
        let tried = tried.addressed(to).map_err(defect)?;
        match self.written(scope, &house, &known, &tried, now).await? {
            Ok(written) => Ok(Prepared::Ready(Box::new(ready(house, &known, tried, written)))),
            Err(why) => Ok(Prepared::Not(self.write(scope, &tried.failed(&why, now).map_err(defect)?).await?)),
        }
    }

    async fn known(&self, scope: &StoreScope, of: &Notification) -> Result<Option<Known>, StoreError> {
        let Ports { book, promotions, .. } = &self.ports;
        match of.about {
            About::Booking { booking, .. } => {
                Ok(book.booking(scope, booking).await?.map(|facts| Known::Booking(Box::new(facts))))
            }
            About::Offer { promotion } => {
                let Some(promotion) = promotions.find(scope, promotion).await? else { return Ok(None) };
                let customer = book.customer(scope, of.customer).await?;
                Ok(customer.map(|customer| Known::Offer(Box::new(promotion), Box::new(customer))))
            }
        }
    }

    async fn written(
        &self,
        scope: &StoreScope,
        house: &House,
        known: &Known,
        of: &Notification,
        now: DateTime<Utc>,
    ) -> Result<Result<Written, String>, StoreError> {
        let language = known.now().language(house);
        let filter = TemplateFilter {
            kind: Some(of.kind),
            channel: Some(of.channel()),
            language: Some(language),
            include_inactive: false,
        };
        let page = PageRequest { limit: MAX_LIMIT, after: None };
        let own = match self.ports.templates.list(scope, &filter, &page).await {
            Ok(own) => own.items,
            Err(musubi_kernel::error::EntityError::Store(error)) => return Err(error),
            Err(other) => return Err(StoreError::Internal(other.to_string())),
        };
        let own = choose(&own, of.kind, of.channel(), language);
        let occasion = Occasion { kind: of.kind, about: &of.about, house, known: known.now(), language, now };
        let composed = compose(&occasion, of.channel(), own.map(|own| &own.details));
        if let (Some(own), Ok((_, Some(fault)))) = (own, &composed) {
            self.ports.witness.wording(of, own.id, fault);
        }
        Ok(composed.map(|(written, _)| written).map_err(|fault| format!("the wording cannot be filled in: {fault}")))
    }

    async fn call_off(
        &self,
        scope: &StoreScope,
        waiting: Notification,
        why: Needless,
        now: DateTime<Utc>,
    ) -> Result<Progress, StoreError> {
        self.write(scope, &waiting.cancelled(why, now).map_err(defect)?).await
    }
}

fn ready(house: House, known: &Known, tried: Notification, written: Written) -> Ready {
    let told = known.now().addressee();
    let language = known.now().language(&house);
    let Written { subject, text, html, calendar, card } = written;
    let content = Content { subject: subject.clone(), text: known.without_keys(&text) };
    let message = tried.channel().is_outward().then(|| Message {
        notification: tried.id,
        kind: tried.kind,
        retry_key: tried.retry_key,
        written_at: tried.created_at,
        to: tried.recipient.clone(),
        language,
        sender_name: house.sender_name().to_owned(),
        reply_to: house.email.clone(),
        subject,
        text,
        html,
        calendar,
        card,
        unsubscribe: (tried.kind == NotificationKind::Promotional).then(|| told.unsubscribe.clone()),
    });
    let notification = Notification { language, ..tried };
    let (addresses, preferences) = (told.addresses.clone(), told.preferences.clone());
    Ready { notification, message, room: Room::default(), content, house, addresses, preferences }
}
