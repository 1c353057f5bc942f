"""The folder into which pictures are written, none over another."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tushuo.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Pictures"]


class Pictures:
    """A folder of PNG pictures, named after photographs.

    Args:
        folder: Made if it does not exist.

    Raises:
        UsageError: It cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make folder {str(folder)!r}: {error.strerror}") from None

    def save(self, picture: Image.Image, photograph: Path) -> Path:
        """Write NAME.png, or NAME-2.png and so on where that exists.

        Returns:
            The path of the new file.

        Raises:
            OSError: It cannot be written.
        """
        for number in count(1):
            suffix = "" if number == 1 else f"-{number}"
            path = self.folder / f"{photograph.stem}{suffix}.png"
            try:
                with path.open("xb") as file:
                    picture.save(file, "PNG")
            except FileExistsError:
                continue
            except OSError:
                path.unlink(missing_ok=True)
                raise
            return path
        raise AssertionError("unreachable")
