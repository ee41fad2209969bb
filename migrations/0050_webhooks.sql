-- Where tenants want to hear of events.
CREATE TABLE IF NOT EXISTS webhook_endpoints (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    -- Of which store's events alone; null: of all of the tenant's.
    store_id {uuid},
    -- Sealed, as its path may be a secret of its own.
    url {bytes} NOT NULL,
    description {varchar:255},
    events {json} NOT NULL,
    -- What deliveries are signed with, the present one first, as sealed JSON.
    secrets {bytes} NOT NULL,
    disabled_at {timestamp},
    disabled_reason {varchar:20},
    -- Since when nothing has worked.
    failing_since {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id),
    CONSTRAINT uk_webhook_endpoints_tenant UNIQUE (tenant_id, id),
    CONSTRAINT fk_webhook_endpoints_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_webhook_endpoints_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_webhook_endpoints_reason CHECK (disabled_reason IN ('by_hand', 'failing', 'gone')),
    CONSTRAINT ck_webhook_endpoints_disabled CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);

-- Events on their way to endpoints, and what became of them.
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    endpoint_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    kind {varchar:100} NOT NULL,
    -- In which store it happened; the log outlives the store.
    store_id {uuid},
    occurred_at {timestamp} NOT NULL,
    -- What is sent, byte for byte.
    body {bytes} NOT NULL,
    status {varchar:20} NOT NULL,
    -- Until when it waits, when it was delivered, since when it is not tried any more.
    status_at {timestamp} NOT NULL,
    tries {int} NOT NULL,
    replays {int} NOT NULL,
    last_answer {json},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id),
    CONSTRAINT uk_webhook_deliveries_event UNIQUE (endpoint_id, event_id),
    CONSTRAINT fk_webhook_deliveries_endpoint FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'failed'))
);

CREATE INDEX IF NOT EXISTS idx_webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, id);

CREATE INDEX IF NOT EXISTS idx_webhook_deliveries_status ON webhook_deliveries (status, status_at);
