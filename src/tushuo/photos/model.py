"""Who wrote a caption: a model by name, version and language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tushuo.caption import Captioner
from tushuo.caption.shared_encoder import encoder_weights
from tushuo.errors import UsageError
from tushuo.models.weights_file import digest

__all__ = ["Model", "model_of", "models_of"]


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


def models_of(captioners: Sequence[Captioner]) -> tuple[Model, ...]:
    """The models behind captioners that are to work together.

    Raises:
        UsageError: There is none, two write the same language, or they do not look at photographs
            alike.
    """
    languages = [captioner.language for captioner in captioners]
    if not languages or len(set(languages)) < len(languages):
        raise UsageError(f"captioners of {languages}", hint="give one for each language")
    first, *others = (captioner.bundle for captioner in captioners)
    eye = digest(encoder_weights(first.encoder)) if others else ""
    for other in others:
        alike = other.preprocessing == first.preprocessing
        if not alike or digest(encoder_weights(other.encoder)) != eye:
            raise UsageError(
                f"models {first.name!r} and {other.name!r} do not share an encoder",
                hint="index once with each",
            )
    return tuple(map(model_of, captioners))


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
