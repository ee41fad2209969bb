-- Codes by which customers show in their chats which booking is theirs. Of the code only its digest is kept.
CREATE TABLE IF NOT EXISTS line_codes (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    booking_id {uuid} NOT NULL,
    -- Who they are, where that was proven; null: no more than that they hold the booking's link.
    customer_id {uuid},
    code_hash {bytes:32} NOT NULL,
    -- Who used it.
    line_user_id {varchar:100},
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT pk_line_codes PRIMARY KEY (id),
    CONSTRAINT uk_line_codes_booking UNIQUE (booking_id),
    CONSTRAINT uk_line_codes_code UNIQUE (code_hash),
    CONSTRAINT fk_line_codes_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE
);

-- Who is told of a booking on LINE by a code, be they its customer or not.
CREATE TABLE IF NOT EXISTS line_holders (
    booking_id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    line_user_id {varchar:100} NOT NULL,
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_line_holders PRIMARY KEY (booking_id),
    CONSTRAINT fk_line_holders_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_line_holders_user ON line_holders (store_id, line_user_id);
