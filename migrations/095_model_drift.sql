-- How far inputs and scores of the fit that serves have moved since it was judged, as seen when customers were last scored.
CREATE TABLE model_drift (
    model_version_id BIGINT PRIMARY KEY,
    model TEXT NOT NULL,
    computed_at BIGINT NOT NULL,
    largest DOUBLE PRECISION NOT NULL,
    drift TEXT NOT NULL
);
