"""`tushuo serve`: the page, on this machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tushuo.cli.faces import write, write_json
from tushuo.cli.options import Json, LibraryFile, Model

__all__ = ["serve"]

Host = Annotated[
    str,
    typer.Option(
        help="The address to listen on. Any but this machine's own asks visitors for a token, "
        "which is printed once."
    ),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")]
Name = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        metavar="HOST",
        help="A further name that visitors may call this server by. May be repeated.",
        show_default=False,
    ),
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]


def serve(
    library: LibraryFile = None,
    host: Host = "127.0.0.1",
    port: Port = 8017,
    name: Name = None,
    model: Model = "flickr8k-en",
    open_page: Open = False,
    as_json: Json = False,
) -> None:
    """Show a page that captions photographs, explains how, and searches the library.

    Stop it with Ctrl-C.
    """
    from tushuo.caption import load_captioner
    from tushuo.web.server import serve as run

    os.environ.setdefault("TUSHUO_EAGER", "1")  # nobody should wait while the networks compile

    def ready(address: str) -> None:
        if as_json:
            write_json({"address": address})
        else:
            write(address)
        if open_page:
            import webbrowser

            webbrowser.open(address)

    run(load_captioner(model), library, host=host, port=port, names=tuple(name or ()), ready=ready)
