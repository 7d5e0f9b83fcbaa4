-- A migration project: what was imported, and the documents beside it. SQLite only.
CREATE TABLE document (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

-- What the administrator named: a file, or one of a folder.
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    options TEXT NOT NULL
);

-- What was found in it: the file itself, a member of an archive, a sheet of a workbook.
CREATE TABLE part (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    head TEXT NOT NULL
);

CREATE TABLE chunk (
    part_id INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (part_id, kind, seq)
);
