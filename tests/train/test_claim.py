"""One trainer a folder: who is refused, and what is left when a trainer is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tushuo.errors import CheckpointError, UsageError
from tushuo.train.claim import CLAIM, claimed

HERE = socket.gethostname()


def test_a_claim_ends_with_its_block(tmp_path):
    out = tmp_path / "new" / "run"
    with claimed(out):
        host, process, _ = (out / CLAIM).read_text().split(":")
        assert (host, process) == (HERE, str(os.getpid()))
        with claimed(out):  # by the same trainer
            pass
        assert (out / CLAIM).exists()
    assert list(out.iterdir()) == []
    with pytest.raises(ZeroDivisionError), claimed(out):
        _ = 1 / 0
    assert list(out.iterdir()) == []


def test_another_trainer_is_refused(tmp_path):
    with claimed(tmp_path), ThreadPoolExecutor(1) as pool:
        with pytest.raises(CheckpointError) as caught:
            pool.submit(claimed(tmp_path).__enter__).result()
        assert str(caught.value) == (
            f"{tmp_path} is in use: process {os.getpid()} on {HERE} trains there; wait for it, "
            f"choose another folder, or remove {tmp_path / CLAIM} if it is gone"
        )
        assert (tmp_path / CLAIM).exists()


def test_a_living_process_is_refused_and_a_dead_one_is_not(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / CLAIM).write_text(f"{HERE}:{other.pid}:aa")
    try:
        with pytest.raises(CheckpointError, match=f"process {other.pid} on "), claimed(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    with claimed(tmp_path):
        assert str(os.getpid()) in (tmp_path / CLAIM).read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("owner", ["elsewhere:1:aa", "", "x", f"{HERE}:none:aa", "\0" * 5000])
def test_what_cannot_be_asked_counts_as_alive(tmp_path, owner):
    (tmp_path / CLAIM).write_text(owner)
    with pytest.raises(CheckpointError, match="is in use"), claimed(tmp_path):
        pass
    assert (tmp_path / CLAIM).read_text() == owner


@pytest.mark.parametrize("number", [os.getpid(), 2**80])
def test_a_number_given_anew_or_impossible_is_no_trainer(tmp_path, number):
    """As after a restart of a container, where the trainer gets the number of its forerunner."""
    (tmp_path / CLAIM).write_text(f"{HERE}:{number}:aa")
    with claimed(tmp_path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match="cannot make the folder"),
        claimed(tmp_path / "file" / "x"),
    ):
        pass


def test_a_claim_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def cut_off(path, text, encoding):
        path.touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "write_text", cut_off)
        with pytest.raises(KeyboardInterrupt), claimed(tmp_path):
            pass
    assert not (tmp_path / CLAIM).exists()
    (tmp_path / f".{CLAIM}.0123").touch()  # as a killed process leaves it
    with claimed(tmp_path):
        assert [file.name for file in tmp_path.iterdir()] == [CLAIM]


def test_without_hard_links(tmp_path, monkeypatch):
    def refused(source, target):
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    with claimed(tmp_path), ThreadPoolExecutor(1) as pool:
        assert [file.name for file in tmp_path.iterdir()] == [CLAIM]
        with pytest.raises(CheckpointError, match="is in use"):
            pool.submit(claimed(tmp_path).__enter__).result()
    assert list(tmp_path.iterdir()) == []
