-- Who may ask for what. Of a key and of a session only the hash is kept: reading this table lets nobody in.
CREATE TABLE api_key (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);

-- People who log in to the console ("user" is a reserved word of SQL).
CREATE TABLE workspace_user (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE user_session (
    token_hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    form_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX user_session_user ON user_session (user_id);

-- Failed log-ins of the last minutes, by a hash of the account's name (which may be no account at all).
CREATE TABLE login_failure (
    id BIGINT PRIMARY KEY,
    account_hash TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX login_failure_account ON login_failure (account_hash, at);

-- Answers to writes that carried an Idempotency-Key; without a status the first request is still at work.
CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    status INTEGER,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (started_at);
