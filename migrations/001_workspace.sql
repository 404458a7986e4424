-- What belongs to the workspace as a whole; secrets among it.
CREATE TABLE workspace (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Who did what: append-only; each row's hash covers the row before it.
CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT NOT NULL,
    hash TEXT NOT NULL
);
