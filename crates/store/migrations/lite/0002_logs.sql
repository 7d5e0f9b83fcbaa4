-- A position or audit id is never given twice, even after the newest rows are gone.
CREATE TABLE change_log (
    pos INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    principal_id UUID,
    principal TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    request_id TEXT
);
