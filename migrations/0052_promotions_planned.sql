-- Of how many customers have yet to be looked at is asked whenever one is made.
CREATE INDEX IF NOT EXISTS idx_promotions_waiting ON promotions (store_id, status);

-- When all customers had been looked at, also of one that was called off after. Of a planned one from before there was this column
-- `ended_at` says it.
ALTER TABLE promotions ADD COLUMN IF NOT EXISTS planned_at {timestamp};
