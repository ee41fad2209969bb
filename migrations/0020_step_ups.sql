-- When the person of a session proved anew who they are, for what asks for more than a token. Without a row it was when
-- the session began.
CREATE TABLE IF NOT EXISTS step_ups (
    session_id {uuid} NOT NULL,
    authenticated_at {timestamp} NOT NULL,
    CONSTRAINT pk_step_ups PRIMARY KEY (session_id),
    CONSTRAINT fk_step_ups_session FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
