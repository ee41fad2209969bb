-- What customers are told, and what has become of it. Whom it goes to and what it says is sealed.
CREATE TABLE IF NOT EXISTS notifications (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    booking_id {uuid},
    -- Whose own list it goes to, of the channel in_app alone.
    user_id {uuid},
    notification_type {varchar:30} NOT NULL,
    channel {varchar:20} DEFAULT 'line' NOT NULL,
    -- What is planned twice has the same key twice, and is planned once.
    notification_key {varchar:100} NOT NULL,
    about {json} NOT NULL,
    language {varchar:10} NOT NULL,
    -- Sealed.
    recipient {bytes} NOT NULL,
    -- Channels that did not work, in order, with the reasons.
    given_up {json} NOT NULL,
    -- Sealed.
    subject {bytes},
    -- Sealed.
    message_content {bytes},
    -- What the provider calls it.
    provider_id {varchar:255},
    status {varchar:20} DEFAULT 'pending' NOT NULL,
    waits_until {timestamp},
    scheduled_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    sent_at {timestamp},
    delivered_at {timestamp},
    -- When it had failed or was called off.
    ended_at {timestamp},
    cancel_reason {varchar:40},
    -- Known to the provider at every try.
    retry_key {uuid} NOT NULL,
    -- By its present channel.
    tries {int} DEFAULT 0 NOT NULL,
    tries_in_all {int} DEFAULT 0 NOT NULL,
    error_message {text},
    -- The place it was promised in the store's line.
    place_at {timestamp},
    read_at {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_notifications PRIMARY KEY (id),
    CONSTRAINT uk_notifications_key UNIQUE (store_id, notification_key),
    CONSTRAINT fk_notifications_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_notifications_customer
        FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_notifications_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE,
    CONSTRAINT ck_notifications_type CHECK (notification_type IN (
        'booking_received', 'booking_confirmed', 'booking_cancelled', 'reminder', 'change_request', 'promotional'
    )),
    CONSTRAINT ck_notifications_channel CHECK (channel IN ('line', 'email', 'sms', 'in_app')),
    CONSTRAINT ck_notifications_status CHECK (status IN ('pending', 'sent', 'delivered', 'failed', 'cancelled'))
);

CREATE INDEX IF NOT EXISTS idx_notifications_list ON notifications (store_id, id);

CREATE INDEX IF NOT EXISTS idx_notifications_status ON notifications (store_id, status, id);

CREATE INDEX IF NOT EXISTS idx_notifications_customer ON notifications (store_id, customer_id, id);

CREATE INDEX IF NOT EXISTS idx_notifications_booking ON notifications (booking_id, id);

CREATE INDEX IF NOT EXISTS idx_notifications_provider ON notifications (store_id, provider_id);

CREATE INDEX IF NOT EXISTS idx_notifications_inbox ON notifications (user_id, sent_at, id);

CREATE INDEX IF NOT EXISTS idx_notifications_age ON notifications (status, created_at);

-- Whoever plans what is told about a booking counts this up: of two who plan at once, one plans again.
CREATE TABLE IF NOT EXISTS notification_plans (
    booking_id {uuid} NOT NULL,
    version {bigint} NOT NULL,
    CONSTRAINT pk_notification_plans PRIMARY KEY (booking_id),
    CONSTRAINT fk_notification_plans_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE
);

-- How fast a store's messages go out: the token bucket, as two instants.
CREATE TABLE IF NOT EXISTS notification_paces (
    store_id {uuid} NOT NULL,
    ready_at {timestamp} NOT NULL,
    last_at {timestamp} NOT NULL,
    version {bigint} NOT NULL,
    CONSTRAINT pk_notification_paces PRIMARY KEY (store_id),
    CONSTRAINT fk_notification_paces_store FOREIGN KEY (store_id) REFERENCES stores (id) ON DELETE CASCADE
);
