"""`tushuo alt`: alt texts for the pictures of a website, as a patch to be looked through."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain, counted, one_line, tell_error, write, write_json
from tushuo.cli.known import captions_of, open_library
from tushuo.cli.languages import AnyModel
from tushuo.cli.options import AtOnce, Json, LibraryFile
from tushuo.cli.progress import progress
from tushuo.cli.share import MinConfidence
from tushuo.cli.tables import check_new, new_file
from tushuo.errors import TushuoError, UsageError

if TYPE_CHECKING:
    from tushuo.photos.alt_text import AltText, Filled, Page, Site

__all__ = ["alt"]

SiteDir = Annotated[
    Path, typer.Argument(metavar="SITE_DIR", help="A folder of HTML files, searched recursively.")
]
Apply = Annotated[bool, typer.Option("--apply", help="Write the alt texts into the pages.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where the patch goes.",
        show_default="standard output",
    ),
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Only list the pictures without alt text; status 1 if any."),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where the folder is found on the web, if pages name their pictures in full.",
        show_default=False,
    ),
]
Language = Annotated[
    str, typer.Option("--language", "--lang", metavar="CODE", help="Of new alt texts: en, zh.")
]


def alt(
    site: SiteDir,
    apply: Apply = False,
    output: Output = None,
    check: Check = False,
    base_url: BaseUrl = None,
    min_confidence: MinConfidence = None,
    language: Language = "en",
    library: LibraryFile = None,
    model: AnyModel = None,
    as_json: Json = False,
    batch_size: AtOnce = 8,
) -> None:
    """Describe the pictures of a website that have no alt text, and write that as a patch.

    In SITE_DIR, `git apply` or `patch -p1` takes the patch; it adds alt attributes and changes no
    other byte. What a person wrote into the library or the picture comes before a model's caption.
    Pictures on other sites, small ones and those with alt="" (decoration) are left. Look the texts
    through: a model does not know what a picture is there for.

    The exit status is 0 when all went well, 1 when a page or picture failed, 2 for wrong usage.
    """
    if sum([apply, output is not None, check]) > 1:
        raise UsageError("got more than one of --apply, --output and --check", hint="choose one")
    if output is not None:
        check_new(output)
    workers = divide_cores()
    from tushuo.photos.alt_text import Site, fill, missing

    folder = Site(site, base_url)
    pages, failed = _pages(folder, as_json)
    if check:
        filled = [missing(page) for page in pages]
    else:
        with ExitStack() as stack:
            photos = open_library(stack, library, needed=False)
            advance = stack.enter_context(progress(lambda: _pictures(pages), lines=False))
            filled = fill(
                folder,
                pages,
                captions_of(photos, (model, language)),
                least=min_confidence,
                tell=advance,
                batch_size=batch_size,
                workers=workers,
            )
        failed += _hand_over(filled, apply, output, as_json)
    texts = [text for page in filled for text in page.texts]
    for text in texts:
        _tell(text, site, as_json, apply or check)
    tally = Counter[str](text.what for text in texts)
    if not as_json:
        _sum_up(filled, tally)
    if failed or tally["failed"] or tally["missing"]:
        raise typer.Exit(1)


def _pages(site: Site, as_json: bool) -> tuple[list[Page], int]:
    """The pages of a site, and how many could not be read."""
    from tushuo.photos.alt_text import Page

    pages, failed = list[Page](), 0
    for page in site.pages():
        if isinstance(page, Page):
            pages.append(page)
        else:
            tell_error(*page, as_json)
            failed += 1
    if not pages and not failed:
        raise UsageError(
            f"no HTML file in {str(site.root)!r}", hint="looked for .html, .htm, .xhtml"
        )
    return pages, failed


def _pictures(pages: Iterable[Page]) -> int:
    return sum(tag.state == "missing" for page in pages for tag in page.markup.tags)


def _hand_over(filled: Sequence[Filled], apply: bool, output: Path | None, as_json: bool) -> int:
    """Write the pages or the patch, and return how many pages failed."""
    from tushuo.photos.alt_text import unified_diff
    from tushuo.photos.sharing.swap import swap

    changed = [each for each in filled if each.content != each.page.content]
    if not apply:
        patches = [unified_diff(e.page.name, e.page.content, e.content) for e in changed]
        _write_patch(b"".join(patches), output, as_json)
        return 0
    failed = 0
    for each in changed:
        page = each.page
        try:
            swap(page.path, each.content, page.status, like=page.path)
        except TushuoError as error:
            tell_error(page.path, error, as_json)
            failed += 1
    return failed


def _write_patch(patch: bytes, output: Path | None, as_json: bool) -> None:
    if output is not None:
        with new_file(output, "xb") as file:
            file.write(patch)
    elif not as_json:
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
        sys.stdout.buffer.flush()


def _tell(text: AltText, site: Path, as_json: bool, listed: bool) -> None:
    """What became of a picture; those that were not filled are told on standard error."""
    if as_json:
        write_json(asdict(text))
        return
    place = f"{one_line(str(site / text.page))}:{text.line}"
    source = one_line(text.source)
    if text.what in ("left", "failed"):
        complain(f"{place}: {source}: {text.what}: {text.why}")
    elif listed:
        write("\t".join([place, source, *filter(None, [text.text])]))


def _sum_up(filled: Sequence[Filled], tally: Counter[str]) -> None:
    parts = [f"{number:,} {what}" for what, number in tally.items()]
    decorative = sum(page.decorative for page in filled)
    parts += [f"{decorative:,} decorative"] if decorative else []
    complain(f"{counted(len(filled), 'page')}: {', '.join(parts) or 'no picture'}")
    for language, number in _foreign(filled).items():
        complain(
            f"{counted(number, 'alt text')} in another language than the page's ({language}); "
            "see --language and --model"
        )


def _foreign(filled: Sequence[Filled]) -> Counter[str]:
    """How many alt texts are not in the language of their page, by that."""
    return Counter(
        each.page.markup.language
        for each in filled
        for text in each.texts
        if text.language and each.page.markup.language.partition("-")[0] not in ("", text.language)
    )
