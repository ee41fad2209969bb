//! What is said: a store's own wordings, and those that come with Musubi (seed 003: `notification_templates`).
//!
//! | module | subject |
//! |---|---|
//! | [`variables`] | what a wording of each kind can name |
//! | [`engine`] | reading and filling in a wording, in a sandbox |
//! | [`check`] | what is wrong with a wording, found when it is saved |
//! | [`shipped`] | the wordings that come with Musubi |
//! | [`examples`] | bookings that nobody made, for previews and checks |

mod bounds;
pub mod check;
pub mod engine;
pub mod examples;
pub mod shipped;
pub mod variables;

use crate::channel::Channel;
use crate::kind::NotificationKind;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{StoreId, TemplateId, TenantId};
use musubi_kernel::locale::Locale;
use musubi_kernel::page::MAX_LIMIT;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What can be set of a store's own wording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "template_type": "reminder",
    "channel": "line",
    "name": "Reminder",
    "content": "{{ customer_name }} 様、{{ day }}{{ time }}にお待ちしております。"
})))]
#[serde(deny_unknown_fields)]
pub struct TemplateDetails {
    /// Of which kind.
    #[serde(rename = "template_type")]
    pub kind: NotificationKind,
    /// For which channel.
    pub channel: Channel,
    /// In which language.
    #[serde(default)]
    pub language: Locale,
    /// What the store calls it, up to 255 characters.
    pub name: String,
    /// Subject of an e-mail, title in a person's own list, up to 255 characters; none of the other channels.
    #[serde(default)]
    pub subject: Option<String>,
    /// Text, up to 16,383 characters.
    pub content: String,
    /// The same as HTML, of an e-mail, up to 16,383 characters; absent: it is made of the text.
    #[serde(default)]
    pub html: Option<String>,
    /// Whether it is used before others of its kind, channel and language.
    #[serde(default)]
    pub is_default: bool,
    /// Whether it is in use.
    #[serde(default = "yes")]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

/// A store's own wording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// Id.
    pub id: TemplateId,
    /// Whose store's.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Whose.
    pub store_id: StoreId,
    /// What can be set.
    #[serde(flatten)]
    pub details: TemplateDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// Which of a store's wordings a list shows: of this kind, channel and language, where these are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// Of this kind.
    pub kind: Option<NotificationKind>,
    /// For this channel.
    pub channel: Option<Channel>,
    /// In this language.
    pub language: Option<Locale>,
    /// Those, too, that are not in use.
    pub include_inactive: bool,
}

impl Entity for Template {
    type Id = TemplateId;
    type Scope = StoreScope;
    type Details = TemplateDetails;
    type Filter = TemplateFilter;
    type SortKey = TemplateId;

    const NOUN: &'static str = "notification_template";
    /// As many as one page holds: whoever sends looks at all that fit on one, so none is passed over. Kinds, channels and languages
    /// make 48.
    const BOUND: Option<Bound> = Some(Bound {
        most: MAX_LIMIT,
        code: "too_many_templates",
        detail: "a store has 200 wordings of its own at most: remove one first",
    });

    fn create(id: TemplateId, scope: &StoreScope, details: TemplateDetails, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.tenant(), scope.store());
        Self { id, tenant_id, store_id, details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: TemplateDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &TemplateDetails) -> Result<(), Invalid> {
        check::check(details)
    }

    fn id(&self) -> TemplateId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &TemplateDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }
    fn public_record(&self) -> Value {
        json!(self)
    }
    fn lives_in(&self, scope: &StoreScope) -> bool {
        (self.tenant_id, self.store_id) == (scope.tenant(), scope.store())
    }
    fn admitted_by(&self, filter: &TemplateFilter) -> bool {
        let TemplateDetails { kind, channel, language, is_active, .. } = self.details;
        filter.kind.is_none_or(|wanted| wanted == kind)
            && filter.channel.is_none_or(|wanted| wanted == channel)
            && filter.language.is_none_or(|wanted| wanted == language)
            && (is_active || filter.include_inactive)
    }
    fn sort_key(&self) -> TemplateId {
        self.id
    }
}

/// Which of a store's wordings that are in use says it: the default one, or else the youngest. `None`: the one that comes with Musubi
/// does, in the language of whoever is addressed; a wording in another language is not used instead.
pub fn choose(all: &[Template], kind: NotificationKind, channel: Channel, language: Locale) -> Option<&Template> {
    let wanted =
        TemplateFilter { kind: Some(kind), channel: Some(channel), language: Some(language), include_inactive: false };
    let fitting = all.iter().filter(|one| one.admitted_by(&wanted));
    fitting.max_by_key(|one| (one.details.is_default, one.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scope;
    use uuid::Uuid;

    fn template(id: u128, is_default: bool, change: impl Fn(&mut TemplateDetails)) -> Template {
        let mut details = TemplateDetails {
            kind: NotificationKind::Reminder,
            channel: Channel::Line,
            language: Locale::Ja,
            name: "Reminder".into(),
            subject: None,
            content: "{{ day }}".into(),
            html: None,
            is_default,
            is_active: true,
        };
        change(&mut details);
        Template::create(Uuid::from_u128(id).into(), &scope(), details, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_default_one_is_chosen_and_else_the_youngest() {
        let plain = |id| template(id, false, |_| ());
        let others = [
            template(9, true, |details| details.is_active = false),
            template(10, true, |details| details.channel = Channel::Sms),
            template(11, true, |details| details.language = Locale::En),
            template(12, true, |details| details.kind = NotificationKind::BookingConfirmed),
        ];
        for (fitting, chosen) in [
            (vec![], None),
            (vec![plain(2), plain(3)], Some(3)),
            (vec![plain(2), template(1, true, |_| ()), plain(3)], Some(1)),
        ] {
            let all = [fitting, others.to_vec()].concat();
            let found = choose(&all, NotificationKind::Reminder, Channel::Line, Locale::Ja);
            assert_eq!(found.map(|one| one.id.0.as_u128()), chosen);
        }
    }
}
