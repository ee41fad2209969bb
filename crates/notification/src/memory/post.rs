//! Those who carry messages, in memory.

use crate::channel::Channel;
use crate::message::{Message, Reply};
use crate::ports::{Channels, Room};
use async_trait::async_trait;
use musubi_kernel::access::StoreScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::secret::Secret;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

/// What happens before a message is answered.
type Meanwhile = Box<dyn FnMut(&Message) + Send>;

#[derive(Default)]
struct Kept {
    handed_over: Vec<Message>,
    replies: Vec<(String, Reply)>,
    answers: VecDeque<Outcome>,
    meanwhile: Option<Meanwhile>,
    in_line: Option<Box<dyn FnMut() + Send>>,
    full: bool,
}

/// Takes every message, unless it was told otherwise.
#[derive(Default)]
pub struct Post(Mutex<Kept>);

impl Post {
    /// What was handed over so far, in order, whatever became of it.
    pub fn handed_over(&self) -> Vec<Message> {
        self.kept().handed_over.clone()
    }

    /// What was replied so far, in order, each with its token.
    pub fn replies(&self) -> Vec<(String, Reply)> {
        self.kept().replies.clone()
    }

    /// What becomes of the next messages, in order.
    pub fn answer(&self, answers: impl IntoIterator<Item = Outcome>) {
        self.kept().answers.extend(answers);
    }

    /// What happens while a message is on its way, before it is answered.
    pub fn meanwhile(&self, happens: impl FnMut(&Message) + Send + 'static) {
        self.kept().meanwhile = Some(Box::new(happens));
    }

    /// What happens while a message waits for its place.
    pub fn in_line(&self, happens: impl FnMut() + Send + 'static) {
        self.kept().in_line = Some(Box::new(happens));
    }

    /// Whether there is no place for now.
    pub fn full(&self, full: bool) {
        self.kept().full = full;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no holder panics")
    }
}

#[async_trait]
impl Channels for Post {
    async fn room(&self, channel: Channel) -> Option<Room> {
        let mut kept = self.kept();
        if let Some(happens) = &mut kept.in_line {
            happens();
        }
        (!kept.full).then(|| Room::of(channel, ()))
    }

    async fn send(&self, _: &StoreScope, message: &Message, _: Room) -> Outcome {
        let mut kept = self.kept();
        kept.handed_over.push(message.clone());
        if let Some(happens) = &mut kept.meanwhile {
            happens(message);
        }
        let named = Outcome::Sent { provider_id: Some(format!("p-{}", kept.handed_over.len())) };
        kept.answers.pop_front().unwrap_or(named)
    }

    async fn reply(&self, _: &StoreScope, token: &Secret, reply: &Reply) -> Outcome {
        self.kept().replies.push((token.expose().to_owned(), reply.clone()));
        Outcome::SENT
    }
}
