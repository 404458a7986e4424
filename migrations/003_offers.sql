-- What is proposed. The definition is the checked spec as JSON; stock is counted here, where deciding and releasing meet.
CREATE TABLE offer (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    stock BIGINT,
    used BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
