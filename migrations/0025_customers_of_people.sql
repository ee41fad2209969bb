-- Which of a store's customers is a person who signs in. Nobody is two customers of one store.
ALTER TABLE customers ADD COLUMN IF NOT EXISTS user_id {uuid};

CREATE UNIQUE INDEX IF NOT EXISTS uk_customers_store_user ON customers (store_id, user_id);

CREATE INDEX IF NOT EXISTS idx_customers_user ON customers (user_id);
