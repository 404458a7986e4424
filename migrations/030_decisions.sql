-- What was decided for a customer in a run, or in real time (no run). A decision for several contacts has a row for each; one
-- for none has a row without an offer. In the holdout arms the row tells what would have been done.
CREATE TABLE decision (
    id BIGINT PRIMARY KEY,
    campaign_run_id BIGINT,
    customer_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    decided_at BIGINT NOT NULL,
    arm TEXT NOT NULL,
    offer_id BIGINT,
    offer TEXT,
    channel TEXT,
    slot_from BIGINT,
    slot_until BIGINT,
    variant TEXT,
    value BIGINT NOT NULL,
    p1 DOUBLE PRECISION,
    p0 DOUBLE PRECISION,
    propensity DOUBLE PRECISION NOT NULL,
    forced BOOLEAN NOT NULL,
    variants TEXT NOT NULL,
    context TEXT NOT NULL,
    trace TEXT NOT NULL,
    model_versions TEXT NOT NULL
);

CREATE UNIQUE INDEX decision_run ON decision (campaign_run_id, customer_id, ordinal);
CREATE INDEX decision_customer ON decision (customer_id, decided_at, id);

-- Prices of scarce resources that the latest run found; real-time decisions are made at them.
CREATE TABLE decision_price (
    campaign_run_id BIGINT PRIMARY KEY,
    decided_at BIGINT NOT NULL,
    value BIGINT NOT NULL,
    bound DOUBLE PRECISION NOT NULL,
    prices TEXT NOT NULL
);
