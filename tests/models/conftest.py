"""Fixtures of the model tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import torch_files as tf


@pytest.fixture(params=["zip", "legacy"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> tf.Save:
    """Writes a pickle body and its storages in one of the two containers of PyTorch."""

    def write(body: bytes, storages: Mapping[str, np.ndarray[Any, Any]]) -> Path:
        if request.param == "zip":
            content = tf.zip_file(body, {key: a.tobytes() for key, a in storages.items()})
        else:
            content = tf.legacy_file(
                body, {key: (a.size, a.tobytes()) for key, a in storages.items()}
            )
        return tf.write_file(tmp_path, content)

    return write
