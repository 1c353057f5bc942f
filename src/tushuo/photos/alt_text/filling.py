"""Alt texts for pictures that have none: a person's where there is one, else a caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from tushuo.data import Found
from tushuo.errors import TushuoError
from tushuo.photos.alt_text.patching import with_alt_texts
from tushuo.photos.alt_text.site import Left, Page, Site
from tushuo.photos.alt_text.tags import Tag
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, persons, read_notes, read_sidecars
from tushuo.photos.reading import read_content
from tushuo.photos.sharing import Captioned, Captions, Failed
from tushuo.photos.text import plain

__all__ = ["AltText", "Filled", "fill", "missing"]

What: TypeAlias = Literal["missing", "filled", "left", "failed"]
_Answer: TypeAlias = Captioned | Failed | Left

_SMALL = 32  # pixels: icons and spacers are no photographs


@dataclass(frozen=True)
class AltText:
    """An `<img>` without alt text, and what became of it.

    Attributes:
        page: The page, as its path in the site.
        line: Of the tag, from 1.
        source: The picture's address, as written.
        what: "missing" if nothing was tried yet; "filled"; "left" for a person to describe;
            "failed".
        text: The new alt text.
        language: Of that.
        why: Why it was left, or failed.
    """

    page: str
    line: int
    source: str
    what: What = "missing"
    text: str | None = None
    language: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Filled:
    """A page with alt texts.

    Attributes:
        page: As it was.
        content: As it is to be; the same if nothing was filled in.
        texts: Its pictures that had no alt text.
        decorative: How many pictures it marks as in need of none; they stay so.
    """

    page: Page
    content: bytes
    texts: tuple[AltText, ...]
    decorative: int


def missing(page: Page) -> Filled:
    """The pictures of a page that have no alt text."""
    texts = tuple(_unfilled(page, tag) for tag in _bare(page))
    decorative = sum(tag.state == "decorative" for tag in page.markup.tags)
    return Filled(page, page.content, texts, decorative)


def fill(
    site: Site,
    pages: Iterable[Page],
    captions: Captions,
    *,
    least: float | None = None,
    tell: Callable[[], object] = lambda: None,
    batch_size: int = 8,
    workers: int = 1,
) -> list[Filled]:
    """Fill in alt texts; nothing is written.

    What a person wrote into the library or into the picture comes before a model's caption.

    Args:
        site: Where pictures are looked for.
        pages: Of the site.
        captions: What captions pictures, each once.
        least: Leave pictures whose captions are good with a probability below this.
        tell: Called after each picture.
        batch_size: Pictures that go through the networks at once.
        workers: Batches worked on at once, each in a thread.
    """
    found = [(page, {tag: _find(site, page, tag) for tag in _bare(page)}) for page in pages]
    wanted = dict.fromkeys(
        file for _, tags in found for file in tags.values() if isinstance(file, Path)
    )
    answers: dict[Path, _Answer] = {}
    said = captions.of(map(Found, wanted), batch_size=batch_size, workers=workers)
    for photograph in said:
        answers[photograph.path] = _judged(photograph, least)
        tell()
    return [_filled(page, tags, answers) for page, tags in found]


def _bare(page: Page) -> list[Tag]:
    return [tag for tag in page.markup.tags if tag.state == "missing"]


def _unfilled(page: Page, tag: Tag) -> AltText:
    return AltText(page.name, tag.line, tag.sources[0] if tag.sources else "")


def _find(site: Site, page: Page, tag: Tag) -> Path | Left | TushuoError:
    """The first of a tag's sources that is a file of the site, else what the first one is."""
    found: list[Path | Left | TushuoError] = []
    for source in tag.sources:
        try:
            found.append(site.find(page, source))
        except TushuoError as error:
            found.append(error)
    files = (file for file in found if isinstance(file, Path))
    return next(files, found[0] if found else Left("it has no address"))


def _judged(photograph: Captioned | Failed, least: float | None) -> _Answer:
    if isinstance(photograph, Failed):
        return photograph
    facts = photograph.facts
    if 0 < min(facts.width, facts.height) < _SMALL:
        return Left(f"it is small ({facts.width} x {facts.height} pixels)")
    sure = photograph if least is None else photograph.sure(least)
    return sure or Left("the caption is not sure")


def _filled(
    page: Page, tags: Mapping[Tag, Path | Left | TushuoError], answers: Mapping[Path, _Answer]
) -> Filled:
    start = missing(page)
    texts, places = list[AltText](), dict[int, str]()
    for blank, (tag, file) in zip(start.texts, tags.items(), strict=True):
        answer = answers[file] if isinstance(file, Path) else file
        text = _answered(blank, answer)
        texts.append(text)
        if text.text is not None:
            places[tag.start] = text.text
    content = with_alt_texts(page.content, places)
    return replace(start, content=content, texts=tuple(texts))


def _answered(blank: AltText, answer: _Answer | TushuoError) -> AltText:
    match answer:
        case Captioned():
            text, language = _best(answer)
            return replace(blank, what="filled", text=plain(text), language=language)
        case Left():
            return replace(blank, what="left", why=str(answer))
        case Failed():
            return replace(blank, what="failed", why=str(answer.error))
        case _:
            return replace(blank, what="failed", why=str(answer))


def _best(photograph: Captioned) -> tuple[str, str | None]:
    """A text and its language: the library's by a person, else the picture's by one, else ours."""
    own = next((caption for caption in photograph.captions if caption.by is None), None)
    if own is not None:
        return own.text, own.language
    said = _said_in(photograph.path, [caption.text for caption in photograph.captions])
    first = photograph.captions[0]
    return (said, None) if said else (first.text, first.language)


def _said_in(path: Path, ours: Sequence[str]) -> str | None:
    """What a person wrote into a picture or its sidecar; nothing if that cannot be read."""
    try:
        content, _ = read_content(path)
        found = persons([read_notes(content, path.suffix), *read_sidecars(path)], ours)
    except TushuoError:
        return None
    return found.get(ALT_TEXT) or found.get(DESCRIPTION)
