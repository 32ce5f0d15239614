-- Times are milliseconds since 1970, spans are milliseconds.
CREATE TABLE call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,
    place TEXT NOT NULL,
    direction TEXT NOT NULL,
    line TEXT NOT NULL,
    party TEXT NOT NULL,
    over TEXT NOT NULL,
    reached TEXT,
    account TEXT,
    rang_at INTEGER NOT NULL,
    login_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    lasted INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    cause TEXT,
    words TEXT,
    status TEXT,
    round_trip_us INTEGER,
    count INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX call_rang_at ON call (rang_at);
CREATE INDEX call_open ON call (id) WHERE ended_at IS NULL;
CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO fact VALUES ('alive_at', 0);
