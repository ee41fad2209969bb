-- Services that can be booked. Durations are minutes, prices minor units of the store's currency.
CREATE TABLE IF NOT EXISTS menus (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    name {varchar:255} NOT NULL,
    display_name {varchar:255},
    description {text},
    detailed_description {text},
    category {varchar:100},
    tags {json},
    service_type {varchar:20} DEFAULT 'individual' NOT NULL,
    base_duration {int} NOT NULL,
    prep_duration {int} DEFAULT 0 NOT NULL,
    cleanup_duration {int} DEFAULT 0 NOT NULL,
    buffer_duration {int} DEFAULT 0 NOT NULL,
    base_price {bigint} NOT NULL,
    pricing_options {json},
    price_varies_by_resource {bool} DEFAULT FALSE NOT NULL,
    price_varies_by_time {bool} DEFAULT FALSE NOT NULL,
    time_based_pricing {json},
    requires_resource {bool} DEFAULT FALSE NOT NULL,
    allowed_resource_types {json},
    required_resources {json},
    min_participants {int} DEFAULT 1 NOT NULL,
    max_participants {int} DEFAULT 1 NOT NULL,
    min_age {int},
    max_age {int},
    gender_restriction {varchar:20} DEFAULT 'none' NOT NULL,
    advance_booking_hours {int} DEFAULT 1 NOT NULL,
    cancellation_hours {int} DEFAULT 24 NOT NULL,
    booking_rules {json},
    allow_online_booking {bool} DEFAULT TRUE NOT NULL,
    require_approval {bool} DEFAULT FALSE NOT NULL,
    image_url {varchar:255},
    image_gallery {json},
    icon_class {varchar:255},
    background_color {varchar:7},
    sort_order {int} DEFAULT 0 NOT NULL,
    is_featured {bool} DEFAULT FALSE NOT NULL,
    is_popular {bool} DEFAULT FALSE NOT NULL,
    is_new {bool} DEFAULT FALSE NOT NULL,
    is_active {bool} DEFAULT TRUE NOT NULL,
    is_bookable {bool} DEFAULT TRUE NOT NULL,
    settings {json},
    notes {text},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_menus PRIMARY KEY (id),
    CONSTRAINT uk_menus_store UNIQUE (store_id, id),
    CONSTRAINT fk_menus_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_menus_service_type CHECK (service_type IN ('individual', 'group', 'course', 'subscription')),
    CONSTRAINT ck_menus_gender_restriction CHECK (gender_restriction IN ('none', 'male_only', 'female_only'))
);

CREATE INDEX IF NOT EXISTS idx_menus_store_active ON menus (store_id, is_active);

CREATE INDEX IF NOT EXISTS idx_menus_category ON menus (store_id, category);

CREATE INDEX IF NOT EXISTS idx_menus_bookable ON menus (store_id, is_bookable);

CREATE INDEX IF NOT EXISTS idx_menus_sort ON menus (store_id, sort_order);

-- Extras that can be chosen with a menu.
CREATE TABLE IF NOT EXISTS menu_options (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    menu_id {uuid} NOT NULL,
    name {varchar:255} NOT NULL,
    description {text},
    price {bigint} DEFAULT 0 NOT NULL,
    duration {int} DEFAULT 0 NOT NULL,
    is_required {bool} DEFAULT FALSE NOT NULL,
    sort_order {int} DEFAULT 0 NOT NULL,
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_menu_options PRIMARY KEY (id),
    CONSTRAINT uk_menu_options_store UNIQUE (store_id, id),
    CONSTRAINT fk_menu_options_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_menu_options_menu FOREIGN KEY (store_id, menu_id) REFERENCES menus (store_id, id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_menu_options_active ON menu_options (menu_id, is_active);

-- Allow-lists: a menu with rows here is done by these resources alone. A resource that is listed cannot be deleted, as
-- the menu would then be open to all.
CREATE TABLE IF NOT EXISTS menu_resources (
    menu_id {uuid} NOT NULL,
    resource_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    CONSTRAINT pk_menu_resources PRIMARY KEY (menu_id, resource_id),
    CONSTRAINT fk_menu_resources_menu FOREIGN KEY (store_id, menu_id) REFERENCES menus (store_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_menu_resources_resource FOREIGN KEY (store_id, resource_id) REFERENCES resources (store_id, id)
);

CREATE INDEX IF NOT EXISTS idx_menu_resources_resource ON menu_resources (resource_id);
