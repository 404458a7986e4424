-- Every fit of every model. At most one of a name serves: the champion.
CREATE TABLE model_version (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    spec_digest TEXT NOT NULL,
    window_from BIGINT NOT NULL,
    window_until BIGINT NOT NULL,
    seed BIGINT NOT NULL,
    horizon_days INTEGER,
    trained_at BIGINT NOT NULL,
    promoted_at BIGINT,
    parameters TEXT NOT NULL,
    metrics TEXT NOT NULL,
    verdict TEXT NOT NULL,
    card TEXT NOT NULL
);

CREATE UNIQUE INDEX model_version_champion ON model_version (name) WHERE status = 'champion';
CREATE INDEX model_version_name ON model_version (name, trained_at);

-- The latest score of a customer by each model.
CREATE TABLE score (
    customer_id BIGINT NOT NULL,
    model TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    model_version_id BIGINT NOT NULL,
    horizon_days INTEGER,
    computed_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, model)
);

-- Segments of a segmentation; the code of a segment stays when it is fitted again.
CREATE TABLE segment (
    segmentation TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    economics TEXT NOT NULL,
    model_version_id BIGINT NOT NULL,
    computed_at BIGINT NOT NULL,
    PRIMARY KEY (segmentation, code)
);

CREATE TABLE segment_member (
    customer_id BIGINT NOT NULL,
    segmentation TEXT NOT NULL,
    code TEXT NOT NULL,
    computed_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, segmentation)
);

CREATE INDEX segment_member_code ON segment_member (segmentation, code, customer_id);
