"""`tushuo caption`: a sentence for each photograph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.faces import complain, one_line, reason, write
from tushuo.cli.progress import progress
from tushuo.cli.sources import Paths, count, photographs

if TYPE_CHECKING:
    from PIL import Image

    from tushuo.caption import Caption, Outcome
    from tushuo.cli.photographs import Photograph

__all__ = ["BatchSize", "Json", "caption"]
