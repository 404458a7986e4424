-- Reports over all history, as made last: pages and requests read them, for making one reads everything.
CREATE TABLE kept_report (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    as_of BIGINT NOT NULL
);
