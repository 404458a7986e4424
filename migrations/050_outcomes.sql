-- What came of a contact: opens, clicks, unsubscribes, bounces, complaints, conversions. source_key makes it count once.
CREATE TABLE outcome (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    customer_id BIGINT NOT NULL,
    delivery_id BIGINT,
    decision_id BIGINT,
    campaign_run_id BIGINT,
    occurred_at BIGINT NOT NULL,
    value BIGINT,
    source_key TEXT NOT NULL UNIQUE
);
CREATE INDEX outcome_customer ON outcome (customer_id, occurred_at);
CREATE INDEX outcome_run ON outcome (campaign_run_id, kind);
CREATE INDEX outcome_delivery ON outcome (delivery_id);
