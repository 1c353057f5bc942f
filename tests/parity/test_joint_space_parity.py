"""The contrastive loss and the network against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.graph import value_and_grad
from tushuo.models.joint_space import JointSpace, contrastive_loss

pytestmark = pytest.mark.parity


def test_contrastive_loss_and_its_gradients():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b, scale = rng.normal(size=(7, 5)), rng.normal(size=(7, 5)), np.asarray(2.5)
    loss, slopes = value_and_grad(lambda x: contrastive_loss(*x))((a, b, scale))
    theirs = [torch.tensor(x, requires_grad=True) for x in (a, b, scale)]
    logits, own = theirs[0] @ theirs[1].T * theirs[2], torch.arange(7)
    cross = torch.nn.functional.cross_entropy
    expected = (cross(logits, own) + cross(logits.T, own)) / 2
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    for mine, other in zip(slopes, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.grad.numpy(), atol=1e-13)


def test_vectors():
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    model = JointSpace(7, channels=6, dimensions=5, embedding=4, rng=0).eval()
    w = {name: torch.tensor(x) for name, x in model.state_dict().items()}
    pooled = np.random.default_rng(0).random((3, 6)).astype(np.float32)
    seen = f.normalize(torch.tensor(pooled), dim=-1) * 6**0.5
    images = f.normalize(f.linear(seen, w["image.weight"], w["image.bias"]), dim=-1)
    np.testing.assert_allclose(model.images(pooled).numpy(), images.numpy(), atol=1e-6)
    pieces = np.array([[1, 5, 3], [1, 2, 0]])
    vectors = f.embedding(torch.tensor(pieces), w["embed.weight"])
    scores = f.linear(vectors, w["attend.weight"], w["attend.bias"])
    scores = scores.masked_fill(torch.tensor(pieces == 0)[..., None], -torch.inf)
    mean = (vectors * torch.softmax(scores, 1)).sum(1)
    texts = f.normalize(f.linear(mean, w["text.weight"], w["text.bias"]), dim=-1)
    np.testing.assert_allclose(model.texts(pieces).numpy(), texts.numpy(), atol=1e-6)
