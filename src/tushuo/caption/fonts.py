"""The letters of pictures: Pillow's own, and for Chinese those of the system."""

from __future__ import annotations

import re
from functools import cache
from typing import TypeAlias

from PIL import ImageFont

from tushuo.errors import MissingDependencyError

__all__ = ["Font", "font"]

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_FILES = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "SourceHanSansSC-Regular.otf"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "uming.ttc"),
    *("msyh.ttc", "simhei.ttf", "simsun.ttc"),  # Windows
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Arial Unicode.ttf"),  # macOS
)


def font(size: int, text: str) -> Font:
    """Letters that a text can be written with.

    Args:
        size: In pixels.
        text: The text; where it has Chinese characters, a font of the system is looked for.

    Raises:
        MissingDependencyError: The system has none of the usual Chinese fonts.
    """
    return _chinese(size) if _HAN.search(text) else _plain(size)


@cache
def _plain(size: int) -> Font:
    return ImageFont.load_default(size)


@cache
def _chinese(size: int) -> Font:
    for name in _FILES:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    raise MissingDependencyError(
        "a picture of a Chinese caption needs a Chinese font, and none was found",
        hint="install one, such as Noto Sans CJK (fonts-noto-cjk)",
    )
