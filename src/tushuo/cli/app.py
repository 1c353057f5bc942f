"""The commands under one name."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tushuo import __version__
from tushuo.cli import library, models, train
from tushuo.cli.alt import alt
from tushuo.cli.caption import caption
from tushuo.cli.check import check
from tushuo.cli.classify import classify
from tushuo.cli.digit import digit
from tushuo.cli.draw import draw
from tushuo.cli.evaluate import evaluate
from tushuo.cli.faces import guarded
from tushuo.cli.index import index
from tushuo.cli.search import SearchCommand, search
from tushuo.cli.serve import serve
from tushuo.cli.share import share

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Describe photographs in sentences, on your own machine.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tushuo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    eager: Annotated[
        bool,
        typer.Option("--eager", help="Compile nothing, run operation by operation."),
    ] = False,
) -> None:
    """Describe photographs in sentences, on your own machine."""
    if eager:
        os.environ["TUSHUO_EAGER"] = "1"  # for workers, too


for command in (alt, caption, check, classify, digit, draw, evaluate, index, serve, share):
    app.command()(guarded(command))
app.command(cls=SearchCommand)(guarded(search))

app.add_typer(library.app, name="library")
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
