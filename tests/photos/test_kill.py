"""Index runs that are killed by SIGKILL, and two at once: nothing lost, nothing done twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import tushuo.photos
from photos import job
from photos.conftest import age, shown
from tiny import save_photograph
from tushuo.photos import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

PHOTOGRAPHS = 12


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "many"
    for number in range(PHOTOGRAPHS):
        age(save_photograph(folder / f"{number:02}.png", seed=number))
    return folder


def start(library, folder, *options):
    command = [sys.executable, job.__file__, str(library), str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(tushuo.photos.__file__).parents[2])}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def finish(process):
    """Exit status, names that were stored, and how many were captioned if it came to its end."""
    out, errors = process.communicate(timeout=60)
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


def test_killed_at_any_line(tmp_path, many, captioner):
    with Library(tmp_path / "whole.db") as whole:
        whole.index([many], captioner)
        expected = shown(whole)
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # shown if the test fails
    chance, path, stored, codes = random.Random(seed), tmp_path / "library.db", set(), []
    for last in [chance.randint(1, 200), *(chance.randint(200, 1500) for _ in range(3)), 10**9]:
        code, names, _ = finish(start(path, many, "--die-at-line", str(last)))
        codes.append(code)
        stored |= names
        if path.exists() and stored:
            assert_sound(path)
            with Library(path, read_only=True) as library:
                assert stored <= set(shown(library))
    assert codes[-1] == 0
    assert codes.count(-signal.SIGKILL) >= 2
    with Library(path, read_only=True) as library:
        assert shown(library) == expected
        assert {hit.path.name for hit in library.search("path:many", limit=99)} == set(expected)


def test_two_at_once_share_the_work(tmp_path, many):
    path = tmp_path / "library.db"
    both = [start(path, many) for _ in range(2)]
    results = [finish(process) for process in both]
    assert [code for code, _, _ in results] == [0, 0]
    assert sum(captioned for _, _, captioned in results) == PHOTOGRAPHS
    assert_sound(path)
    with Library(path, read_only=True) as library:
        assert len(shown(library)) == PHOTOGRAPHS


def test_a_dead_indexer_s_claims_do_not_hold(tmp_path, many, captioner):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with Library(tmp_path / "library.db") as library:
        connection = library._connection
        name = os.fsencode(many / "00.png")
        for pid, busy in ((process.pid, 0), (os.getpid(), 1)):
            host = os.uname().nodename
            connection.execute(
                "INSERT OR REPLACE INTO claim VALUES (?, ?, 1e12)", (name, f"{host}:{pid}:abcd")
            )
            report = library.index([many / "00.png"], captioner, recaption=True, retry=True)
            assert report.busy == busy
            connection.execute("UPDATE file SET size = 0")
