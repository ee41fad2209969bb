-- Keys in people's devices. None of this is secret; what signs stays in the device.
CREATE TABLE IF NOT EXISTS passkeys (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    -- By which the device names it, in base64. Up to 1364 characters, which no index takes: it is found by its digest.
    credential_id {text} NOT NULL,
    credential_hash {bytes:32} NOT NULL,
    -- What it signs with, and what its next answer is compared with, in base64.
    public_key {text} NOT NULL,
    state {text} NOT NULL,
    name {varchar:100} NOT NULL,
    transports {json} NOT NULL,
    -- Whether there is a copy of it, so that it outlives its device.
    backed_up {bool} NOT NULL,
    sign_count {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    last_used_at {timestamp},
    CONSTRAINT pk_passkeys PRIMARY KEY (id),
    CONSTRAINT uk_passkeys_credential UNIQUE (credential_hash),
    CONSTRAINT fk_passkeys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_passkeys_user ON passkeys (user_id);
