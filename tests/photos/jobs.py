"""Index runs in processes of their own, and what is left of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import tushuo.photos
from photos import job


def start(library, folder, *options):
    command = [sys.executable, job.__file__, str(library), str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(tushuo.photos.__file__).parents[2])}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def finish(process):
    """Exit status, names that were stored, and how many were captioned if it came to its end."""
    out, errors = process.communicate(timeout=300)
    assert process.returncode in (0, -signal.SIGKILL), errors
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    stored = {rest[0] for word, *rest in lines if word == "stored"}
    captioned = sum(int(rest[0]) for word, *rest in lines if word == "captioned")
    return process.returncode, stored, captioned


def assert_sound(path):
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        shown = "SELECT id FROM caption WHERE shown EXCEPT SELECT rowid FROM words"
        assert connection.execute(shown).fetchall() == []
