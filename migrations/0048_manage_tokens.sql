-- The token of a booking's manage link, sealed: messages show the link. Null of bookings that were made before.
ALTER TABLE bookings ADD COLUMN IF NOT EXISTS manage_token {bytes};
