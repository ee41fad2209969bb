-- When schedules fire next: one row for each, or one for each store.
CREATE TABLE IF NOT EXISTS schedules (
    name {varchar:100} NOT NULL,
    -- A store's id, or 'all'.
    scope {varchar:36} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    time_zone {varchar:64} NOT NULL,
    -- The rhythm that next_at was reckoned by, in words.
    rule {varchar:200} NOT NULL,
    next_at {timestamp} NOT NULL,
    CONSTRAINT pk_schedules PRIMARY KEY (name, scope)
);

CREATE INDEX IF NOT EXISTS idx_schedules_next ON schedules (name, next_at);

-- Who does what one worker does for all of them, and until when.
CREATE TABLE IF NOT EXISTS leaders (
    name {varchar:50} NOT NULL,
    holder {uuid} NOT NULL,
    until {timestamp} NOT NULL,
    CONSTRAINT pk_leaders PRIMARY KEY (name)
);
