"""A small embedder that knows nothing, always the same."""

from __future__ import annotations

import numpy as np

from tushuo.caption.embedding import Embedder, PieceList, Relevance
from tushuo.models.joint_space import JointSpace

TEXTS = ["a red dog runs", "一只红狗在跑", "the cat sits on red grass"]


def tiny_embedder(relevance: bool = True) -> Embedder:
    pieces = PieceList.build(TEXTS, min_count=1)
    network = JointSpace(len(pieces), dimensions=8, embedding=6, rng=3).eval()
    random = np.random.default_rng(4).standard_normal((9, 8)).astype(np.float32)
    cut = Relevance.of(random, 3.0, 0.5, 1.5) if relevance else None
    return Embedder(network, pieces, cut)
