from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import torch_files as tf

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "import_efficientnet.py"


def weights(folder: Path, blocks: int, channels: int) -> Path:
    """A file with the names and the block count of a network, each layer one number wide."""
    one = tf.tensor("FloatStorage", "0", 6, (1,), (1,), offset=3)
    names = ["_bn0.num_batches_tracked", "_bn0.weight", "_fc.bias"]
    names += [f"_blocks.{i}._bn1.running_var" for i in range(blocks)]
    head = tf.tensor("HalfStorage", "1", channels, (1, channels, 1, 1), (channels, 1, 1, 1))
    body = tf.mapping(dict.fromkeys(names, one) | {"_conv_head.weight": head})
    raw = {"0": (6, tf.SIX.tobytes()), "1": (channels, bytes(2 * channels))}
    return tf.write_file(folder, tf.legacy_file(body, raw))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("blocks", "channels", "variant", "size"),
    [
        (16, 320, "efficientnet-lite0", 224),
        (21, 320, "efficientnet-lite1", 240),
        (21, 352, "efficientnet-lite2", 260),
    ],
)
def test_writes_a_model_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blocks: int,
    channels: int,
    variant: str,
    size: int,
) -> None:
    out = tmp_path / "models" / variant
    assert run(monkeypatch, weights(tmp_path, blocks, channels), "--out", out) == 0
    arrays = load_file(out / "model.safetensors")
    assert len(arrays) == blocks + 3
    assert arrays["head.conv.weight"].dtype == np.float16
    assert arrays["classifier.bias"].dtype == np.float32
    assert arrays["classifier.bias"] == tf.SIX[3]
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert (config["name"], config["image_size"]) == (variant, size)
    card = (out / "README.md").read_text("utf-8")
    assert f"# {variant}\n" in card
    assert "not a published file" in card


def test_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine", "utf-8")
    assert run(monkeypatch, weights(tmp_path, 16, 320), "--out", tmp_path) == 1
    assert "README.md exists; choose another folder for --out" in capsys.readouterr().err
    assert (tmp_path / "README.md").read_text("utf-8") == "mine"


def test_another_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, weights(tmp_path, 3, 320), "--out", tmp_path / "out") == 1
    assert ": 3 blocks and 320 channels before the head" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
