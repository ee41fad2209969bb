//! Menus, and the lists of resources that may give them.

use crate::condition::{equals, of_store};
use crate::engine::{Db, Tx};
use crate::entities::{Fields, Mapped, Stored};
use musubi_catalog::menu::{GenderRestriction, Menu, MenuDetails, MenuFilter, ServiceType};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, ResourceId};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, Value};
use std::collections::HashMap;

impl Mapped for Menu {
    const TABLE: &'static str = "menus";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "name",
        "display_name",
        "description",
        "detailed_description",
        "category",
        "tags",
        "service_type",
        "base_duration",
        "prep_duration",
        "cleanup_duration",
        "buffer_duration",
        "base_price",
        "pricing_options",
        "price_varies_by_resource",
        "price_varies_by_time",
        "time_based_pricing",
        "requires_resource",
        "allowed_resource_types",
        "required_resources",
        "min_participants",
        "max_participants",
        "min_age",
        "max_age",
        "gender_restriction",
        "advance_booking_hours",
        "cancellation_hours",
        "booking_rules",
        "allow_online_booking",
        "require_approval",
        "image_url",
        "image_gallery",
        "icon_class",
        "background_color",
        "sort_order",
        "is_featured",
        "is_popular",
        "is_new",
        "is_active",
        "is_bookable",
        "settings",
        "notes",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["sort_order", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        let details = &self.details;
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("name", details.name.as_str());
        row.set("display_name", details.display_name.as_deref());
        row.set("description", details.description.as_deref());
        row.set("detailed_description", details.detailed_description.as_deref());
        row.set("category", details.category.as_deref());
        row.json("tags", &details.tags);
        row.set("service_type", details.service_type.code());
        row.set("base_duration", details.base_duration);
        row.set("prep_duration", details.prep_duration);
        row.set("cleanup_duration", details.cleanup_duration);
        row.set("buffer_duration", details.buffer_duration);
        row.set("base_price", details.base_price.0);
        row.json("pricing_options", &details.pricing_options);
        row.set("price_varies_by_resource", details.price_varies_by_resource);
        row.set("price_varies_by_time", details.price_varies_by_time);
        row.json("time_based_pricing", &details.time_based_pricing);
        row.set("requires_resource", details.requires_resource);
        row.json_or_null("allowed_resource_types", details.allowed_resource_types.as_ref());
        row.json("required_resources", &details.required_resources);
        row.set("min_participants", details.min_participants);
        row.set("max_participants", details.max_participants);
        row.set("min_age", details.min_age);
        row.set("max_age", details.max_age);
        row.set("gender_restriction", details.gender_restriction.code());
        row.set("advance_booking_hours", details.advance_booking_hours);
        row.set("cancellation_hours", details.cancellation_hours);
        row.json_or_null("booking_rules", details.booking_rules.as_ref());
        row.set("allow_online_booking", details.allow_online_booking);
        row.set("require_approval", details.require_approval);
        row.set("image_url", details.image_url.as_deref());
        row.json("image_gallery", &details.image_gallery);
        row.set("icon_class", details.icon_class.as_deref());
        row.set("background_color", details.background_color.as_deref());
        row.set("sort_order", details.sort_order);
        row.set("is_featured", details.is_featured);
        row.set("is_popular", details.is_popular);
        row.set("is_new", details.is_new);
        row.set("is_active", details.is_active);
        row.set("is_bookable", details.is_bookable);
        row.json_or_null("settings", details.settings.as_ref());
        row.set("notes", details.notes.as_deref());
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            details: details(row)?,
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        of_store(scope)
    }

    fn admitted(filter: &MenuFilter, _: &dyn Cipher) -> Condition {
        Condition::all()
            .add_option((!filter.include_inactive).then(|| Expr::col("is_active").eq(true)))
            .add_option(filter.only_bookable.then(|| Expr::col("is_bookable").eq(true)))
            .add_option(filter.only_bookable.then(|| Expr::col("allow_online_booking").eq(true)))
            .add_option(filter.category.as_deref().map(|category| equals("category", category)))
    }

