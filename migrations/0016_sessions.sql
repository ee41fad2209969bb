-- One sign-in on one device. Of its tokens only digests are kept: of what all its refresh tokens share, of the newest
-- refresh token and the one before it, and of the newest access token.
CREATE TABLE IF NOT EXISTS sessions (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    family_hash {bytes:32} NOT NULL,
    refresh_token_hash {bytes:32} NOT NULL,
    previous_token_hash {bytes:32},
    access_token_hash {bytes:32} NOT NULL,
    access_expires_at {timestamp} NOT NULL,
    -- Whether one of the newest tokens has been shown.
    successor_used {bool} DEFAULT FALSE NOT NULL,
    methods {json} NOT NULL,
    created_at {timestamp} NOT NULL,
    -- To the minute.
    last_used_at {timestamp} NOT NULL,
    idle_expires_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    -- Sealed.
    ip_address {bytes},
    -- Sealed.
    user_agent {bytes},
    revoked_at {timestamp},
    revoke_reason {varchar:20},
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT uk_sessions_family UNIQUE (family_hash),
    CONSTRAINT uk_sessions_access_token UNIQUE (access_token_hash),
    CONSTRAINT fk_sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_sessions_account FOREIGN KEY (account_id) REFERENCES sign_in_accounts (id) ON DELETE CASCADE,
    CONSTRAINT ck_sessions_revoke_reason CHECK (revoke_reason IN
        ('signed_out', 'revoked', 'reuse', 'password_changed', 'locked', 'banned', 'deleted')),
    CONSTRAINT ck_sessions_order CHECK (access_expires_at <= expires_at AND idle_expires_at <= expires_at)
);

CREATE INDEX IF NOT EXISTS idx_sessions_user ON sessions (user_id, revoked_at);

CREATE INDEX IF NOT EXISTS idx_sessions_account ON sessions (account_id);

CREATE INDEX IF NOT EXISTS idx_sessions_expires ON sessions (expires_at);
