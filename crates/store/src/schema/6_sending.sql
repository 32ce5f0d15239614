-- A wish that writes is noted before it is sent: with the mark that it is sent with, and what stood there before.
ALTER TABLE wish ADD COLUMN mark INTEGER;
ALTER TABLE wish ADD COLUMN old TEXT;
DROP INDEX wish_waiting;
CREATE INDEX wish_open ON wish (site) WHERE state IN ('waiting', 'sending');
-- Why an alarm is over, where it isn't what it was about that says so.
ALTER TABLE alarm ADD COLUMN end_words TEXT;
