-- Numbers that only rise. `feed` is the number of the latest hand-over of new facts and changed profiles to those who follow them;
-- the others count changes that come in bulk, after which a follower starts anew.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Who follows new facts, and up to which hand-over they have taken them in: what they have not is not sealed.
CREATE TABLE feed_follower (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- The hand-over in which a fact of the tail was given out; 0 before.
ALTER TABLE history_tail ADD COLUMN feed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX history_tail_feed ON history_tail (feed) WHERE sealed_at = 0;

-- Customers whose profile changed, for the same hand-overs.
CREATE TABLE customer_change (
    id BIGINT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    feed BIGINT NOT NULL
);
CREATE INDEX customer_change_feed ON customer_change (feed);

-- Segments that a rule defines. The version counts definitions, the revision every change of the membership.
CREATE TABLE rule_segment (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    version BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    bits INTEGER NOT NULL,
    size BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    position BIGINT NOT NULL,
    stale BOOLEAN NOT NULL,
    built_at BIGINT,
    refreshed_at BIGINT,
    lease_until BIGINT NOT NULL,
    failure TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Customers of a small range of ids: who is in, since when, what was measured, and when time alone may change it.
CREATE TABLE rule_segment_block (
    segment_id BIGINT NOT NULL,
    block BIGINT NOT NULL,
    members BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (segment_id, block)
);
-- The due-time queue.
CREATE INDEX rule_segment_block_due ON rule_segment_block (segment_id, due_at);

-- Who entered and who left, kept for some weeks.
CREATE TABLE rule_segment_change (
    id BIGINT PRIMARY KEY,
    segment_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    entered BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX rule_segment_change_segment ON rule_segment_change (segment_id, id);
CREATE INDEX rule_segment_change_customer ON rule_segment_change (customer_id);
