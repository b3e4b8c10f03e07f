"""The tables of a project's database."""

VERSION = 1

SCHEMA = f"""
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
    name TEXT NOT NULL, color TEXT NOT NULL, kind TEXT NOT NULL, position REAL NOT NULL,
    moved_to INTEGER               -- of a class that was removed: where its objects went; -1 where it had none
);
CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,     -- below the images' folder, as it is shown
    path BLOB NOT NULL,            -- the same as the file system has it
    state TEXT NOT NULL DEFAULT 'todo', note TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 0,
    written INTEGER NOT NULL DEFAULT 0,   -- counts changes that the label file holds, of `touched`
    touched INTEGER NOT NULL DEFAULT 0,   -- counts changes of anything that the label file holds
    height INTEGER, width INTEGER, bytes INTEGER, changed_ns INTEGER, sha256 TEXT,   -- of the file that was labelled
    next_place INTEGER NOT NULL DEFAULT 0,
    uncertainty REAL,
    looks TEXT,                    -- JSON of a few numbers that say how the image looks
    is_there INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE objects (
    image INTEGER NOT NULL REFERENCES images (id), object TEXT NOT NULL,
    x0 INTEGER NOT NULL, y0 INTEGER NOT NULL, x1 INTEGER NOT NULL, y1 INTEGER NOT NULL,
    runs TEXT NOT NULL, area INTEGER NOT NULL, class INTEGER, place INTEGER NOT NULL, attributes TEXT NOT NULL,
    PRIMARY KEY (image, object)
) WITHOUT ROWID;
CREATE INDEX objects_by_class ON objects (class);
CREATE TABLE edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image INTEGER NOT NULL REFERENCES images (id), revision INTEGER NOT NULL,
    edit_id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,   -- of what was asked for
    kind TEXT NOT NULL,            -- edit, undo, redo
    status TEXT NOT NULL,          -- of an edit: done, undone, gone (undone, and a new edit came); of undo and redo: ''
    tool TEXT NOT NULL, assistant TEXT, seconds REAL NOT NULL, clicks INTEGER NOT NULL, client TEXT NOT NULL,
    exclusive INTEGER NOT NULL, merged INTEGER NOT NULL, at REAL NOT NULL,
    changes BLOB NOT NULL,         -- zlib of JSON
    UNIQUE (image, revision)
);
CREATE INDEX edits_by_status ON edits (image, status);
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image INTEGER NOT NULL REFERENCES images (id),
    class INTEGER, x0 INTEGER NOT NULL, y0 INTEGER NOT NULL, x1 INTEGER NOT NULL, y1 INTEGER NOT NULL,
    runs TEXT NOT NULL, area INTEGER NOT NULL, score REAL NOT NULL, assistant TEXT, state TEXT NOT NULL DEFAULT 'open'
);
CREATE INDEX proposals_by_image ON proposals (image, state);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = {VERSION};
"""
