-- Hours are summed up as samples come, so that a chart of years needn't read them all. Whole hours of what was there before:
INSERT INTO sample_hour (point, at, count, total, least, most)
SELECT point, at - ((at % 3600000) + 3600000) % 3600000, count(*), coalesce(sum(number), 0.0), min(number), max(number)
FROM sample WHERE number IS NOT NULL GROUP BY 1, 2
ON CONFLICT (point, at) DO UPDATE SET count = count + excluded.count, total = total + excluded.total,
    least = min(least, excluded.least), most = max(most, excluded.most);
-- What a station has told of its points: where they stand and what they are, in the collector's words.
CREATE TABLE told (
    site INTEGER PRIMARY KEY REFERENCES site (id),
    mark INTEGER NOT NULL,
    points TEXT NOT NULL
) STRICT;
-- What is still to be told of alarms, to whom, the oldest first.
CREATE TABLE telling (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    whom TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    words TEXT NOT NULL,
    lasts INTEGER NOT NULL
) STRICT;
CREATE INDEX telling_whom ON telling (whom, id);
