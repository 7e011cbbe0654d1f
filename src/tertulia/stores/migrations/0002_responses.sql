-- What a server keeps for its clients: documents by owner and id, the events of each, and which request made which.

CREATE TABLE documents (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    data TEXT NOT NULL,
    changed DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX documents_by_time ON documents (changed);

CREATE TABLE document_events (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (owner, id, number),
    FOREIGN KEY (owner, id) REFERENCES documents (owner, id) ON DELETE CASCADE
);

CREATE TABLE claims (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX claims_by_id ON claims (owner, id);
