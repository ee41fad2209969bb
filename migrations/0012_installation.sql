-- What is sealed with the master key that this database belongs to: one row, by which a start with another key is seen.
CREATE TABLE IF NOT EXISTS installation (
    id {uuid} NOT NULL,
    -- Sealed.
    key_check {bytes} NOT NULL,
    created_at {timestamp} NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY (id)
);
