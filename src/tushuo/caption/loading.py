"""Captioners by the name of a bundle, by its folder, or by the language that they write."""

from __future__ import annotations

import os

from tushuo.caption.bundle import load_bundle
from tushuo.caption.bundle_config import MODEL_TYPE
from tushuo.caption.captioner import Captioner
from tushuo.errors import BundleError
from tushuo.models.installed import InstalledModel, installed_models

__all__ = ["bundle_of", "installed_bundles", "load_captioner"]


def load_captioner(
    name_or_path: str | os.PathLike[str] | None = None,
    *,
    language: str | None = None,
    precision: str = "float32",
) -> Captioner:
    """A captioner from a bundle.

    Args:
        name_or_path: The name of a shipped bundle, or the path of a bundle's folder; by default the
            shipped bundle that writes the language.
        language: "en" (the default) or "zh".
        precision: Of the networks' products: "float32", or with the compiler "bfloat16", "int16" or
            "int8", which are faster on processors that have instructions for them. The last two
            need a bundle with `quantization.json`. Where nothing is compiled, as within
            `tushuo.eager()`, a captioner of lower precision can neither be loaded nor called.

    Raises:
        UsageError: The precision is unknown, or is lower and nothing will be compiled.
        BundleError: There is no such bundle, it is damaged or of another version, it writes another
            language, or lacks the ranges that the precision needs.
    """
    wanted = name_or_path if name_or_path is not None else bundle_of(language or "en")
    captioner = Captioner(load_bundle(wanted), precision)
    if language not in (None, captioner.language):
        raise BundleError(
            f"model {captioner.bundle.name!r} writes {captioner.language!r}, not {language!r:.40}",
            hint="leave out the model or the language",
        )
    return captioner


def installed_bundles() -> list[InstalledModel]:
    """The bundles shipped with the package."""
    return installed_models(MODEL_TYPE)


def bundle_of(language: str) -> str:
    """The name of the shipped bundle that writes a language; the first by name if several do.

    Raises:
        BundleError: None does; the hint lists the languages of those there are.
    """
    bundles = installed_bundles()
    for model in bundles:
        if model.language == language:
            return model.name
    known = ", ".join(f"{model.language} ({model.name})" for model in bundles) or "none"
    raise BundleError(
        f"no installed model writes {language!r:.40}",
        hint=f"installed: {known}; give a bundle's folder as the model, or see tushuo models",
    )
