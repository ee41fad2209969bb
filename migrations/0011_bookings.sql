-- The lock of a store's day. Every writer of bookings or holds that touch the day writes this row first. The version also
-- says how fresh a remembered answer is: rows are never deleted, versions never lowered.
CREATE TABLE IF NOT EXISTS store_days (
    store_id {uuid} NOT NULL,
    date {date} NOT NULL,
    version {bigint} NOT NULL,
    CONSTRAINT pk_store_days PRIMARY KEY (store_id, date),
    CONSTRAINT fk_store_days_store FOREIGN KEY (store_id) REFERENCES stores (id) ON DELETE CASCADE
);

-- Appointments. Names, prices and lengths are copies from the time of booking.
CREATE TABLE IF NOT EXISTS bookings (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    -- The primary resource; all of them are in booking_resources.
    resource_id {uuid},
    menu_id {uuid} NOT NULL,
    menu_name {varchar:255} NOT NULL,
    booking_number {varchar:20} NOT NULL,
    -- The business date.
    booking_date {date} NOT NULL,
    starts_at {timestamp} NOT NULL,
    ends_at {timestamp} NOT NULL,
    occupied_from {timestamp} NOT NULL,
    occupied_to {timestamp} NOT NULL,
    -- Minutes of cleaning up within occupied_to; what is left after it is the buffer.
    cleanup_duration {int} DEFAULT 0 NOT NULL,
    party_size {int} DEFAULT 1 NOT NULL,
    is_nominated {bool} DEFAULT FALSE NOT NULL,
    cancellation_hours {int} DEFAULT 24 NOT NULL,
    status {varchar:20} DEFAULT 'pending' NOT NULL,
    total_price {bigint} DEFAULT 0 NOT NULL,
    base_price {bigint} DEFAULT 0 NOT NULL,
    option_price {bigint} DEFAULT 0 NOT NULL,
    resource_price {bigint} DEFAULT 0 NOT NULL,
    customer_name {varchar:255},
    -- Sealed.
    customer_phone {bytes},
    customer_notes {text},
    staff_notes {text},
    internal_notes {text},
    booking_source {varchar:20} DEFAULT 'line' NOT NULL,
    preferred_times {json},
    manage_token_hash {bytes:32} NOT NULL,
    confirmed_at {timestamp},
    cancelled_at {timestamp},
    cancellation_reason {text},
    completed_at {timestamp},
    no_show_at {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_bookings PRIMARY KEY (id),
    CONSTRAINT uk_bookings_number UNIQUE (booking_number),
    CONSTRAINT uk_bookings_manage_token UNIQUE (manage_token_hash),
    CONSTRAINT fk_bookings_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_bookings_customer
        FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_bookings_resource FOREIGN KEY (store_id, resource_id) REFERENCES resources (store_id, id),
    CONSTRAINT fk_bookings_menu FOREIGN KEY (store_id, menu_id) REFERENCES menus (store_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_bookings_status CHECK (status IN ('pending', 'confirmed', 'cancelled', 'completed', 'no_show')),
    CONSTRAINT ck_bookings_source CHECK (booking_source IN ('line', 'phone', 'walk_in', 'web', 'staff')),
    CONSTRAINT ck_bookings_order CHECK (occupied_from <= starts_at AND starts_at < ends_at AND ends_at <= occupied_to)
);

CREATE INDEX IF NOT EXISTS idx_bookings_date_resource ON bookings (store_id, booking_date, resource_id);

CREATE INDEX IF NOT EXISTS idx_bookings_status ON bookings (store_id, status);

CREATE INDEX IF NOT EXISTS idx_bookings_customer ON bookings (customer_id, status);

CREATE INDEX IF NOT EXISTS idx_bookings_search ON bookings (store_id, booking_date, status, resource_id);

CREATE INDEX IF NOT EXISTS idx_bookings_start ON bookings (store_id, starts_at, id);

-- What a booking holds: the primary resource and those needed beside it.
CREATE TABLE IF NOT EXISTS booking_resources (
    booking_id {uuid} NOT NULL,
    resource_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    position {int} NOT NULL,
    resource_type {varchar:20} NOT NULL,
    resource_name {varchar:255} NOT NULL,
    seats {int} NOT NULL,
    -- No other party shares it, however many seats it has or gets.
    is_exclusive {bool} DEFAULT FALSE NOT NULL,
    is_primary {bool} DEFAULT FALSE NOT NULL,
    CONSTRAINT pk_booking_resources PRIMARY KEY (booking_id, resource_id),
    CONSTRAINT fk_booking_resources_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE,
    CONSTRAINT ck_booking_resources_type CHECK (resource_type IN ('staff', 'room', 'equipment', 'vehicle')),
    CONSTRAINT ck_booking_resources_seats CHECK (seats > 0)
);

CREATE INDEX IF NOT EXISTS idx_booking_resources_resource ON booking_resources (resource_id, booking_id);

-- Options as they were chosen. Options of menus are put away, never deleted.
CREATE TABLE IF NOT EXISTS booking_options (
    id {uuid} NOT NULL,
    booking_id {uuid} NOT NULL,
    menu_option_id {uuid} NOT NULL,
    option_name {varchar:255} NOT NULL,
    option_price {bigint} DEFAULT 0 NOT NULL,
    option_duration {int} DEFAULT 0 NOT NULL,
    position {int} NOT NULL,
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_booking_options PRIMARY KEY (id),
    CONSTRAINT fk_booking_options_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE,
    CONSTRAINT fk_booking_options_menu_option
        FOREIGN KEY (menu_option_id) REFERENCES menu_options (id)
);

CREATE INDEX IF NOT EXISTS idx_booking_options_booking ON booking_options (booking_id, position);

-- The history of each booking.
CREATE TABLE IF NOT EXISTS booking_changes (
    id {uuid} NOT NULL,
    booking_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    changed_by_type {varchar:20} NOT NULL,
    changed_by_id {uuid},
    change_type {varchar:20} NOT NULL,
    before_data {json},
    after_data {json},
    reason {text},
    ip_address {varchar:45},
    user_agent {text},
    -- The booking's version after the change.
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_booking_changes PRIMARY KEY (id),
    CONSTRAINT fk_booking_changes_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE,
    CONSTRAINT ck_booking_changes_by CHECK (changed_by_type IN ('staff', 'customer', 'system')),
    CONSTRAINT ck_booking_changes_type
        CHECK (change_type IN ('create', 'update', 'cancel', 'confirm', 'complete', 'no_show'))
);

CREATE INDEX IF NOT EXISTS idx_booking_changes_booking ON booking_changes (booking_id, version);

CREATE INDEX IF NOT EXISTS idx_booking_changes_type ON booking_changes (change_type);

-- Windows kept free for somebody who is about to book. One that has expired keeps nothing, whether or not its row is
-- still there.
CREATE TABLE IF NOT EXISTS holds (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    token_hash {bytes:32} NOT NULL,
    booking_date {date} NOT NULL,
    occupied_from {timestamp} NOT NULL,
    occupied_to {timestamp} NOT NULL,
    terms {json} NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT pk_holds PRIMARY KEY (id),
    CONSTRAINT uk_holds_token UNIQUE (token_hash),
    CONSTRAINT fk_holds_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_holds_date ON holds (store_id, booking_date, expires_at);

CREATE INDEX IF NOT EXISTS idx_holds_expires ON holds (expires_at);

-- What a hold keeps.
CREATE TABLE IF NOT EXISTS hold_resources (
    hold_id {uuid} NOT NULL,
    resource_id {uuid} NOT NULL,
    seats {int} NOT NULL,
    is_exclusive {bool} DEFAULT FALSE NOT NULL,
    CONSTRAINT pk_hold_resources PRIMARY KEY (hold_id, resource_id),
    CONSTRAINT fk_hold_resources_hold FOREIGN KEY (hold_id) REFERENCES holds (id) ON DELETE CASCADE,
    CONSTRAINT ck_hold_resources_seats CHECK (seats > 0)
);
