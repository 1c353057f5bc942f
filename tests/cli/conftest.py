"""A bundle and a folder of good and bad photographs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tiny import save_photograph, tiny_bundle
from tushuo.caption import save_bundle

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    save_bundle(folder, tiny_bundle(), "# A tiny bundle\n")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three good photographs, two of them below, and two bad files."""
    folder = tmp_path / "photos"
    save_photograph(folder / "a b.png", seed=1)
    save_photograph(folder / "sub" / "狗.jpg", seed=2)
    save_photograph(folder / "sub" / "ümläut.webp", seed=3)
    (folder / "empty.jpg").touch()
    (folder / "text.png").write_text("no image")
    (folder / "notes.txt").write_text("not looked at")
    return folder


@pytest.fixture(scope="session")
def tushuo():
    """Run the command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}

    def run(*arguments, **options):
        command = [sys.executable, "-m", "tushuo", *map(os.fspath, arguments)]
        return subprocess.run(
            command, capture_output=True, env=environment, timeout=60, check=False, **options
        )

    run.environment = environment
    return run


@pytest.fixture
def interrupts():
    """Choose what SIGINT does, here and in processes started from here, whatever it did before."""
    before = signal.getsignal(signal.SIGINT)
    yield lambda handler: signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interruptible(interrupts):
    """Have SIGINT end what is started, even if the tests were started to ignore it."""
    interrupts(signal.default_int_handler)
