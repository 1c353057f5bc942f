"""The script that packs MNIST for the package."""

from __future__ import annotations

import runpy
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from handwriting import few, save_pickle
from tushuo.data.mnist.embedded import unpack
from tushuo.errors import DatasetError

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "import_mnist.py"


def test_it_packs_without_loss(tmp_path):
    data, source, out = (
        few(30, 10),
        save_pickle(tmp_path / "mnist.pkl", few(30, 10)),
        tmp_path / "x",
    )
    import_mnist = runpy.run_path(str(SCRIPT))["import_mnist"]
    size = import_mnist(source, out, sha256(source.read_bytes()).hexdigest())
    assert size == out.stat().st_size
    expected = np.concatenate([part.images for part in (data.train, data.valid, data.test)])
    assert np.array_equal(unpack(50, out).images, expected)
    with pytest.raises(DatasetError, match="exists; choose another file"):
        import_mnist(source, out)


def test_another_file_is_refused(tmp_path, monkeypatch, capsys):
    source, out = save_pickle(tmp_path / "mnist.pkl", few(30, 10)), tmp_path / "x"
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(source), "--out", str(out)])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert caught.value.code == 1
    assert "expected f11bb9e41d6c1b6c" in capsys.readouterr().err
    assert not out.exists()
