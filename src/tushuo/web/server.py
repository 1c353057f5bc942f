"""The server itself: a socket, an address to open, and uvicorn behind them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path

from tushuo.caption import Captioner
from tushuo.errors import MissingDependencyError, UsageError
from tushuo.web.limits import Limits

__all__ = ["listen", "serve"]


def serve(
    captioner: Captioner,
    library: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8017,
    names: tuple[str, ...] = (),
    ready: Callable[[str], object] = lambda address: None,
    limits: Limits | None = None,
) -> None:
    """Serve pages and API until interrupted.

    Args:
        captioner: What writes the captions.
        library: The file of the library, by default the user's own.
        host: The address to listen on; any but this machine's own asks visitors for a token.
        port: The port; 0 for any that is free.
        names: Further names by which the server may be called.
        ready: Told the address to open, with the token, once it can be opened.
        limits: How much may be asked for.

    Raises:
        MissingDependencyError: The extra "web" is not installed.
        UsageError: The host is unknown, or the port is taken or not allowed.
    """
    try:
        import jinja2  # noqa: F401
        import uvicorn

        from tushuo.web.app import create_app
        from tushuo.web.guard import Access
    except ModuleNotFoundError as error:
        if str(error.name).startswith("tushuo"):
            raise
        raise MissingDependencyError(
            f"the web page needs {error.name}", hint="pip install 'tushuo[web]'"
        ) from None
    access = Access.at(host, [*names, socket.gethostname()])
    app = create_app(captioner, library, access=access, limits=limits)
    with listen(host, port) as listening:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # it would write down the token
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
        ready(_address(host, listening.getsockname()[1], access.token))
        uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: The host is unknown, or the port is taken or not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
    except (OSError, UnicodeError, OverflowError):
        raise UsageError(
            f"no such address: {host!r:.100}, port {port}",
            hint="127.0.0.1 is this machine alone, 0.0.0.0 all its addresses",
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise _not_bound(error, host, port) from None
    return listening


def _not_bound(error: OSError, host: str, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"port {port} is taken by another program",
            hint=f"choose another: --port {port + 1}, or --port 0 for any that is free",
        )
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} is not allowed", hint="choose one above 1023: --port 8017")
    return UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}")


def _address(host: str, port: int, token: str | None) -> str:
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    name = f"[{shown}]" if ":" in shown else shown
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
