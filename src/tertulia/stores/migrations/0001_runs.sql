-- Runs, and all that is kept of each. One dialect for SQLite and Postgres; times are seconds since 1970.

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    text TEXT NOT NULL,
    strategy TEXT NOT NULL,
    models TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL,
    began DOUBLE PRECISION,
    ended DOUBLE PRECISION,
    worker TEXT NOT NULL DEFAULT '',
    life BIGINT NOT NULL DEFAULT 0,
    priority BIGINT NOT NULL DEFAULT 0,
    tokens BIGINT,
    error TEXT NOT NULL DEFAULT '',
    forked TEXT NOT NULL DEFAULT '',
    enqueued TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_by_time ON runs (created);
CREATE INDEX runs_by_owner ON runs (owner, created);
CREATE INDEX runs_by_status ON runs (status, created);

-- What is large, apart from what a list shows.
CREATE TABLE bodies (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    configuration TEXT NOT NULL,
    answered TEXT
);

CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (run, number)
);

CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    kind TEXT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (run, key)
);

CREATE TABLE ledger (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    number BIGINT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (run, key, attempt)
);

CREATE TABLE requests (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (owner, key)
);
CREATE INDEX requests_by_run ON requests (run);

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    began DOUBLE PRECISION NOT NULL,
    beats BIGINT NOT NULL,
    seen DOUBLE PRECISION NOT NULL
);
