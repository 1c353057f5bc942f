"""A bundle on disk and photographs, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiny import save_photograph, tiny_bundle
from tushuo.caption import Captioner, save_bundle


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    save_bundle(folder, tiny_bundle(), "# A tiny bundle\n")
    return folder


@pytest.fixture(scope="session")
def captioner() -> Captioner:
    return Captioner(tiny_bundle())


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photographs")
    return [save_photograph(folder / f"{i}.png", seed=i) for i in range(3)]
