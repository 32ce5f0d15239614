-- What the station of a site has last said of itself, in the words of its own language.
CREATE TABLE site_station (site INTEGER PRIMARY KEY REFERENCES site (id), at INTEGER NOT NULL, said BLOB NOT NULL) STRICT;
