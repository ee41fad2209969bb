-- The first answers to requests that carry an idempotency key. Bodies are sealed: some are shown only once.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    caller {varchar:255} NOT NULL,
    idem_key {varchar:255} NOT NULL,
    fingerprint {bytes:32} NOT NULL,
    status {int} NOT NULL,
    body {bytes} NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller, idem_key)
);

CREATE INDEX IF NOT EXISTS idx_idempotency_keys_expires ON idempotency_keys (expires_at);
