-- What runs of a server need: which response each is for, what becomes of it when its server dies, how long earlier
-- lives worked; and what every owner spent in a day, which is not to be undone by deleting runs.

ALTER TABLE runs ADD COLUMN served TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN outlives BIGINT NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN fault TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN seconds DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN taken DOUBLE PRECISION;
ALTER TABLE runs ADD COLUMN usd DOUBLE PRECISION;
CREATE INDEX runs_by_served ON runs (served);

ALTER TABLE workers ADD COLUMN role TEXT NOT NULL DEFAULT '';

CREATE TABLE spending (
    owner TEXT NOT NULL,
    day BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    usd DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (owner, day)
);

-- The events of a response are made of those of its run.
DROP TABLE document_events;
