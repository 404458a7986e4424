-- What staff write down about a customer. Personal.
CREATE TABLE customer_note (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX customer_note_customer ON customer_note (customer_id, id);

-- What somebody has still to do for a customer.
CREATE TABLE customer_task (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    owner TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_by TEXT,
    closed_at BIGINT
);
CREATE INDEX customer_task_customer ON customer_task (customer_id, id);
CREATE INDEX customer_task_owner ON customer_task (owner, due_at);

-- Who looks after a customer, and in which team.
CREATE TABLE account_owner (
    customer_id BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,
    team TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- Who brought whom; each person is brought once.
CREATE TABLE referral (
    referred_id BIGINT PRIMARY KEY,
    referrer_id BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX referral_referrer ON referral (referrer_id);
