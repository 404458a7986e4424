-- Single-use codes of offers: each is given to one customer at most. `held_by` is the delivery, or in real time the decision, that
-- it was given to; a code whose message never went out, or whose answer is said not to have been shown, is free again.
CREATE TABLE offer_code (
    offer_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    held_by BIGINT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (offer_id, code)
);
CREATE INDEX offer_code_state ON offer_code (offer_id, state, code);

-- How much of what is scarce in a campaign its runs and its answers in real time have used: the budget in ticks, contacts of a
-- channel by period, hour and day. `period` is the version or the run that opened the period, or the beginning of the hour or day.
-- `contacts` and `value` (ticks) say what a unit has earned; prices are corrected by it.
CREATE TABLE capacity (
    campaign_id BIGINT NOT NULL,
    resource TEXT NOT NULL,
    period BIGINT NOT NULL,
    used BIGINT NOT NULL,
    contacts BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, resource, period)
);

-- What one contact holds of it, to be given back when nothing comes of it. The id is the delivery's, or in real time the decision's.
CREATE TABLE reservation (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    offer_id BIGINT NOT NULL,
    takes TEXT NOT NULL,
    value BIGINT NOT NULL,
    code TEXT,
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX reservation_open ON reservation (state, expires_at);
