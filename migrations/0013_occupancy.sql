-- What is taken on a store's days: a row for each resource that a booking holds, or one without a resource. It is written
-- with the booking, and gone with its cancellation; what is taken around a date is one range of one index.
CREATE TABLE IF NOT EXISTS occupancy (
    booking_id {uuid} NOT NULL,
    position {int} NOT NULL,
    store_id {uuid} NOT NULL,
    booking_date {date} NOT NULL,
    occupied_from {timestamp} NOT NULL,
    occupied_to {timestamp} NOT NULL,
    -- Null: the booking holds none.
    resource_id {uuid},
    seats {int} DEFAULT 0 NOT NULL,
    is_exclusive {bool} DEFAULT FALSE NOT NULL,
    CONSTRAINT pk_occupancy PRIMARY KEY (booking_id, position),
    CONSTRAINT fk_occupancy_booking FOREIGN KEY (booking_id) REFERENCES bookings (id) ON DELETE CASCADE
);

-- Has every column that is read.
CREATE INDEX IF NOT EXISTS idx_occupancy_day
    ON occupancy (store_id, booking_date, occupied_from, occupied_to, resource_id, seats, is_exclusive, booking_id);

INSERT INTO occupancy
    (booking_id, position, store_id, booking_date, occupied_from, occupied_to, resource_id, seats, is_exclusive)
SELECT
    bookings.id,
    COALESCE(booking_resources.position, 0),
    bookings.store_id,
    bookings.booking_date,
    bookings.occupied_from,
    bookings.occupied_to,
    booking_resources.resource_id,
    COALESCE(booking_resources.seats, 0),
    COALESCE(booking_resources.is_exclusive, FALSE)
FROM bookings
LEFT JOIN booking_resources ON booking_resources.booking_id = bookings.id
WHERE bookings.status <> 'cancelled' AND bookings.id NOT IN (SELECT booking_id FROM occupancy);
