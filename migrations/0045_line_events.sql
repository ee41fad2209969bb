-- What customers did in their chats with a store at LINE. LINE tells again what was not answered in time: it is known by its key.
CREATE TABLE IF NOT EXISTS line_events (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    -- What LINE calls it.
    event_key {varchar:100} NOT NULL,
    -- Sealed. Null once it was acted on.
    body {bytes},
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_line_events PRIMARY KEY (id),
    CONSTRAINT uk_line_events_key UNIQUE (store_id, event_key),
    CONSTRAINT fk_line_events_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE
);
