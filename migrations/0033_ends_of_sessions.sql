-- What is over is forgotten by when it ended, whatever ended it.
CREATE INDEX IF NOT EXISTS idx_sessions_revoked ON sessions (revoked_at);

CREATE INDEX IF NOT EXISTS idx_sessions_idle ON sessions (idle_expires_at);
