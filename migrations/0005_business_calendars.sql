-- Dates on which a store's week does not hold.
CREATE TABLE IF NOT EXISTS business_calendars (
    id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    store_id {uuid} NOT NULL,
    date {date} NOT NULL,
    is_holiday {bool} DEFAULT FALSE NOT NULL,
    is_special_hours {bool} DEFAULT FALSE NOT NULL,
    special_hours {json},
    holiday_type {varchar:20},
    notes {text},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_business_calendars PRIMARY KEY (id),
    CONSTRAINT uk_business_calendars_store_date UNIQUE (store_id, date),
    CONSTRAINT fk_business_calendars_store
        FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_business_calendars_holiday_type
        CHECK (holiday_type IN ('national_holiday', 'store_holiday', 'special_event', 'maintenance'))
);

CREATE INDEX IF NOT EXISTS idx_business_calendars_date ON business_calendars (date);
