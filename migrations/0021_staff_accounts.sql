-- What people are at the stores where they work, or have worked.
CREATE TABLE IF NOT EXISTS staff_accounts (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    role {varchar:20} NOT NULL,
    -- What differs from the role: granted and denied.
    permissions {json} NOT NULL,
    -- The resource that they are, if customers can book them.
    resource_id {uuid},
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_staff_accounts PRIMARY KEY (id),
    CONSTRAINT uk_staff_accounts_user_store UNIQUE (user_id, store_id),
    CONSTRAINT fk_staff_accounts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_staff_accounts_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_staff_accounts_resource FOREIGN KEY (store_id, resource_id) REFERENCES resources (store_id, id),
    CONSTRAINT ck_staff_accounts_role CHECK (role IN ('owner', 'manager', 'staff', 'reception'))
);

CREATE INDEX IF NOT EXISTS idx_staff_accounts_store ON staff_accounts (tenant_id, store_id, is_active);

CREATE INDEX IF NOT EXISTS idx_staff_accounts_resource ON staff_accounts (store_id, resource_id);

-- To which store a one-time token of the kind `invitation` invites, and by a keyed digest to which address. What else it
-- says is in the token's payload.
CREATE TABLE IF NOT EXISTS staff_invitations (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    email_index {bytes:32} NOT NULL,
    CONSTRAINT pk_staff_invitations PRIMARY KEY (id),
    CONSTRAINT fk_staff_invitations_token FOREIGN KEY (id) REFERENCES one_time_tokens (id) ON DELETE CASCADE,
    CONSTRAINT fk_staff_invitations_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_staff_invitations_store ON staff_invitations (tenant_id, store_id, email_index);
