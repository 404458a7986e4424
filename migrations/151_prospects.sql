-- Leads: who showed interest, where they came from, and what that cost. A person may come more than once.
CREATE TABLE lead (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    cost BIGINT NOT NULL,
    at BIGINT NOT NULL,
    campaign TEXT,
    converted_at BIGINT
);
CREATE INDEX lead_customer ON lead (customer_id);
CREATE INDEX lead_source ON lead (source, at);
