//! Where messages stay.

use crate::message::{Courier, Message};
use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use std::sync::Mutex;

/// Messages that nobody sends.
#[derive(Debug, Default)]
pub struct Letterbox(Mutex<Vec<Message>>);

impl Letterbox {
    /// What was posted since this was last asked, in order.
    pub fn empty(&self) -> Vec<Message> {
        std::mem::take(&mut *self.0.lock().expect("no holder panics"))
    }
}

#[async_trait]
impl Courier for Letterbox {
    async fn post(&self, message: Message) -> Result<(), StoreError> {
        self.0.lock().expect("no holder panics").push(message);
        Ok(())
    }
}
