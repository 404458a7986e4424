-- Which properties an event of a name may carry: a JSON object of kind and whether personal.
CREATE TABLE event_type (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- Personal properties of events: here and never in history's files, so that erasing a person removes them at once.
CREATE TABLE event_personal (
    source TEXT NOT NULL,
    fact_key TEXT NOT NULL,
    customer_id BIGINT NOT NULL,
    properties TEXT NOT NULL,
    PRIMARY KEY (source, fact_key)
);
CREATE INDEX event_personal_customer ON event_personal (customer_id);
