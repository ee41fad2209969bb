-- Domain events on their way to those who act on them. Tenant and store are not referenced: an event outlives them.
CREATE TABLE IF NOT EXISTS outbox (
    id {uuid} NOT NULL,
    kind {varchar:100} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    subject_id {uuid} NOT NULL,
    payload {json} NOT NULL,
    occurred_at {timestamp} NOT NULL,
    status {varchar:20} DEFAULT 'pending' NOT NULL,
    attempts {int} DEFAULT 0 NOT NULL,
    available_at {timestamp} NOT NULL,
    lease_until {timestamp},
    lease_token {uuid},
    delivered_at {timestamp},
    last_error {text},
    CONSTRAINT pk_outbox PRIMARY KEY (id),
    CONSTRAINT ck_outbox_status CHECK (status IN ('pending', 'leased', 'delivered', 'failed'))
);

CREATE INDEX IF NOT EXISTS idx_outbox_status ON outbox (status, available_at);

CREATE INDEX IF NOT EXISTS idx_outbox_subject ON outbox (subject_id);