    fn position((sort_order, id): (i32, MenuId)) -> Vec<Value> {
        vec![sort_order.into(), id.0.into()]
    }

    async fn write_children(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let listed = Query::delete()
            .from_table("menu_resources")
            .and_where(Expr::col("store_id").eq(self.store_id.0))
            .and_where(Expr::col("menu_id").eq(self.id.0))
            .to_owned();
        tx.execute(&listed).await?;
        let Some(resources) = &self.details.resource_ids else { return Ok(()) };
        let mut list = Query::insert();
        list.into_table("menu_resources").columns(["menu_id", "resource_id", "store_id"]);
        for resource in resources {
            list.values_panic([self.id.0.into(), resource.0.into(), self.store_id.0.into()]);
        }
        tx.execute(&list).await?;
        Ok(())
    }

    async fn read_children(db: &Db, page: &mut [Self]) -> Result<(), StoreError> {
        let query = Query::select()
            .columns(["menu_id", "resource_id"])
            .from("menu_resources")
            .and_where(Expr::col("menu_id").is_in(page.iter().map(|menu| menu.id.0)))
            .order_by("resource_id", Order::Asc)
            .to_owned();
        let mut lists: HashMap<MenuId, Vec<ResourceId>> = HashMap::new();
        for row in db.all(&query).await? {
            lists.entry(row.id("menu_id")?).or_default().push(row.id("resource_id")?);
        }
        for menu in page {
            menu.details.resource_ids = lists.remove(&menu.id);
        }
        Ok(())
    }
}

fn details(row: &Stored<'_>) -> Result<MenuDetails, StoreError> {
    Ok(MenuDetails {
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        detailed_description: row.get("detailed_description")?,
        category: row.get("category")?,
        tags: row.json_or_null("tags")?.unwrap_or_default(),
        service_type: row.code("service_type", ServiceType::from_code)?,
        base_duration: row.int("base_duration")?,
        prep_duration: row.int("prep_duration")?,
        cleanup_duration: row.int("cleanup_duration")?,
        buffer_duration: row.int("buffer_duration")?,
        base_price: Amount(row.int("base_price")?),
        pricing_options: row.json_or_null("pricing_options")?.unwrap_or_default(),
        price_varies_by_resource: row.get("price_varies_by_resource")?,
        price_varies_by_time: row.get("price_varies_by_time")?,
        time_based_pricing: row.json_or_null("time_based_pricing")?.unwrap_or_default(),
        requires_resource: row.get("requires_resource")?,
        allowed_resource_types: row.json_or_null("allowed_resource_types")?,
        resource_ids: None,
        required_resources: row.json_or_null("required_resources")?.unwrap_or_default(),
        min_participants: row.int("min_participants")?,
        max_participants: row.int("max_participants")?,
        min_age: row.int_or_null("min_age")?,
        max_age: row.int_or_null("max_age")?,
        gender_restriction: row.code("gender_restriction", GenderRestriction::from_code)?,
        advance_booking_hours: row.int("advance_booking_hours")?,
        cancellation_hours: row.int("cancellation_hours")?,
        booking_rules: row.json_or_null("booking_rules")?,
        allow_online_booking: row.get("allow_online_booking")?,
        require_approval: row.get("require_approval")?,
        image_url: row.get("image_url")?,
        image_gallery: row.json_or_null("image_gallery")?.unwrap_or_default(),
        icon_class: row.get("icon_class")?,
        background_color: row.get("background_color")?,
        sort_order: row.int("sort_order")?,
        is_featured: row.get("is_featured")?,
        is_popular: row.get("is_popular")?,
        is_new: row.get("is_new")?,
        is_active: row.get("is_active")?,
        is_bookable: row.get("is_bookable")?,
        settings: row.json_or_null("settings")?,
        notes: row.get("notes")?,
    })
}
