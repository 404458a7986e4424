-- What a message is made of is written once and read once; where it is on its way is written three times. Apart, a change of state
-- rewrites a short row.
CREATE TABLE delivery_variables (
    delivery_id BIGINT PRIMARY KEY,
    variables TEXT NOT NULL
);
INSERT INTO delivery_variables (delivery_id, variables) SELECT id, variables FROM delivery;
ALTER TABLE delivery DROP COLUMN variables;

-- Of a run, the states that its way through claim, mark and answer only passes need no index: most rows end as sent. What waits and
-- what went wrong is looked for by state.
DROP INDEX delivery_run;
CREATE INDEX delivery_run ON delivery (campaign_run_id, id);
CREATE INDEX delivery_apart ON delivery (campaign_run_id, state, id)
    WHERE state = 'planned' OR state = 'deferred' OR state = 'held' OR state = 'failed' OR state = 'suppressed' OR state = 'cancelled';

-- What workers have in hand, found by a look at each (they are few): under a key that stays where it is while a lease is prolonged.
DROP INDEX delivery_lease;
CREATE INDEX delivery_in_hand ON delivery (id) WHERE state = 'claimed' OR state = 'committing';
