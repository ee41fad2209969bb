-- People who can sign in. The address is sealed, and found again by a keyed digest of its normal form. Of a deleted person
-- only the id is left, so another may have the address.
CREATE TABLE IF NOT EXISTS users (
    id {uuid} NOT NULL,
    status {varchar:20} DEFAULT 'active' NOT NULL,
    locked_at {timestamp},
    lock_reason {varchar:500},
    deleted_at {timestamp},
    -- A language tag after BCP 47.
    locale {varchar:35} DEFAULT 'ja' NOT NULL,
    -- Sealed.
    email {bytes},
    email_index {bytes:32},
    email_verified_at {timestamp},
    display_name {varchar:255} NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uk_users_email UNIQUE (email_index),
    CONSTRAINT ck_users_status CHECK (status IN ('active', 'locked', 'deleted')),
    CONSTRAINT ck_users_email CHECK (status <> 'deleted' OR email_index IS NULL)
);
