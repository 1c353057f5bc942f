"""Fixtures shared by the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault of the code.
settings.register_profile("tushuo", deadline=None)
settings.load_profile("tushuo")

# Compiling takes seconds, which short tests do not earn back: what runs compiled says so.
os.environ.setdefault("TUSHUO_EAGER", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development data; tests that use it are skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("TUSHUO_SHARED", default))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the development data: {folder} is absent (set TUSHUO_SHARED)")
    return folder
