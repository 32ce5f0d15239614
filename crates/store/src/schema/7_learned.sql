-- Between which points of a site no request reaches, since its units refuse it.
CREATE TABLE learned (
    site INTEGER NOT NULL REFERENCES site (id),
    before TEXT NOT NULL,
    behind TEXT NOT NULL,
    PRIMARY KEY (site, before, behind)
) STRICT, WITHOUT ROWID;
