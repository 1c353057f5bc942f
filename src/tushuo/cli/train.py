"""`tushuo train`: a captioner from your own data, what finds photographs, a reader of digits."""

from __future__ import annotations

import typer

from tushuo.cli.train_caption import caption
from tushuo.cli.train_embedder import embedder
from tushuo.cli.train_mnist import mnist

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Train a network.")


@app.callback()
def options() -> None:
    """Train a network."""


app.command()(mnist)
app.command()(embedder)
app.command()(caption)
