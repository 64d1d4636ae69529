-- Of each name the last word alone is kept, with the boot it belongs to; what was reported so far is one boot.
CREATE TABLE last_signals (
    record TEXT NOT NULL, shard TEXT NOT NULL, name TEXT NOT NULL, round INTEGER NOT NULL, boot INTEGER NOT NULL,
    time REAL NOT NULL, data TEXT NOT NULL, PRIMARY KEY (record, name)
) WITHOUT ROWID;
INSERT OR REPLACE INTO last_signals
    SELECT record, shard, name, round, 1, time, data FROM signals
    ORDER BY round, coalesce(json_extract(data, '$.phase'), 0), coalesce(json_extract(data, '$.percent'), 0), seq;
DROP TABLE signals;
ALTER TABLE last_signals RENAME TO signals;
