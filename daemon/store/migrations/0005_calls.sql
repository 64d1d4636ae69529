-- Every call to something outside, in the order in which they ended; its number is also a time in milliseconds.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, target TEXT, service TEXT NOT NULL, method TEXT NOT NULL,
    server TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL, intent TEXT NOT NULL, tries INTEGER NOT NULL,
    status INTEGER, why TEXT, ms REAL NOT NULL, request_id TEXT, sent TEXT, answered TEXT
);
