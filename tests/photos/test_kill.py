"""Index runs that are killed by SIGKILL, and two at once: nothing lost, nothing done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from photos.conftest import PHOTOGRAPHS, shown
from photos.jobs import assert_sound, finish, start
from tushuo.photos import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")


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


@pytest.mark.slow
def test_killed_at_fifty_moments(tmp_path, many, captioner):
    """At any moment, by the clock: in the midst of a write of the system, too."""
    path, stored, kills = tmp_path / "library.db", set(), 0
    process = start(path, many)
    assert process.stdout.readline() == "ready\n"
    begin = time.monotonic()
    assert finish(process)[0] == 0
    whole = time.monotonic() - begin
    chance = random.Random(0)
    while kills < 50:
        if len(stored) == PHOTOGRAPHS:
            stored = set()
            for file in tmp_path.glob("library.db*"):
                file.unlink()
        process = start(path, many)
        assert process.stdout.readline() == "ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, whole))
        process.kill()
        code, names, _ = finish(process)
        kills += code == -signal.SIGKILL
        stored |= names
        if path.exists() and stored:
            assert_sound(path)
            with Library(path, read_only=True) as library:
                assert stored <= set(shown(library))
    with Library(path) as library:
        library.index([many], captioner)
        assert len(shown(library)) == PHOTOGRAPHS


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
