-- Who acts on domain events: each gets what happened from `since` on, as long as some program still registers it.
CREATE TABLE IF NOT EXISTS subscribers (
    name {varchar:50} NOT NULL,
    since {timestamp} NOT NULL,
    seen_at {timestamp} NOT NULL,
    CONSTRAINT pk_subscribers PRIMARY KEY (name)
);

-- That a subscriber has acted on an event, written in the transaction of its effect.
CREATE TABLE IF NOT EXISTS handled_events (
    event_id {uuid} NOT NULL,
    subscriber {varchar:50} NOT NULL,
    handled_at {timestamp} NOT NULL,
    CONSTRAINT pk_handled_events PRIMARY KEY (event_id, subscriber)
);

CREATE INDEX IF NOT EXISTS idx_handled_events_at ON handled_events (handled_at);
