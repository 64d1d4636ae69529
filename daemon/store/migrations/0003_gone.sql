-- A record that was dropped does not come back by a change of it that was on its way: only a first version makes one.
CREATE TRIGGER record_gone BEFORE INSERT ON records
WHEN new.version > 1 AND NOT EXISTS (SELECT 1 FROM records WHERE name = new.name)
BEGIN SELECT raise(ABORT, 'the record is gone'); END;
