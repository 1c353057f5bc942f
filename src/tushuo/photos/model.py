"""Who wrote a caption: a model by name, version and language."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tushuo.caption import Captioner

__all__ = ["Model", "model_of"]


class Model(NamedTuple):
    """A captioner as a library knows it.

    Attributes:
        name: Of the bundle.
        version: A fingerprint of its weights, words and preprocessing.
        language: Of its captions: "en", "zh".
    """

    name: str
    version: str
    language: str


_MODELS: WeakKeyDictionary[Captioner, Model] = WeakKeyDictionary()


def model_of(captioner: Captioner) -> Model:
    """The model behind a captioner."""
    if captioner not in _MODELS:
        _MODELS[captioner] = _model(captioner)
    return _MODELS[captioner]


def _model(captioner: Captioner) -> Model:
    bundle = captioner.bundle
    settings = [bundle.preprocessing.to_config(), bundle.vocabulary.tokens]
    digest = sha256(json.dumps(settings, sort_keys=True).encode())
    for network in (bundle.encoder, bundle.decoder):
        for name, array in sorted(network.state_dict().items()):
            if not name.startswith("classifier."):  # captions do not depend on it
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(array).tobytes())
    return Model(bundle.name, digest.hexdigest()[:12], bundle.vocabulary.language)
