-- The key of the digests by which sealed values are found again, such as users.email_index: one row. It stays when master
-- keys change; only what seals it does.
CREATE TABLE IF NOT EXISTS look_up_keys (
    id {uuid} NOT NULL,
    -- Sealed.
    look_up_key {bytes} NOT NULL,
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_look_up_keys PRIMARY KEY (id)
);
