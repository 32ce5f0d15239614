CREATE TABLE account (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    verifier TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
-- What else is set; `n` keeps the order, and a key may come several times.
CREATE TABLE account_setting (
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE account_key (
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (account, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE account_certificate (
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (account, n)
) STRICT, WITHOUT ROWID;
INSERT INTO fact VALUES ('account_changes', 0);
