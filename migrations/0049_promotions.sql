-- What stores offer to customers who agreed to hear of offers. Each is planned lot by lot, in the order of customers' ids.
CREATE TABLE IF NOT EXISTS promotions (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    -- By language: headline and body.
    texts {json} NOT NULL,
    send_at {timestamp},
    last_visit_from {timestamp},
    last_visit_before {timestamp},
    status {varchar:20} NOT NULL,
    -- The last customer who was looked at, while it is planned.
    planned_to {uuid},
    -- When all customers had been looked at, or it was called off.
    ended_at {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_promotions PRIMARY KEY (id),
    CONSTRAINT fk_promotions_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_promotions_status CHECK (status IN ('scheduled', 'planning', 'planned', 'cancelled'))
);

CREATE INDEX IF NOT EXISTS idx_promotions_list ON promotions (store_id, id);

ALTER TABLE notifications ADD COLUMN IF NOT EXISTS promotion_id {uuid};

-- What has become of a promotion is counted by this alone.
CREATE INDEX IF NOT EXISTS idx_notifications_promotion ON notifications (promotion_id, status, channel);

-- Of how many customers have yet to be looked at is asked whenever one is made.
CREATE INDEX IF NOT EXISTS idx_promotions_waiting ON promotions (store_id, status);

-- When all customers had been looked at, also of one that was called off after. Of a planned one from before there was this column
-- `ended_at` says it.
ALTER TABLE promotions ADD COLUMN IF NOT EXISTS planned_at {timestamp};
