"""`show`: pictures and tables in a notebook, or from a plain script."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

FOLDER = "TUSHUO_PICTURES"
"""Environment variable: where a script, run without a notebook, puts its pictures."""

_FORMATS = {"_repr_svg_": ".svg", "_repr_png_": ".png"}


def show(*things: Any) -> None:
    """Display things: drawings, charts, images, tables.

    In a notebook they appear below the cell. A plain script prints them; their pictures go to the
    folder that ``TUSHUO_PICTURES`` names, if it does; it is made if need be.
    """
    display = getattr(builtins, "display", None)  # there in IPython
    for thing in things:
        method = next((m for m in _FORMATS if hasattr(thing, m)), None)
        if display is not None:
            display(thing)
        elif method is None:
            print(thing)
        else:
            print(f"<{type(thing).__name__}{_kept(thing, method)}>")


def _kept(thing: Any, method: str) -> str:
    """Where a picture was put, if it was."""
    if (name := os.environ.get(FOLDER)) is None:
        return ""
    folder, content = Path(name), getattr(thing, method)()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(list(folder.iterdir())) + 1:02}{_FORMATS[method]}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return f": {path}"
