//! Stores' own wordings.

use crate::condition::of_store;
use crate::entities::{Fields, Mapped, Stored};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::TemplateId;
use musubi_kernel::locale::Locale;
use musubi_kernel::secret::Cipher;
use musubi_notification::channel::Channel;
use musubi_notification::kind::NotificationKind;
use musubi_notification::template::{Template, TemplateDetails, TemplateFilter};
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for Template {
    const TABLE: &'static str = "notification_templates";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "template_type",
        "channel",
        "language",
        "name",
        "subject",
        "content",
        "html",
        "is_default",
        "is_active",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["id"];

    fn write(&self, row: &mut Fields<'_>) {
        let details = &self.details;
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("template_type", details.kind.code());
        row.set("channel", details.channel.code());
        row.set("language", details.language.code());
        row.set("name", details.name.as_str());
        row.set("subject", details.subject.as_deref());
        row.set("content", details.content.as_str());
        row.set("html", details.html.as_deref());
        row.set("is_default", details.is_default);
        row.set("is_active", details.is_active);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            details: TemplateDetails {
                kind: row.code("template_type", NotificationKind::from_code)?,
                channel: row.code("channel", Channel::from_code)?,
                language: row.code("language", Locale::from_code)?,
                name: row.get("name")?,
                subject: row.get("subject")?,
                content: row.get("content")?,
                html: row.get("html")?,
                is_default: row.get("is_default")?,
                is_active: row.get("is_active")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        of_store(scope)
    }

    fn admitted(filter: &TemplateFilter, _: &dyn Cipher) -> Condition {
        let TemplateFilter { kind, channel, language, include_inactive } = filter;
        Condition::all()
            .add_option(kind.map(|kind| Expr::col("template_type").eq(kind.code())))
            .add_option(channel.map(|channel| Expr::col("channel").eq(channel.code())))
            .add_option(language.map(|language| Expr::col("language").eq(language.code())))
            .add_option((!include_inactive).then(|| Expr::col("is_active").eq(true)))
    }

    fn position(id: TemplateId) -> Vec<Value> {
        vec![id.0.into()]
    }
}
