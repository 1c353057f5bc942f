"""The tables of a library, and the steps from each version of them to the next."""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "MIGRATIONS"]

APPLICATION_ID = 0x74757368  # "tush", in the file's header

MIGRATIONS: list[tuple[str, ...]] = [
    (
        # a photograph by its content, however many copies there are
        """CREATE TABLE photo (
            id INTEGER PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            taken TEXT,
            camera TEXT,
            latitude REAL,
            longitude REAL
        )""",
        "CREATE INDEX photo_taken ON photo (taken, camera)",
        # path: the bytes of the name; folded: for searches; mtime_ns: NULL if not to be relied on
        """CREATE TABLE file (
            id INTEGER PRIMARY KEY,
            path BLOB NOT NULL UNIQUE,
            folded TEXT NOT NULL,
            size INTEGER,
            mtime_ns INTEGER,
            photo INTEGER REFERENCES photo (id),
            status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'missing', 'ignored')),
            error TEXT
        )""",
        "CREATE INDEX file_photo ON file (photo)",
        # model: NULL for a person's own; shown: the one of its language that people see and search
        """CREATE TABLE caption (
            id INTEGER PRIMARY KEY,
            photo INTEGER NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
            language TEXT NOT NULL,
            model TEXT,
            version TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL,
            score REAL,
            confidence REAL,
            made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
            shown INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE UNIQUE INDEX caption_of
            ON caption (photo, language, coalesce(model, ''), version)""",
        "CREATE UNIQUE INDEX caption_shown ON caption (photo, language) WHERE shown",
        """CREATE VIRTUAL TABLE words USING fts5
            (body, tokenize = "porter unicode61 remove_diacritics 2")""",
        # what a running indexer is at work on
        """CREATE TABLE claim (
            path BLOB PRIMARY KEY,
            owner TEXT NOT NULL,
            until REAL NOT NULL
        ) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE space (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            dimensions INTEGER NOT NULL,
            UNIQUE (name, version, dimensions)
        )""",
        # vector: float16, least byte first; id: never used twice, so that a reader sees what is new
        """CREATE TABLE embedding (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            photo INTEGER NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
            space INTEGER NOT NULL REFERENCES space (id),
            vector BLOB NOT NULL
        )""",
        "CREATE UNIQUE INDEX embedding_of ON embedding (photo, space)",
    ),
]
"""Step i, as statements, leads from version i (SQLite's `user_version`) to version i + 1."""
