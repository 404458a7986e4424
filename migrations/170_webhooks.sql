-- Who is told what happens: a subscription with the secret that signs what it is sent. After failures in a row it rests.
CREATE TABLE webhook (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    secret TEXT NOT NULL,
    version BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    rest_until BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What happened and somebody wants to be told: written in the transaction that did it, gone when it has been handed to the calls.
-- seq rises with the order in which things were written; a stream is a customer's id, or the negative id of a campaign.
CREATE TABLE webhook_event (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    stream BIGINT NOT NULL,
    customer_id BIGINT,
    at BIGINT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX webhook_event_seq ON webhook_event (seq, id);

-- One event on its way to one webhook. Of a stream the open call with the least position goes first, and the others wait for it.
CREATE TABLE webhook_call (
    id BIGINT PRIMARY KEY,
    webhook_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    stream BIGINT NOT NULL,
    customer_id BIGINT,
    at BIGINT NOT NULL,
    data TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    tried TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (webhook_id, event_id)
);
-- What is taken next; whether an earlier one of the stream is open; what is old; whose it is.
CREATE INDEX webhook_call_next ON webhook_call (webhook_id, state, position);
CREATE INDEX webhook_call_stream ON webhook_call (webhook_id, stream, position);
CREATE INDEX webhook_call_age ON webhook_call (state, updated_at);
CREATE INDEX webhook_call_customer ON webhook_call (customer_id);
