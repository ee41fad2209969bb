-- What lasts for minutes, where there is no Redis. Values hold digests, never what somebody shows.
CREATE TABLE IF NOT EXISTS ephemeral (
    name {varchar:200} NOT NULL,
    value {text} NOT NULL,
    tries {int} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT pk_ephemeral PRIMARY KEY (name)
);

CREATE INDEX IF NOT EXISTS idx_ephemeral_expires ON ephemeral (expires_at);
