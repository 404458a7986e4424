-- What is due is taken in the order of time and id, a few at a time: the index holds that order to its end, so that nobody sorts a
-- million rows for the first two hundred.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (channel, state, next_at, id);
