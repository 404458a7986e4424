-- Where each customer stands, since when, and the dated steps between stages. A prospect has no row.
CREATE TABLE customer_stage (
    customer_id BIGINT PRIMARY KEY,
    stage TEXT NOT NULL,
    since BIGINT NOT NULL
);

CREATE TABLE stage_step (
    customer_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    from_stage TEXT NOT NULL,
    to_stage TEXT NOT NULL,
    by_model BOOLEAN NOT NULL,
    PRIMARY KEY (customer_id, at, to_stage)
);
CREATE INDEX stage_step_at ON stage_step (at);

-- The stage of the last scoring, for rules; absent before the first.
ALTER TABLE customer_state ADD COLUMN stage TEXT;
