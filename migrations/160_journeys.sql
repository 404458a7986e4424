-- One client's way through a campaign of several steps: what began it, which step comes next, and when. Who begins twice for the
-- same reason is found here.
CREATE TABLE journey (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    entry TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    step INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    updated_at BIGINT NOT NULL,
    UNIQUE (campaign_id, customer_id, entry)
);
CREATE INDEX journey_due ON journey (state, due_at);
CREATE INDEX journey_customer ON journey (customer_id, campaign_id, entered_at);

-- Each step that was taken, once: the key is the promise that nobody gets a step twice. Without a run it was passed over.
CREATE TABLE journey_step (
    journey_id BIGINT NOT NULL,
    step INTEGER NOT NULL,
    campaign_run_id BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (journey_id, step)
);

-- How far a campaign has looked for clients who begin: changes of a segment, or hand-overs of new facts.
CREATE TABLE journey_watch (
    campaign_id BIGINT PRIMARY KEY,
    trigger_spec TEXT NOT NULL,
    position BIGINT NOT NULL
);

-- Of the run of a wave: which step of the journeys it took. Runs that begin by hand or on a schedule have none.
ALTER TABLE campaign_run ADD COLUMN step INTEGER;

-- Who applied a version, for workspaces in which another person approves it.
ALTER TABLE campaign_version ADD COLUMN applied_by TEXT;
