-- What the system has done by itself, or an operator by hand. What people do to data is in the audit log.
CREATE TABLE IF NOT EXISTS system_logs (
    id {uuid} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    user_id {uuid},
    user_type {varchar:20},
    action {varchar:100} NOT NULL,
    resource_type {varchar:100},
    resource_id {uuid},
    description {text},
    metadata {json},
    ip_address {varchar:45},
    user_agent {text},
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_system_logs PRIMARY KEY (id),
    CONSTRAINT fk_system_logs_store FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_system_logs_store CHECK (store_id IS NULL OR tenant_id IS NOT NULL),
    CONSTRAINT ck_system_logs_user_type CHECK (user_type IN ('staff', 'customer', 'system'))
);

CREATE INDEX IF NOT EXISTS idx_system_logs_user ON system_logs (user_id, user_type);

CREATE INDEX IF NOT EXISTS idx_system_logs_action ON system_logs (action);

CREATE INDEX IF NOT EXISTS idx_system_logs_created ON system_logs (created_at);
