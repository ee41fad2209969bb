-- Businesses that run one or more stores.
CREATE TABLE IF NOT EXISTS tenants (
    id {uuid} NOT NULL,
    name {varchar:255} NOT NULL,
    plan_type {varchar:20} DEFAULT 'free' NOT NULL,
    subscription_expires_at {timestamp},
    settings {json},
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_tenants PRIMARY KEY (id),
    CONSTRAINT ck_tenants_plan_type CHECK (plan_type IN ('free', 'standard', 'pro', 'enterprise'))
);

CREATE INDEX IF NOT EXISTS idx_tenants_plan_type ON tenants (plan_type);

CREATE INDEX IF NOT EXISTS idx_tenants_is_active ON tenants (is_active);
