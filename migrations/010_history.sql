-- Sealed Parquet files: a file counts from the transaction that adds its row here.
CREATE TABLE history_segment (
    id BIGINT PRIMARY KEY,
    fact_type TEXT NOT NULL,
    file TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    row_count BIGINT NOT NULL,
    byte_count BIGINT NOT NULL,
    digest TEXT NOT NULL,
    min_customer BIGINT NOT NULL,
    max_customer BIGINT NOT NULL,
    min_time BIGINT NOT NULL,
    max_time BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL
);
CREATE INDEX history_segment_type ON history_segment (fact_type, id);

-- Facts that arrived one by one. A sealed one stays a while as a bare key, so that a late repetition is recognised.
CREATE TABLE history_tail (
    id BIGINT PRIMARY KEY,
    fact_type TEXT NOT NULL,
    source TEXT NOT NULL,
    fact_key TEXT NOT NULL,
    customer_id BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    batch BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL,
    UNIQUE (fact_type, source, fact_key)
);
CREATE INDEX history_tail_open ON history_tail (fact_type, sealed_at, batch);

-- The state of each fact type: every seal raises the generation, so that two at once cannot both take the same rows.
CREATE TABLE history_state (
    fact_type TEXT PRIMARY KEY,
    generation BIGINT NOT NULL,
    buckets INTEGER NOT NULL
);
