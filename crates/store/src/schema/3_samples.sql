-- What sites measure. Times are milliseconds since 1970.
CREATE TABLE site (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, called_at INTEGER, ended_at INTEGER) STRICT;
CREATE TABLE point (
    id INTEGER PRIMARY KEY,
    site INTEGER NOT NULL REFERENCES site (id),
    name TEXT NOT NULL,
    UNIQUE (site, name)
) STRICT;
-- Up to where a source's samples are kept: what comes again is known by it, also when it is thinned out by then.
CREATE TABLE source (
    site INTEGER NOT NULL REFERENCES site (id),
    name TEXT NOT NULL,
    upto INTEGER NOT NULL,
    PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;
-- `n` tells samples of the same moment apart.
CREATE TABLE sample (
    point INTEGER NOT NULL,
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    quality INTEGER NOT NULL,
    number REAL,
    words TEXT,
    PRIMARY KEY (point, at, n)
) STRICT, WITHOUT ROWID;
-- What is left of old samples.
CREATE TABLE sample_hour (
    point INTEGER NOT NULL,
    at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    total REAL NOT NULL,
    least REAL NOT NULL,
    most REAL NOT NULL,
    PRIMARY KEY (point, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    words TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    seen_at INTEGER,
    seen_by TEXT
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (site, kind, subject) WHERE ended_at IS NULL;
-- What sites are to be asked later; the text is the collector's.
CREATE TABLE wish (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    text TEXT NOT NULL,
    who TEXT NOT NULL,
    priority INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    due_at INTEGER,
    until_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    ended_at INTEGER
) STRICT;
CREATE INDEX wish_waiting ON wish (site) WHERE state = 'waiting';
