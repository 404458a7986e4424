-- What mail systems, providers and customers sent back, each thing once: the digest is that of what came in.
CREATE TABLE incoming (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    delivery_id BIGINT,
    received_at BIGINT NOT NULL
);

-- Bounces by address, of which only the hash is kept: soft ones are counted before the address is given up.
CREATE TABLE bounce (
    id BIGINT PRIMARY KEY,
    delivery_id BIGINT NOT NULL,
    campaign_run_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT,
    occurred_at BIGINT NOT NULL
);
CREATE INDEX bounce_address ON bounce (channel, address_hash, occurred_at);
CREATE INDEX bounce_run ON bounce (campaign_run_id, class);

-- What customers asked in reply to a message, until somebody has answered.
CREATE TABLE inquiry (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    delivery_id BIGINT,
    channel TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT
);
CREATE INDEX inquiry_state ON inquiry (state, asked_at);
CREATE INDEX inquiry_customer ON inquiry (customer_id);

-- Who answers from a number: written with or without blanks and dashes.
CREATE INDEX customer_phone ON customer (replace(replace(phone, ' ', ''), '-', ''));
