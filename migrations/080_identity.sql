-- Keys that became one customer with another: whatever comes under the alias belongs to the survivor. Never a chain: a
-- customer_id here is no alias itself.
CREATE TABLE customer_alias (
    alias_id BIGINT PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    customer_id BIGINT NOT NULL,
    merged_at BIGINT NOT NULL
);
CREATE INDEX customer_alias_customer ON customer_alias (customer_id);

-- Sealed facts that count no more: one fact, or without source and key all facts of the customer. It hides what was sealed at
-- a generation before its own, until compaction has left those rows out.
CREATE TABLE history_tombstone (
    id BIGINT PRIMARY KEY,
    fact_type TEXT NOT NULL,
    generation BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    source TEXT,
    fact_key TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX history_tombstone_type ON history_tombstone (fact_type, generation);

-- The generation at which a segment came to count; what compaction made has the one at which its inputs were read.
ALTER TABLE history_segment ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- Files that no longer count; they stay until nobody can be reading them.
CREATE TABLE history_retired (
    file TEXT PRIMARY KEY,
    fact_type TEXT NOT NULL,
    retired_at BIGINT NOT NULL
);
