CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE records (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, shard TEXT NOT NULL, state TEXT NOT NULL, since REAL NOT NULL,
    version INTEGER NOT NULL, step TEXT, attempt INTEGER NOT NULL, tries INTEGER NOT NULL,
    deadline REAL, wake_at REAL, forget INTEGER NOT NULL, protected INTEGER NOT NULL,
    stop_after TEXT, wait TEXT, error TEXT,
    spec TEXT NOT NULL, facts TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE resources (
    owner TEXT NOT NULL, shard TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
    cloud_id TEXT, sent INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (owner, kind, name)
) WITHOUT ROWID;

CREATE TABLE events (
    revision INTEGER PRIMARY KEY, time REAL NOT NULL, shard TEXT NOT NULL, record TEXT, kind TEXT NOT NULL,
    level TEXT NOT NULL, actor TEXT NOT NULL, message TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX events_record ON events (record, revision);

CREATE TABLE signals (
    record TEXT NOT NULL, shard TEXT NOT NULL, round INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL,
    time REAL NOT NULL, data TEXT NOT NULL, PRIMARY KEY (record, round, name, seq)
) WITHOUT ROWID;

CREATE TABLE commands (
    token TEXT PRIMARY KEY, target TEXT NOT NULL, shard TEXT NOT NULL, verb TEXT NOT NULL, actor TEXT NOT NULL,
    time REAL NOT NULL, args TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX commands_open ON commands (closed, target);

CREATE TABLE secrets (name TEXT PRIMARY KEY, shard TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
