-- A store's record of a person. Contact data and allergies are sealed; phone and e-mail are found again by keyed digests
-- of their normal forms, names by their normal forms.
CREATE TABLE IF NOT EXISTS customers (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    line_user_id {varchar:100},
    line_display_name {varchar:255},
    line_picture_url {varchar:255},
    name {varchar:255},
    name_key {varchar:255},
    name_kana {varchar:255},
    name_kana_key {varchar:255},
    -- Sealed.
    phone {bytes},
    phone_index {bytes:32},
    -- Sealed.
    email {bytes},
    email_index {bytes:32},
    birthday {date},
    gender {varchar:20},
    -- Sealed.
    address {bytes},
    notes {text},
    -- Sealed.
    allergies {bytes},
    preferences {json},
    loyalty_rank {varchar:20} DEFAULT 'regular' NOT NULL,
    total_bookings {int} DEFAULT 0 NOT NULL,
    total_spent {bigint} DEFAULT 0 NOT NULL,
    no_show_count {int} DEFAULT 0 NOT NULL,
    last_no_show_at {timestamp},
    is_restricted {bool} DEFAULT FALSE NOT NULL,
    restriction_until {timestamp},
    notification_settings {json},
    first_visit_at {timestamp},
    last_visit_at {timestamp},
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (id),
    CONSTRAINT uk_customers_store UNIQUE (store_id, id),
    CONSTRAINT uk_customers_store_line UNIQUE (store_id, line_user_id),
    CONSTRAINT fk_customers_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_customers_gender CHECK (gender IN ('male', 'female', 'other')),
    CONSTRAINT ck_customers_loyalty_rank CHECK (loyalty_rank IN ('new', 'regular', 'vip', 'premium'))
);

CREATE INDEX IF NOT EXISTS idx_customers_phone ON customers (store_id, phone_index);

CREATE INDEX IF NOT EXISTS idx_customers_email ON customers (store_id, email_index);

CREATE INDEX IF NOT EXISTS idx_customers_rank ON customers (store_id, loyalty_rank);

CREATE INDEX IF NOT EXISTS idx_customers_name ON customers (store_id, name_key);

CREATE INDEX IF NOT EXISTS idx_customers_name_kana ON customers (store_id, name_kana_key);
