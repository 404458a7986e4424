-- The segment of the customer and the chance of the variant, as of the decision; none in rows that were written before.
ALTER TABLE decision ADD COLUMN segment TEXT;
ALTER TABLE decision ADD COLUMN variant_propensity DOUBLE PRECISION;

-- A run that tried variants on a share of its audience, and what was decided for the rest.
CREATE TABLE experiment_test (
    campaign_run_id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    experiment TEXT NOT NULL,
    occasion TEXT NOT NULL,
    decide_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    variant TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    because TEXT,
    rest_run_id BIGINT
);
CREATE INDEX experiment_test_state ON experiment_test (state, decide_at);
CREATE INDEX experiment_test_campaign ON experiment_test (campaign_id, occasion);

-- What was settled about an experiment for all runs that follow: a variant that won, or one that was stopped.
CREATE TABLE experiment_choice (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    experiment TEXT NOT NULL,
    salt TEXT NOT NULL,
    kind TEXT NOT NULL,
    variant TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    because TEXT NOT NULL
);
CREATE INDEX experiment_choice_campaign ON experiment_choice (campaign_id, experiment);

-- The weights with which a run drew its variants, and, once its window has ended, what came of each: what later weights and the
-- analysis of a test with moving weights rest on.
CREATE TABLE experiment_period (
    campaign_run_id BIGINT NOT NULL,
    variant TEXT NOT NULL,
    campaign_id BIGINT NOT NULL,
    experiment TEXT NOT NULL,
    salt TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    buckets INTEGER NOT NULL,
    units BIGINT,
    successes BIGINT,
    PRIMARY KEY (campaign_run_id, variant)
);
CREATE INDEX experiment_period_experiment ON experiment_period (campaign_id, experiment);
