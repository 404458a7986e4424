-- Contacts with consequences for a person: each waits until somebody releases or refuses it, or until it is too late. The id is the
-- delivery's.
CREATE TABLE review (
    id BIGINT PRIMARY KEY,
    campaign_run_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    offer TEXT NOT NULL,
    channel TEXT NOT NULL,
    planned_for BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT,
    decided_at BIGINT
);
CREATE INDEX review_waiting ON review (state, expires_at, id);
