-- Shops: the unit of isolation. The pair (tenant_id, id) is what the rows of a store refer to, so that none can stand
-- in one tenant's store and carry another tenant's id.
CREATE TABLE IF NOT EXISTS stores (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    name {varchar:255} NOT NULL,
    slug {varchar:100} NOT NULL,
    display_name {varchar:255},
    description {text},
    industry_type {varchar:20} NOT NULL,
    industry_settings {json},
    phone {varchar:20},
    email {varchar:255},
    address {text},
    postal_code {varchar:10},
    latitude {double},
    longitude {double},
    time_zone {varchar:64} DEFAULT 'Asia/Tokyo' NOT NULL,
    holiday_region {varchar:10} DEFAULT 'JP',
    business_hours {json} NOT NULL,
    time_slot_interval {int} DEFAULT 30 NOT NULL,
    advance_booking_days {int} DEFAULT 30 NOT NULL,
    accept_same_day_booking {bool} DEFAULT TRUE NOT NULL,
    booking_mode {varchar:20} DEFAULT 'auto' NOT NULL,
    booking_limit_per_day {int} DEFAULT 50 NOT NULL,
    hold_minutes {int} DEFAULT 10 NOT NULL,
    require_customer_info {bool} DEFAULT FALSE NOT NULL,
    no_show_policy {json} DEFAULT '{"threshold":3,"restrict_days":90}' NOT NULL,
    currency {varchar:3} DEFAULT 'JPY' NOT NULL,
    notification_settings {json},
    send_booking_notifications {bool} DEFAULT TRUE NOT NULL,
    send_reminder_notifications {bool} DEFAULT TRUE NOT NULL,
    reminder_hours_before {int} DEFAULT 24 NOT NULL,
    line_channel_id {varchar:100},
    -- Sealed.
    line_channel_secret {bytes},
    -- Sealed.
    line_access_token {bytes},
    line_liff_id {varchar:100},
    line_integration_active {bool} DEFAULT FALSE NOT NULL,
    logo_url {varchar:255},
    cover_image_url {varchar:255},
    theme_color {varchar:7} DEFAULT '#10b981' NOT NULL,
    custom_css {json},
    is_active {bool} DEFAULT TRUE NOT NULL,
    is_public {bool} DEFAULT TRUE NOT NULL,
    settings {json},
    notes {text},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_stores PRIMARY KEY (id),
    CONSTRAINT uk_stores_slug UNIQUE (slug),
    CONSTRAINT uk_stores_tenant UNIQUE (tenant_id, id),
    CONSTRAINT fk_stores_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_stores_industry_type
        CHECK (industry_type IN ('beauty', 'nail', 'clinic', 'therapy', 'rental', 'school', 'activity')),
    CONSTRAINT ck_stores_booking_mode CHECK (booking_mode IN ('auto', 'manual'))
);

CREATE INDEX IF NOT EXISTS idx_stores_tenant_active ON stores (tenant_id, is_active);

CREATE INDEX IF NOT EXISTS idx_stores_industry ON stores (industry_type);

CREATE INDEX IF NOT EXISTS idx_stores_public ON stores (is_public);
