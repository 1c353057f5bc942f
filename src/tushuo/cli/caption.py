"""`tushuo caption`: a sentence for each photograph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain, one_line, tell_error, write, write_json
from tushuo.cli.options import BatchSize, Beam, Json, Model
from tushuo.cli.pictures import Pictures
from tushuo.cli.progress import progress
from tushuo.cli.sources import Paths, count, photographs

if TYPE_CHECKING:
    from tushuo.caption import Caption, Captioner, Outcome, Photograph

__all__ = ["caption"]

ExplainDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write a picture of each caption: where the model looked for each word, and what else "
        "it could have said. Nothing in DIR is overwritten.",
        show_default=False,
    ),
]


def caption(
    paths: Paths,
    model: Model = "flickr8k-en",
    beam: Beam = None,
    as_json: Json = False,
    explain: ExplainDir = None,
    batch_size: BatchSize = 4,
) -> None:
    """Write a sentence for each photograph: path, tab, caption.

    The exit status is 0 when all went well, 1 when a photograph failed (the others are still
    captioned), 2 for wrong usage.
    """
    workers = divide_cores()
    from tushuo.caption import caption_files, load_captioner

    captioner = load_captioner(model)
    pictures = None if explain is None else Pictures(explain)
    found = photographs(paths, leave_out=explain)
    outcomes = caption_files(
        captioner,
        found,
        beams=beam,
        batch_size=batch_size,
        workers=workers,
        keep_images=pictures is not None,
    )
    failed = False
    with progress(lambda: count(paths, explain)) as advance:
        for outcome in outcomes:
            _tell(outcome, captioner.bundle.name, as_json)
            drawn = pictures is None or _draw(outcome, captioner, pictures)
            failed |= outcome.error is not None or not drawn
            advance()
    if failed:
        raise typer.Exit(1)


def _tell(outcome: Outcome[Photograph, Caption], model: str, as_json: bool) -> None:
    path = str(outcome.path)
    if outcome.error is not None:
        tell_error(outcome.path, outcome.error, as_json)
    elif outcome.result is not None:
        text, score = outcome.result.text, outcome.result.score
        if as_json:
            write_json({"path": path, "caption": text, "score": score, "model": model})
        else:
            write(f"{one_line(path)}\t{text}")


def _draw(outcome: Outcome[Photograph, Caption], captioner: Captioner, pictures: Pictures) -> bool:
    """Write the picture of a caption, and say whether that went well."""
    from tushuo.caption import explain

    if outcome.item is None or outcome.item.image is None or outcome.result is None:
        return True
    picture = explain(outcome.item.image, outcome.result, captioner.preprocessing)
    try:
        pictures.save(picture, outcome.path)
    except OSError as error:
        complain(f"{outcome.path}: its picture cannot be written ({error.strerror or error})")
        return False
    return True
