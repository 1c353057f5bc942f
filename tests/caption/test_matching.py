"""Sentences ranked by their likeness to the photograph."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tiny import tiny_bundle
from tushuo.caption import load_bundle, save_bundle
from tushuo.caption.captioner import Captioner
from tushuo.caption.embedding import Embedder
from tushuo.caption.embedding.pieces import PieceList
from tushuo.errors import BundleError, UsageError
from tushuo.models.joint_space import JointSpace


def matching_bundle(weight=0.0):
    bundle = tiny_bundle()
    pieces = PieceList(["<pad>", "<text>", "dog", "cat", "runs", "sits", "red"])
    network = JointSpace(len(pieces), 1280, 16, 8, rng=5).eval()
    decoding = replace(bundle.decoding, match_weight=weight)
    return replace(bundle, embedder=Embedder(network, pieces), decoding=decoding)


def features():
    return np.random.default_rng(6).normal(size=(6, 4, 1280)).astype(np.float32)


def test_the_beam_is_ranked_by_likeness_too():
    captioner, seen = Captioner(matching_bundle()), features()
    plain = captioner.caption_features(seen)
    changed = captioner.caption_features(seen, match_weight=5.0)
    photographs = captioner.embed_features(seen)
    for before, after, photograph in zip(plain, changed, photographs, strict=True):
        beam = [before, *before.alternatives]
        likeness = captioner.embed_texts([c.text for c in beam]) @ photograph
        scores = {c.text: c.score + 5 * x for c, x in zip(beam, likeness, strict=True)}
        found = [c.text for c in (after, *after.alternatives)]
        assert found == sorted(scores, key=lambda text: -scores[text])
        assert after.score == pytest.approx(scores[after.text], abs=1e-5)
    assert [c.text for c in plain] != [c.text for c in changed]


def test_a_captioner_without_embedder_says_so():
    with pytest.raises(UsageError, match=r"match_weight: model 'tiny' has no embedder"):
        Captioner(tiny_bundle()).settings(match_weight=1.0)


def test_a_bundle_that_lost_its_embedder_is_refused(tmp_path):
    save_bundle(tmp_path / "b", matching_bundle(2.0), "")
    assert load_bundle(tmp_path / "b").decoding.match_weight == 2
    content = json.loads((tmp_path / "b" / "embedder.json").read_text("utf-8"))
    assert content["pieces"]
    (tmp_path / "b" / "embedder.json").unlink()
    with pytest.raises(BundleError, match="match_weight 2, but the folder has no embedder"):
        load_bundle(tmp_path / "b")
