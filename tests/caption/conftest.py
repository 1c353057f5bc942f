"""A bundle on disk, photographs, a training: made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tiny import save_photograph, tiny_bundle
from training_world import command, make_world
from tushuo.caption import Captioner, save_bundle
from tushuo.cli.app import app


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


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def trained(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run; copy it to go on with it."""
    out = tmp_path_factory.mktemp("trained") / "run"
    result = CliRunner().invoke(app, command(world, out))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out / "bundle")
    return out
