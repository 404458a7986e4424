-- What was imported: a file that comes again is recognised by its digest.
CREATE TABLE import_log (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    file TEXT NOT NULL,
    byte_count BIGINT NOT NULL,
    digest TEXT NOT NULL,
    mapping TEXT NOT NULL,
    state TEXT NOT NULL,
    report TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL
);
CREATE INDEX import_log_file ON import_log (kind, byte_count);
