-- Whether somebody on LINE has blocked a store, customer of it or not, as far as LINE has told.
CREATE TABLE IF NOT EXISTS line_friends (
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    line_user_id {varchar:100} NOT NULL,
    is_blocked {bool} NOT NULL,
    -- When they did what tells so: LINE may tell of it late.
    known_at {timestamp} NOT NULL,
    CONSTRAINT pk_line_friends PRIMARY KEY (store_id, line_user_id),
    CONSTRAINT fk_line_friends_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_line_friends_known ON line_friends (known_at);
