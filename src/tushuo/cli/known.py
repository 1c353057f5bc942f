"""Captions of photographs for a command: a library's where it has them, else a model's."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tushuo.photos import Captions, Library

__all__ = ["captions_of", "open_library"]


def open_library(
    stack: ExitStack, file: Path | None, *, needed: bool, to_write: bool = False
) -> Library | None:
    """Open a library, to be closed with the stack.

    Args:
        stack: Closes it.
        file: What the user named; None for the one in the user's data folder.
        needed: Whether it is an error if that is absent; else there is None.
        to_write: Whether it shall learn of changes, as far as its file can be written.

    Raises:
        LibraryError: It is absent, though named or needed, or cannot be used.
    """
    from tushuo.photos import Library, default_library

    path = file or default_library()
    if file is None and not needed and not path.exists():
        return None
    read_only = not (to_write and os.access(path, os.W_OK))
    return stack.enter_context(Library(path, read_only=read_only))


def captions_of(library: Library | None, model: tuple[str | None, str] | None) -> Captions:
    """What captions photographs.

    Args:
        library: Whose captions come first.
        model: Name and language of the model for the others; None if they are to fail.
    """
    from tushuo.caption import load_captioner
    from tushuo.photos import Captions

    captioner = None
    if model is not None:
        name, language = model
        captioner = load_captioner(name) if name else load_captioner(language=language)
    return Captions(captioner) if library is None else library.captions(captioner)
