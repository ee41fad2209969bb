-- Where each chain of the audit log ends. Writers of a chain queue on its row.
CREATE TABLE IF NOT EXISTS audit_chains (
    chain {varchar:80} NOT NULL,
    seq {bigint} NOT NULL,
    hash {bytes:32} NOT NULL,
    CONSTRAINT pk_audit_chains PRIMARY KEY (chain)
);

-- Who did what to what. Rows are only ever added; each hash covers the row and the hash before it. The JSON is text
-- here, as exactly this text was hashed.
CREATE TABLE IF NOT EXISTS audit_log (
    id {uuid} NOT NULL,
    chain {varchar:80} NOT NULL,
    seq {bigint} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    action {varchar:100} NOT NULL,
    subject_kind {varchar:100} NOT NULL,
    subject_id {uuid} NOT NULL,
    actor_kind {varchar:20} NOT NULL,
    actor_id {uuid},
    request_id {text} NOT NULL,
    ip_address {varchar:45},
    user_agent {text},
    before_data {text},
    after_data {text},
    at {timestamp} NOT NULL,
    prev_hash {bytes:32} NOT NULL,
    hash {bytes:32} NOT NULL,
    CONSTRAINT pk_audit_log PRIMARY KEY (id),
    CONSTRAINT uk_audit_log_chain_seq UNIQUE (chain, seq),
    CONSTRAINT ck_audit_log_actor_kind CHECK (actor_kind IN ('staff', 'customer', 'system'))
);

CREATE INDEX IF NOT EXISTS idx_audit_log_store ON audit_log (store_id, at);

CREATE INDEX IF NOT EXISTS idx_audit_log_subject ON audit_log (subject_id);
