"""One model, or the languages in which the installed ones shall write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Captioner

__all__ = ["AnyModel", "Languages", "load_captioners"]

AnyModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="The name of an installed bundle (see: tushuo models), or a folder.",
        show_default="the one that writes the language",
    ),
]
Languages = Annotated[
    list[str] | None,
    typer.Option(
        "--lang",
        "--language",
        metavar="CODE",
        help="The language of the captions: en, zh. May be repeated; each photograph is read "
        "once for all of them.",
        show_default="en",
    ),
]


def load_captioners(
    model: str | None, languages: Sequence[str] | None, precision: str = "float32"
) -> list[Captioner]:
    """The captioners that the options ask for, one for each language.

    Raises:
        UsageError: A model was given and several languages, or the precision is unknown.
        BundleError: There is no such model, or none that writes a language.
    """
    from tushuo.caption import load_captioner

    different = list(dict.fromkeys(languages or ()))
    if model is None:
        known = different or ["en"]
        return [load_captioner(language=language, precision=precision) for language in known]
    if len(different) > 1:
        raise UsageError(
            f"one model, {model!r}, and several languages: {', '.join(different)}",
            hint="leave out --model",
        )
    language = different[0] if different else None
    return [load_captioner(model, language=language, precision=precision)]
