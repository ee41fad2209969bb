-- Links and codes that are good for one use. Of the token only its digest is kept; what it carries is sealed.
CREATE TABLE IF NOT EXISTS one_time_tokens (
    id {uuid} NOT NULL,
    kind {varchar:20} NOT NULL,
    token_hash {bytes:32} NOT NULL,
    -- Null: of somebody who is no person here yet.
    user_id {uuid},
    -- Sealed.
    payload {bytes},
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    used_at {timestamp},
    CONSTRAINT pk_one_time_tokens PRIMARY KEY (id),
    CONSTRAINT uk_one_time_tokens_token UNIQUE (token_hash),
    CONSTRAINT fk_one_time_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_one_time_tokens_kind
        CHECK (kind IN ('verify_email', 'password_reset', 'oauth_state', 'change_email', 'invitation'))
);

CREATE INDEX IF NOT EXISTS idx_one_time_tokens_user ON one_time_tokens (user_id, used_at);

CREATE INDEX IF NOT EXISTS idx_one_time_tokens_expires ON one_time_tokens (expires_at);
