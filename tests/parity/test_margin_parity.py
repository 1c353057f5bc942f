"""The margin loss against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.graph import value_and_grad
from tushuo.nn import multi_margin_loss

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighed", [False, True])
def test_multi_margin_loss(p, reduction, weighed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(6, 5)), rng.integers(5, size=6), rng.random(5)
    weight = w if weighed else None
    loss, slopes = value_and_grad(lambda s: multi_margin_loss(s, y, p, 0.7, weight, reduction))(x)
    theirs = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.multi_margin_loss(
        theirs,
        torch.tensor(y),
        p,
        0.7,
        torch.tensor(w) if weighed else None,
        reduction=reduction,
    )
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(slopes.numpy(), theirs.grad.numpy(), atol=1e-14)
