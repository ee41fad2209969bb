-- Staff, rooms, equipment and vehicles that can be booked.
CREATE TABLE IF NOT EXISTS resources (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    type {varchar:20} DEFAULT 'staff' NOT NULL,
    name {varchar:255} NOT NULL,
    display_name {varchar:255},
    description {text},
    photo_url {varchar:255},
    attributes {json},
    -- Null: the hours of the store.
    working_hours {json},
    -- Hundredths: 125 is a rate of 1.25.
    efficiency_hundredths {int} DEFAULT 100 NOT NULL,
    hourly_rate_diff {bigint} DEFAULT 0 NOT NULL,
    capacity {int} DEFAULT 1 NOT NULL,
    sort_order {int} DEFAULT 0 NOT NULL,
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_resources PRIMARY KEY (id),
    CONSTRAINT uk_resources_store UNIQUE (store_id, id),
    CONSTRAINT fk_resources_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_resources_type CHECK (type IN ('staff', 'room', 'equipment', 'vehicle')),
    CONSTRAINT ck_resources_efficiency CHECK (efficiency_hundredths > 0),
    CONSTRAINT ck_resources_capacity CHECK (capacity > 0)
);

CREATE INDEX IF NOT EXISTS idx_resources_type ON resources (store_id, type);

CREATE INDEX IF NOT EXISTS idx_resources_active ON resources (store_id, is_active);

-- Times at which a resource is away.
CREATE TABLE IF NOT EXISTS resource_absences (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    resource_id {uuid} NOT NULL,
    starts_at {timestamp} NOT NULL,
    ends_at {timestamp} NOT NULL,
    reason {varchar:255},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_resource_absences PRIMARY KEY (id),
    CONSTRAINT fk_resource_absences_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_resource_absences_resource
        FOREIGN KEY (store_id, resource_id) REFERENCES resources (store_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_resource_absences_order CHECK (starts_at < ends_at)
);

CREATE INDEX IF NOT EXISTS idx_resource_absences_resource ON resource_absences (resource_id, starts_at);

CREATE INDEX IF NOT EXISTS idx_resource_absences_store ON resource_absences (store_id, ends_at);
