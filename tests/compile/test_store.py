"""The cache of machine code on disk."""

from __future__ import annotations

import gc
import os
import sys
import time
from threading import Thread

import numpy as np
import pytest

import tushuo
from tushuo.compile import compile
from tushuo.compile.codegen.library import compiled
from tushuo.compile.codegen.target import host
from tushuo.compile.store import Store, _digest, default_store


def test_code_comes_back(tmp_path):
    store = Store(tmp_path / "code")
    assert store.get(["a", "b"]) is None
    store.put(["a", "b"], b"code")
    assert store.get(["a", "b"]) == b"code"
    assert store.get(["a", "c"]) is None
    assert store.get(["ab", ""]) is None


def test_damaged_files_count_as_missing(tmp_path):
    store = Store(tmp_path)
    store.put(["key"], b"code")
    (path,) = tmp_path.iterdir()
    for damaged in (path.read_bytes()[:-1], path.read_bytes()[:10], b"", b"x" * 50):
        path.write_bytes(damaged)
        assert store.get(["key"]) is None
    store.put(["key"], b"code")
    assert store.get(["key"]) == b"code"


def test_code_of_another_key_counts_as_missing(tmp_path):
    store = Store(tmp_path)
    store.put(["a"], b"code")
    store._path(["a"]).rename(store._path(["b"]))
    assert store.get(["b"]) is None


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no modes")
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path):
    Store(tmp_path).put(["a"], b"code")
    tmp_path.chmod(0o777)
    open_to_all = Store(tmp_path)
    assert open_to_all.get(["a"]) is None
    open_to_all.put(["b"], b"code")
    tmp_path.chmod(0o700)
    assert Store(tmp_path).get(["a"]) == b"code"
    assert Store(tmp_path).get(["b"]) is None


def test_the_oldest_go_when_it_is_full(tmp_path):
    store = Store(tmp_path, limit=500)
    kept = []
    for i in range(6):
        store.put([str(i)], bytes(100))
        for path in tmp_path.glob("*.o"):
            os.utime(path, (i, i)) if path.stat().st_mtime > 100 else None
        kept.append([k for k in range(i + 1) if store._path([str(k)]).exists()])
    assert kept == [[0], [0, 1], [0, 1, 2], [2, 3], [2, 3, 4], [4, 5]]


def test_what_killed_processes_left_goes_after_a_day(tmp_path):
    day, now = 24 * 3600, time.time()
    for name, age in {"old.new": day + 60, "fresh.new": day - 600, "old.txt": 2 * day}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now - age, now - age))
    Store(tmp_path).put(["key"], b"code")
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".o"}
    assert left == {"fresh.new", "old.txt"}
    assert Store(tmp_path).get(["key"]) == b"code"


def test_code_of_a_folder_that_is_only_read_is_found(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put(["key"], b"code")

    def refused(path):
        raise PermissionError(path)

    monkeypatch.setattr(os, "utime", refused)
    assert store.get(["key"]) == b"code"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file")
    store.put(["key"], b"code")
    assert store.get(["key"]) is None


def test_many_writers_leave_whole_files(tmp_path):
    store = Store(tmp_path)
    threads = [Thread(target=store.put, args=(["key"], bytes([i]) * 10_000)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    code = store.get(["key"])
    assert code is not None
    assert code == code[:1] * 10_000
    assert not list(tmp_path.glob("*.new"))


def test_a_second_function_is_loaded_instead_of_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("TUSHUO_CACHE", str(tmp_path))

    def f(x):
        return tushuo.exp(x) * 3

    first, second = compile(f), compile(f)
    x = np.linspace(-1, 1, 7)
    np.testing.assert_array_equal(first(x).numpy(), second(x).numpy())
    assert not first.explain().cached
    assert second.explain().cached
    for path in (tmp_path / "code").iterdir():
        path.write_bytes(b"damaged")
    third = compile(f)
    np.testing.assert_array_equal(first(x).numpy(), third(x).numpy())
    assert not third.explain().cached


@pytest.mark.parametrize("planted", [b"", b"no code at all", "of another function"])
def test_what_is_no_code_is_made_again_though_its_hash_is_right(tmp_path, monkeypatch, planted):
    monkeypatch.setenv("TUSHUO_CACHE", str(tmp_path))

    def f(x):
        return tushuo.exp(x) * 7

    first, x = compile(f), np.linspace(-1, 1, 7)
    wanted = first(x).numpy()
    assert not first.explain().cached
    if isinstance(planted, str):
        planted = compiled("define void @other() {\n ret void\n}", host())
    del first
    gc.collect()
    for path in (tmp_path / "code").iterdir():
        path.write_bytes(_digest(path, planted) + planted)
    second = compile(f)
    np.testing.assert_array_equal(second(x).numpy(), wanted)
    assert not second.explain().cached
    third = compile(f)
    np.testing.assert_array_equal(third(x).numpy(), wanted)
    assert third.explain().cached


def test_where_the_cache_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TUSHUO_CACHE", "")
    assert default_store() is None
    monkeypatch.delenv("TUSHUO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_store().folder == tmp_path / "tushuo" / "code"
