-- Since when a person is banned: a lock that nothing but the end of the ban ends. Their status is then 'locked'.
ALTER TABLE users ADD COLUMN IF NOT EXISTS banned_at {timestamp};

-- Digest of the challenge whose second factor began the session. Null: it began at once. Of one challenge there is one.
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS challenge_hash {bytes:32};

CREATE UNIQUE INDEX IF NOT EXISTS uk_sessions_challenge ON sessions (challenge_hash);
