"""`tushuo index`: folders of photographs captioned into a library, and kept up to date."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain, counted, one_line, tell_error, write, write_json
from tushuo.cli.languages import AnyModel, Languages, load_captioners
from tushuo.cli.options import AtOnce, Json, LibraryFile
from tushuo.cli.progress import progress
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Captioner
    from tushuo.photos import Done, Embedder, Library, Plan, Report

__all__ = ["index"]

Folders = Annotated[
    list[Path],
    typer.Argument(
        metavar="DIR", help="Folders, searched recursively, and files.", show_default=False
    ),
]
Retry = Annotated[
    bool, typer.Option("--retry", help="Also try files that failed and have not changed.")
]
Recaption = Annotated[
    bool,
    typer.Option(
        "--recaption",
        help="Replace captions of other models; without --yes, only list which. Captions that a "
        "person wrote stay.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do what --recaption lists.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be done, and do nothing.")]
Purge = Annotated[
    bool,
    typer.Option("--purge", help="Afterwards forget all files that are missing or ignored."),
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Go on, and index what changes, until Ctrl-C.")
]


def index(
    folders: Folders,
    library: LibraryFile = None,
    model: AnyModel = None,
    lang: Languages = None,
    retry: Retry = False,
    recaption: Recaption = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    purge: Purge = False,
    watch: Watch = False,
    as_json: Json = False,
    batch_size: AtOnce = 8,
) -> None:
    """Caption the photographs in folders, to be found with `tushuo search`.

    Only new and changed files are read; stop it at any time and run it again. Hidden files and what
    a .tushuoignore names (patterns as in .gitignore; those in folders above count, too) are left
    out. Files that are gone are marked, and come back with their captions if they do. With --watch
    it goes on, looks through the folders again and again, and tells of what it did, until Ctrl-C.
    The exit status is 0 when all went well, 1 when a photograph failed, 2 for wrong usage.
    """
    only_list = dry_run or (recaption and not yes)
    if watch and only_list:
        raise UsageError("--watch does not go with a list of what would be done")
    if watch:
        _heed_interrupts()
    workers = divide_cores()
    from tushuo.photos import embedder_of

    captioners = load_captioners(model, lang)
    embedder = embedder_of(captioners[0])
    with _opened(library, only_list) as photos:
        plan = photos.plan(folders, captioners, embedder=embedder, retry=retry, recaption=recaption)
        if only_list:
            _list(plan, as_json, hint=recaption and not dry_run)
            return
        with progress(lambda: len(plan.todo), lines=False) as advance:

            def tell(done: Done) -> None:
                _tell_failure(done, as_json)
                advance()

            report = photos.index(
                folders,
                captioners,
                embedder=embedder,
                retry=retry,
                recaption=recaption,
                plan=plan,
                tell=tell,
                batch_size=batch_size,
                workers=workers,
            )
        purged = photos.purge() if purge else 0
        _tell(report, purged, as_json)
        if watch:
            _watch(photos, folders, captioners, embedder, as_json, (batch_size, workers))
    if report.failed:
        raise typer.Exit(1)


@contextmanager
def _opened(file: Path | None, only_list: bool) -> Iterator[Library]:
    """The library; for a list alone it is only read, and not made where there is none."""
    from tushuo.photos import Library, default_library

    path = file or default_library()
    if not only_list:
        with Library(path) as photos:
            yield photos
    elif path.exists() and path.stat().st_size:
        with Library(path, read_only=True) as photos:
            yield photos
    else:
        with TemporaryDirectory() as folder, Library(Path(folder, "empty.db")) as photos:
            yield photos


def _heed_interrupts() -> None:
    """Have SIGINT end this, even where a script has started it with `&`, which ignores it.

    Else nothing but a harder signal would end what goes on until it is interrupted.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _watch(
    photos: Library,
    folders: list[Path],
    captioners: list[Captioner],
    embedder: Embedder | None,
    as_json: bool,
    at_once: tuple[int, int],
) -> None:
    """Go on until somebody presses Ctrl-C."""
    from tushuo.photos import watch

    complain("watching; Ctrl-C ends it")
    reports = watch(
        photos,
        folders,
        captioners,
        embedder=embedder,
        tell=lambda done: _tell_failure(done, as_json),
        batch_size=at_once[0],
        workers=at_once[1],
    )
    for report in reports:
        _tell(report, 0, as_json)


def _tell_failure(done: Done, as_json: bool) -> None:
    if done.error is not None:
        tell_error(done.path, done.error, as_json)


def _list(plan: Plan, as_json: bool, hint: bool) -> None:
    """A line for each file that would be read or marked: why, path, caption that gives way."""
    for item in plan.todo:
        if as_json:
            old = {"caption": item.caption, "model": item.model}
            write_json({"path": item.seen.path, "why": item.why, **old})
        else:
            old_text = f"\t{item.caption}\t({item.model})" if item.caption else ""
            write(f"{item.why}\t{one_line(item.seen.path)}{old_text}")
    for name, status in plan.marks:
        path = str(Path(_text(name)))
        if as_json:
            write_json({"path": path, "why": status})
        else:
            write(f"{status}\t{one_line(path)}")
    for folder, error in plan.problems.items():
        tell_error(Path(folder), error, as_json)
    if hint:
        number = len(plan.todo)
        complain(
            f"{counted(number, 'photograph')} would be captioned; add --yes to do it"
            if number
            else "no photograph would be captioned; all captions are this model's or a person's"
        )


def _text(name: bytes) -> str:
    import os

    return os.fsdecode(name)


def _tell(report: Report, purged: int, as_json: bool) -> None:
    counts = [
        ("captioned", "captioned", report.captioned),
        ("embedded", "captioned before, now known by meaning", report.embedded),
        ("known_already", "known already", report.known),
        ("unchanged", "unchanged", report.unchanged - report.failed_before),
        ("failed", "failed", len(report.failed)),
        (
            "failed_before",
            "failed before (try them again with --retry)",
            report.failed_before,
        ),
        ("missing", "missing", report.missing),
        ("ignored", "ignored", report.ignored),
        ("at_another_indexer", "at another indexer", report.busy),
        ("forgotten", "forgotten", purged),
    ]
    made = report.captioned + report.embedded
    rate = made / report.seconds if report.seconds else 0.0
    if as_json:
        numbers = {key: count for key, _, count in counts}
        write_json({**numbers, "seconds": round(report.seconds, 3), "per_second": round(rate, 2)})
        return
    parts = [f"{count:,} {name}" for _, name, count in counts if count]
    pace = f" in {report.seconds:.1f} s, {rate:.1f} a second" if made else ""
    write((", ".join(parts) or "no photographs") + pace)
