//! The use cases on a store's own wordings, beside those of every entity.

use crate::ports::Book;
use crate::template::check::check;
use crate::template::examples::Example;
use crate::template::shipped::{Wording, shipped};
use crate::template::{Template, TemplateDetails};
use crate::{channel::Channel, compose::compose, kind::NotificationKind};
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::Keeper;
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::locale::Locale;
use serde::Serialize;
use std::sync::Arc;

/// A wording, filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    /// Subject, of the channels that have one.
    pub subject: Option<String>,
    /// Text.
    pub text: String,
    /// The same as HTML, of an e-mail.
    pub html: Option<String>,
    /// How long the text is, as LINE and telephones count: a text message holds 70, and each of several parts 67.
    pub length: usize,
}

/// The use cases on a store's own wordings.
#[derive(Clone)]
pub struct Templates {
    /// Making, reading, changing and removing them.
    pub keeper: Keeper<Template>,
    book: Arc<dyn Book>,
    clock: Arc<dyn Clock>,
}

impl Templates {
    /// The use cases over these ports.
    pub fn new(keeper: Keeper<Template>, book: Arc<dyn Book>, clock: Arc<dyn Clock>) -> Self {
        Self { keeper, book, clock }
    }

    /// A wording as customers would read it: of a booking that nobody made, at the store itself. Every rule that it breaks is
    /// named, as when it is saved.
    pub async fn preview(&self, scope: &StoreScope, details: &TemplateDetails) -> Result<Preview, EntityError> {
        check(details)?;
        let house = self.book.house(scope).await?.ok_or(EntityError::NotFound("store"))?;
        let example = Example::of(details.kind, details.language, house.zone, self.clock.now());
        let occasion = example.occasion(&house);
        let (written, fault) = compose(&occasion, details.channel, Some(details))
            .map_err(|fault| Invalid::one("/content", fault.code, fault.to_string()))?;
        if let Some(fault) = fault {
            return Err(Invalid::one("/content", fault.code, fault.to_string()).into());
        }
        let length = crate::limits::length(&written.text);
        Ok(Preview { subject: written.subject, text: written.text, html: written.html, length })
    }

    /// The wording that comes with Musubi: to begin from.
    pub fn shipped(&self, kind: NotificationKind, channel: Channel, language: Locale) -> Wording {
        shipped(kind, channel, language)
    }

    /// What a wording of a kind can name, each with an example in a language.
    pub async fn variables(
        &self,
        scope: &StoreScope,
        kind: NotificationKind,
        language: Locale,
    ) -> Result<Vec<(&'static str, String)>, EntityError> {
        let house = self.book.house(scope).await?.ok_or(EntityError::NotFound("store"))?;
        let variables = Example::of(kind, language, house.zone, self.clock.now()).occasion(&house).variables();
        Ok(variables.into_iter().map(|(name, value)| (name, value.to_string())).collect())
    }
}
