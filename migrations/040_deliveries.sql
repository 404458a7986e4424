-- One message to one customer. The unique key is the promise that nobody is written to twice for the same reason.
CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
    campaign_run_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    step INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    template_version TEXT NOT NULL,
    variables TEXT NOT NULL,
    reason TEXT,
    reply_code INTEGER,
    reply_text TEXT,
    cost BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (campaign_run_id, customer_id, step, occasion)
);

-- What a worker looks for next, and what a crash may have left.
CREATE INDEX delivery_due ON delivery (channel, state, next_at);
CREATE INDEX delivery_lease ON delivery (state, lease_until);
-- Reconciliation of a run, and one customer's timeline.
CREATE INDEX delivery_run ON delivery (campaign_run_id, state, id);
CREATE INDEX delivery_customer ON delivery (customer_id, created_at);

-- Brakes: a run that is paused or cancelled; the row of run 0 stops everything.
CREATE TABLE delivery_brake (
    campaign_run_id BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- How fast a channel may go; shared by all workers and kept over restarts.
CREATE TABLE delivery_pace (
    channel TEXT PRIMARY KEY,
    per_second INTEGER NOT NULL,
    next_free BIGINT NOT NULL
);
