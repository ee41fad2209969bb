-- Work that is done later. A job that is done has no row any more.
CREATE TABLE IF NOT EXISTS jobs (
    id {uuid} NOT NULL,
    kind {varchar:100} NOT NULL,
    job_key {varchar:200},
    -- 1 while the job waits or runs, null when it has failed: its key is unique among the unfinished.
    live {int},
    status {varchar:20} NOT NULL,
    payload {json} NOT NULL,
    tenant_id {uuid},
    store_id {uuid},
    attempts {int} NOT NULL,
    max_attempts {int} NOT NULL,
    due_at {timestamp} NOT NULL,
    -- When somebody has to look at it: when it is due, when its lease ends; of a failed one, when it failed.
    ready_at {timestamp} NOT NULL,
    lease_id {uuid},
    created_at {timestamp} NOT NULL,
    last_error {text},
    CONSTRAINT pk_jobs PRIMARY KEY (id),
    CONSTRAINT uk_jobs_key UNIQUE (kind, job_key, live),
    CONSTRAINT ck_jobs_status CHECK (status IN ('waiting', 'running', 'failed'))
);

CREATE INDEX IF NOT EXISTS idx_jobs_ready ON jobs (status, kind, ready_at, id);
