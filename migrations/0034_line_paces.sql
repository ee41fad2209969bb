-- How fast what is told of a store at LINE is acted on: until when all that was heard is paid for.
CREATE TABLE IF NOT EXISTS line_paces (
    store_id {uuid} NOT NULL,
    paid_until {timestamp} NOT NULL,
    version {bigint} NOT NULL,
    CONSTRAINT pk_line_paces PRIMARY KEY (store_id),
    CONSTRAINT fk_line_paces_store FOREIGN KEY (store_id) REFERENCES stores (id) ON DELETE CASCADE
);
