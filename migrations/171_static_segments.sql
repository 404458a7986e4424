-- Segments whose members somebody uploaded: a list of keys, which changes only when another one is sent. The version counts uploads.
CREATE TABLE static_segment (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT,
    version BIGINT NOT NULL,
    size BIGINT NOT NULL,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE static_member (
    segment_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (segment_id, customer_id)
);
CREATE INDEX static_member_customer ON static_member (customer_id);
