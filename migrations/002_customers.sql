-- A person or firm; external_id is the company's own key, id its keyed hash.
CREATE TABLE customer (
    id BIGINT PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    phone TEXT,
    address TEXT,
    country TEXT,
    locale TEXT,
    zone TEXT,
    household TEXT,
    profiling_objection BOOLEAN NOT NULL,
    tracking BOOLEAN NOT NULL,
    acquired_at BIGINT,
    acquisition_cost BIGINT,
    attributes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX customer_household ON customer (household);

-- What a customer agreed to, per channel and purpose, with the proof.
CREATE TABLE consent (
    customer_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    purpose TEXT NOT NULL,
    granted BOOLEAN NOT NULL,
    legal_basis TEXT NOT NULL,
    source TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, channel, purpose)
);

-- Addresses that must not be used, whatever the consent says (bounced, complained, asked).
CREATE TABLE suppression (
    channel TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (channel, address_hash)
);

-- What real time and claim time read instead of history: one row a customer.
CREATE TABLE customer_state (
    customer_id BIGINT PRIMARY KEY,
    segment TEXT,
    features TEXT NOT NULL,
    scores TEXT NOT NULL,
    last_order_at BIGINT,
    open_complaints BIGINT NOT NULL,
    orders BIGINT NOT NULL,
    revenue BIGINT NOT NULL,
    cost_to_serve BIGINT NOT NULL,
    profit BIGINT NOT NULL,
    scored_at BIGINT,
    updated_at BIGINT NOT NULL
);

-- Contacts reserved and made, for caps and cool-downs.
CREATE TABLE contact_ledger (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    household TEXT,
    channel TEXT NOT NULL,
    message_class TEXT NOT NULL,
    campaign_run_id BIGINT,
    delivery_id BIGINT,
    at BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX contact_ledger_customer ON contact_ledger (customer_id, at);
CREATE INDEX contact_ledger_household ON contact_ledger (household, at);
CREATE INDEX contact_ledger_delivery ON contact_ledger (delivery_id);
