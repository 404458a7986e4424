-- A contact that is made moves in time. Of a customer or a household there are few: found by them alone, no index changes.
DROP INDEX contact_ledger_customer;
CREATE INDEX contact_ledger_customer ON contact_ledger (customer_id);
DROP INDEX contact_ledger_household;
CREATE INDEX contact_ledger_household ON contact_ledger (household);

-- PostgreSQL writes a changed row into every index of its table anew, unless its page has room and no index speaks of what changes. A
-- message changes its state three times: the indexes speak of its place, which changes twice, and are as few as can be.
-- On SQLite:
ALTER TABLE delivery ADD COLUMN place TEXT GENERATED ALWAYS AS (
    CASE state WHEN 'planned' THEN 'waiting' WHEN 'deferred' THEN 'waiting' WHEN 'claimed' THEN 'in hand'
        WHEN 'committing' THEN 'in hand' WHEN 'sent' THEN 'sent' WHEN 'held' THEN 'held' ELSE 'apart' END
) VIRTUAL;
-- On PostgreSQL:
ALTER TABLE contact_ledger SET (fillfactor = 80);
ALTER TABLE customer_state SET (fillfactor = 80);
ALTER TABLE delivery SET (fillfactor = 80);
DROP INDEX delivery_due, delivery_in_hand, delivery_apart, delivery_customer;
ALTER TABLE delivery ADD COLUMN place TEXT GENERATED ALWAYS AS (
    CASE state WHEN 'planned' THEN 'waiting' WHEN 'deferred' THEN 'waiting' WHEN 'claimed' THEN 'in hand'
        WHEN 'committing' THEN 'in hand' WHEN 'sent' THEN 'sent' WHEN 'held' THEN 'held' ELSE 'apart' END
) STORED;
-- One index is the promise and finds a customer's messages.
ALTER TABLE delivery ADD CONSTRAINT delivery_once UNIQUE (customer_id, campaign_run_id, step, occasion);
ALTER TABLE delivery DROP CONSTRAINT delivery_campaign_run_id_customer_id_step_occasion_key;
CREATE INDEX delivery_due ON delivery (channel, next_at, id) WHERE place = 'waiting';
CREATE INDEX delivery_waiting ON delivery (campaign_run_id, next_at) WHERE place = 'waiting';
CREATE INDEX delivery_in_hand ON delivery (id) WHERE place = 'in hand';
CREATE INDEX delivery_held ON delivery (channel, id) WHERE place = 'held';
CREATE INDEX delivery_apart ON delivery (campaign_run_id, id) WHERE place = 'held' OR place = 'apart';
