-- What the company steers by, as data: targets of indicators, goals with their actions, the objective, series of the market and of
-- competitors, costs of sources of leads. One definition each; every edit raises the version.
CREATE TABLE steering (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- What indicators read when they were made; what is known only as of then (the value of the base) has its series here. The segment `all` is
-- the whole base.
CREATE TABLE kpi_reading (
    indicator TEXT NOT NULL,
    segment TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (indicator, segment, until_at, from_at)
);
