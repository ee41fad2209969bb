-- People who look after the platform, or did.
CREATE TABLE IF NOT EXISTS admin_users (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    role {varchar:20} NOT NULL,
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_admin_users PRIMARY KEY (id),
    CONSTRAINT uk_admin_users_user UNIQUE (user_id),
    CONSTRAINT fk_admin_users_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_admin_users_role CHECK (role IN ('admin', 'support', 'moderator'))
);
