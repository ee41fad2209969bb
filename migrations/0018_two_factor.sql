-- The authenticator app of a person, and codes for who has lost it. Of the codes only keyed digests are kept.
CREATE TABLE IF NOT EXISTS two_factor (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    -- Sealed: what the app and we share, in base 32.
    secret {bytes} NOT NULL,
    -- Null: the person has not shown a code of it yet, and nothing is asked for.
    confirmed_at {timestamp},
    -- The step of 30 seconds whose code was taken last.
    last_step {bigint},
    -- How many wrong codes there were since the last right one.
    wrong_codes {int} DEFAULT 0 NOT NULL,
    -- When the password was reset by mail; null once the person has proven another factor than their mailbox.
    password_reset_at {timestamp},
    version {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT pk_two_factor PRIMARY KEY (id),
    CONSTRAINT uk_two_factor_user UNIQUE (user_id),
    CONSTRAINT fk_two_factor_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id {uuid} NOT NULL,
    digest {bytes:32} NOT NULL,
    -- In which order they were shown.
    position {int} NOT NULL,
    used_at {timestamp},
    CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, digest),
    CONSTRAINT fk_recovery_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
