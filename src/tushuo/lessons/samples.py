"""The sample photographs of a source checkout."""

from __future__ import annotations

from pathlib import Path

from tushuo.errors import UsageError

_FOLDER = "samples"


def sample(name: str) -> Path:
    """Where a sample photograph is, as ``sample("dog.jpg")``; ``sample("")`` is their folder.

    They stand beside ``notebooks/``, above the folder in which Python runs or the package.

    Raises:
        UsageError: There is no such photograph.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            found = folder / _FOLDER / name
            if (folder / _FOLDER / "dog.jpg").is_file() and found.exists():
                return found
    raise UsageError(
        f"there is no sample photograph {name!r}",
        hint="run this within a copy of the project, or take a photograph of your own",
    )
