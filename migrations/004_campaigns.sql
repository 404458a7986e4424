-- A campaign's definition: the present version, and where it is in its life.
CREATE TABLE campaign (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    approved_by TEXT,
    next_run_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Every version that was ever applied: a message is rendered from the version it was planned with.
CREATE TABLE campaign_version (
    campaign_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    folder TEXT NOT NULL,
    plan TEXT,
    planned_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, version)
);

-- One batch.
CREATE TABLE campaign_run (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    seed BIGINT NOT NULL,
    state TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    summary TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    measured_at BIGINT,
    UNIQUE (campaign_id, occasion)
);
