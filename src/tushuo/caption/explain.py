"""A picture that shows where the model looked for each word, and what else it could have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from PIL import Image, ImageDraw

from tushuo.caption.captioner import Caption
from tushuo.caption.fonts import Font, font
from tushuo.caption.heatmap import heatmap, spotlight
from tushuo.data import Preprocessing

__all__ = ["explain"]

_WIDTH, _MARGIN, _GAP = 1200, 40, 16  # pixels
_PAPER, _INK, _FAINT, _ACCENT = "#fbfaf7", "#1f2328", "#767c85", "#c2571a"
_TITLE, _LABEL, _SMALL = 34, 22, 17  # sizes of letters
_TALLEST = 1.4  # tiles of tall photographs are cut to this height by width


def explain(
    image: Image.Image, caption: Caption, preprocessing: Preprocessing | None = None
) -> Image.Image:
    """Draw a caption: the photograph, a tile for each word, and the other sentences of the beam.

    In a word's tile the photograph is bright where the model looked for it.

    Args:
        image: The photograph, as from `load_image`.
        caption: Its caption, as from a captioner.
        preprocessing: The captioner's, which says what part of the photograph it saw.

    Returns:
        An RGB picture 1200 pixels wide.

    Raises:
        MissingDependencyError: The caption is Chinese, and the system has no Chinese font.
    """
    page = _Page.of(image, len(caption.words))
    sentences = _wrapped(caption.text, font(_TITLE, caption.text), _WIDTH - 2 * _MARGIN)
    top = _MARGIN + len(sentences) * _line(_TITLE) + _GAP
    bottom = top + page.height
    ranked = (caption, *caption.alternatives)
    height = bottom + _GAP + _line(_SMALL) + len(ranked) * _line(_LABEL) + _MARGIN
    canvas = Image.new("RGB", (_WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for i, line in enumerate(sentences):
        draw.text((_MARGIN, _MARGIN + i * _line(_TITLE)), line, _INK, font(_TITLE, line))
    _draw_tiles(canvas, draw, page, top, image, caption, preprocessing)
    _draw_beam(draw, bottom + _GAP, ranked)
    return canvas


@dataclass(frozen=True)
class _Page:
    """How tiles are laid out in rows; the first one is the photograph itself."""

    tile: tuple[int, int]  # width and height
    columns: int
    count: int

    @classmethod
    def of(cls, image: Image.Image, words: int) -> _Page:
        count = words + 1
        columns = min(max(4, ceil(count / ceil(count / 6))), 6)  # rows of about equal length
        width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
        ratio = min(image.height / image.width, _TALLEST)
        return cls((width, max(round(width * ratio), 24)), columns, count)

    @property
    def step(self) -> tuple[int, int]:
        """From a tile to the one beside it, and to the one below."""
        return self.tile[0] + _GAP, self.tile[1] + _line(_LABEL) + _GAP

    @property
    def height(self) -> int:
        return ceil(self.count / self.columns) * self.step[1]

    def place(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self.columns)
        return _MARGIN + column * self.step[0], row * self.step[1]


def _draw_tiles(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    page: _Page,
    top: int,
    image: Image.Image,
    caption: Caption,
    preprocessing: Preprocessing | None,
) -> None:
    scale = page.tile[0] / image.width
    whole = image.convert("RGB").resize((page.tile[0], max(1, round(image.height * scale))))
    lights = [heatmap(attention, whole.size, preprocessing) for attention in caption.attention]
    pictures = [whole, *(spotlight(whole, light) for light in lights)]
    for i, (picture, word) in enumerate(zip(pictures, ("", *caption.words), strict=True)):
        x, y = page.place(i)
        canvas.paste(_middle(picture, page.tile[1]), (x, top + y))
        letters = font(_LABEL, word)
        label = _shortened(word, letters, page.tile[0])
        anchor = (x + page.tile[0] / 2, top + y + page.tile[1] + _line(_LABEL) / 2 + 2)
        draw.text(anchor, label, _INK, letters, anchor="mm")


def _middle(picture: Image.Image, height: int) -> Image.Image:
    top = (picture.height - height) // 2
    return picture.crop((0, top, picture.width, top + height))


def _draw_beam(draw: ImageDraw.ImageDraw, top: int, ranked: Sequence[Caption]) -> None:
    """The sentences of the beam, each with its score and log-probability."""
    score_x, logprob_x, text_x = _MARGIN + 70, _MARGIN + 170, _MARGIN + 200
    for x, title, anchor in (
        (score_x, "score", "ra"),
        (logprob_x, "log p", "ra"),
        (text_x, "sentences of the beam", "la"),
    ):
        draw.text((x, top), title, _FAINT, font(_SMALL, title), anchor=anchor)
    for i, caption in enumerate(ranked):
        y = top + _line(_SMALL) + i * _line(_LABEL)
        colour = _ACCENT if i == 0 else _INK
        for x, number in ((score_x, caption.score), (logprob_x, caption.logprob)):
            draw.text((x, y), f"{number:.2f}", colour, font(_LABEL, ""), anchor="ra")
        letters = font(_LABEL, caption.text)
        text = _shortened(caption.text, letters, _WIDTH - _MARGIN - text_x)
        draw.text((text_x, y), text, colour, letters)


def _line(size: int) -> int:
    """Height of a line of text."""
    return round(1.55 * size)


def _wrapped(text: str, letters: Font, width: int) -> list[str]:
    """Lines no wider than the page; a word that is wider alone is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_shortened(word, letters, width))
    return lines


def _shortened(text: str, letters: Font, width: int) -> str:
    if letters.getlength(text) <= width:
        return text
    while text and letters.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
