-- The ways in which people sign in. A deleted account has no subject any more, so it can be linked anew.
CREATE TABLE IF NOT EXISTS sign_in_accounts (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    -- local, google, line, wordpress, or the name that the settings give an issuer.
    provider {varchar:50} NOT NULL,
    subject {varchar:255},
    -- Sealed: the address that the provider told.
    email {bytes},
    email_verified {bool} DEFAULT FALSE NOT NULL,
    -- Sealed. Of local accounts alone.
    password_hash {bytes},
    status {varchar:20} DEFAULT 'active' NOT NULL,
    created_at {timestamp} NOT NULL,
    last_login_at {timestamp},
    CONSTRAINT pk_sign_in_accounts PRIMARY KEY (id),
    CONSTRAINT uk_sign_in_accounts_subject UNIQUE (provider, subject),
    CONSTRAINT fk_sign_in_accounts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_sign_in_accounts_status CHECK (status IN ('active', 'locked', 'deleted')),
    CONSTRAINT ck_sign_in_accounts_password CHECK (provider = 'local' OR password_hash IS NULL)
);

CREATE INDEX IF NOT EXISTS idx_sign_in_accounts_user ON sign_in_accounts (user_id);
