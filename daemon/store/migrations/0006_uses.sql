-- What costs by the hour, by its id outside: from when it was ordered until it was gone. It belongs to its cluster, whatever
-- becomes of the ledger row that it had.
CREATE TABLE uses (
    shard TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, sort TEXT NOT NULL, began REAL NOT NULL, ended REAL,
    PRIMARY KEY (shard, kind, id)
) WITHOUT ROWID;
