-- Keys that an import says are one customer's: written with the import, and merged right after it, or by whoever comes next.
CREATE TABLE merge_request (
    id BIGINT PRIMARY KEY,
    external_id TEXT NOT NULL,
    into_external_id TEXT NOT NULL,
    requested_at BIGINT NOT NULL
);
