"""The server's application: pages and API behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tushuo.caption import Captioner
from tushuo.errors import TushuoError
from tushuo.web import api, views
from tushuo.web.answers import refusal
from tushuo.web.desk import Desk
from tushuo.web.guard import Access, Guard
from tushuo.web.limits import Limits
from tushuo.web.problems import RequestError, problem_of
from tushuo.web.shelf import Shelf

__all__ = ["create_app"]


def create_app(
    captioner: Captioner,
    library: Path | None = None,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """The application, for any ASGI server.

    Args:
        captioner: What writes the captions.
        library: The file of the library, by default the user's own; it need not exist.
        access: Who may ask; by default this machine alone.
        limits: How much may be asked for.
    """
    desk = Desk(captioner, limits or Limits())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()
        app.state.shelf.close()

    static = StaticFiles(packages=[("tushuo.web", "static")])
    app = Starlette(
        routes=[*views.routes(), *api.routes(), Mount("/static", static, name="static")],
        middleware=[Middleware(Guard, access=access or Access())],
        exception_handlers={TushuoError: _told, HTTPException: _told, Exception: _told},
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.shelf = Shelf(library, desk)
    return app


def _told(request: Request, error: Exception) -> Response:
    """Any error as one clear message."""
    if isinstance(error, TushuoError):
        return refusal(request, problem_of(error))
    if isinstance(error, HTTPException):
        code = {404: "unknown", 405: "method"}.get(error.status_code, "failed")
        headers = dict(error.headers or {})
        problem = f"{error.detail}: {request.method} {request.url.path:.200}"
        return refusal(request, RequestError(error.status_code, code, problem, headers=headers))
    return refusal(request, RequestError(500, "failed", "the server failed; its log says why"))
