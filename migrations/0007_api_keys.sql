-- Machine callers. Of a token only its digest is kept. Without a tenant: the operator's; without a store: all of the
-- tenant.
CREATE TABLE IF NOT EXISTS api_keys (
    id {uuid} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    name {varchar:255} NOT NULL,
    token_hash {bytes:32} NOT NULL,
    -- The first characters of the token, so that people can tell keys apart.
    hint {varchar:20} NOT NULL,
    permissions {json} NOT NULL,
    expires_at {timestamp},
    revoked_at {timestamp},
    last_used_at {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT uk_api_keys_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_api_keys_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_api_keys_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_api_keys_store CHECK (store_id IS NULL OR tenant_id IS NOT NULL)
);

CREATE INDEX IF NOT EXISTS idx_api_keys_tenant ON api_keys (tenant_id, store_id);
