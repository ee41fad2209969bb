-- A store's own wordings. What they can name follows from the type, so it is no column.
CREATE TABLE IF NOT EXISTS notification_templates (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    template_type {varchar:30} NOT NULL,
    channel {varchar:20} NOT NULL,
    language {varchar:10} NOT NULL,
    name {varchar:255} NOT NULL,
    subject {varchar:255},
    content {text} NOT NULL,
    html {text},
    is_default {bool} DEFAULT FALSE NOT NULL,
    is_active {bool} DEFAULT TRUE NOT NULL,
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_notification_templates PRIMARY KEY (id),
    CONSTRAINT fk_notification_templates_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_notification_templates_type CHECK (template_type IN (
        'booking_received', 'booking_confirmed', 'booking_cancelled', 'reminder', 'change_request', 'promotional'
    )),
    CONSTRAINT ck_notification_templates_channel CHECK (channel IN ('line', 'email', 'sms', 'in_app'))
);

CREATE INDEX IF NOT EXISTS idx_notification_templates_type ON notification_templates (store_id, template_type);
