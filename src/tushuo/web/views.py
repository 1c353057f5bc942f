"""The pages that people see, and the parts of them that htmx asks for."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tushuo.errors import LibraryError, UsageError
from tushuo.photos import Browsed, default_library
from tushuo.web.answers import openapi, page
from tushuo.web.api import export, sighting_of
from tushuo.web.bodies import read_form
from tushuo.web.desk import Desk
from tushuo.web.problems import RequestError
from tushuo.web.queries import first_text, half_typed, wanted_page
from tushuo.web.shelf import FORMATS, Shelf
from tushuo.web.texts import LANGUAGE_COOKIE, LANGUAGES, language_of

__all__ = ["routes"]

_YEAR = 365 * 24 * 3600
_INLINE = re.compile(r"<(script|style)(?:>| [^>]*>)(.*?)</\1>", re.DOTALL)


def routes() -> list[Route]:
    """What the pages answer to."""
    return [
        Route("/", caption),
        Route("/library", library),
        Route("/library/grid", grid),
        Route("/library/export", export, methods=["POST"]),
        Route("/library/{number:int}", photo),
        Route("/library/{number:int}/caption", edit, methods=["POST"]),
        Route("/captions/{key}/{word:int}/graph.svg", graph_picture),
        Route("/captions/{key}/{word:int}/graph", graph_page),
        Route("/language/{code}", language),
        Route("/api", described),
    ]


async def caption(request: Request) -> Response:
    """Where photographs are dropped."""
    desk: Desk = request.app.state.desk
    most = desk.limits.upload_bytes // (1 << 20)
    return page(request, "caption.html", most=most, model=desk.captioner.bundle.name)


async def library(request: Request) -> Response:
    """The library, with a first page of photographs."""
    shelf: Shelf = request.app.state.shelf
    try:
        info, months, places = await shelf.overview()
    except LibraryError as error:
        own = shelf.path == default_library()
        return page(
            request, "empty.html", library=None if own else shelf.path, reason=error.problem
        )
    found = await _found(request)
    years = _by_year([(each.month, each.count) for each in months])
    values: dict[str, Any] = {"info": info, "years": years, "places": places}
    values |= {"asked": _asked(request), "formats": FORMATS}
    return page(request, "library.html", **values, **found)


async def grid(request: Request) -> Response:
    """The photographs that are asked for, as a part of a page."""
    return page(request, "grid.html", **await _found(request))


async def photo(request: Request) -> Response:
    """One photograph, its captions and facts."""
    shelf: Shelf = request.app.state.shelf
    found = await shelf.photo(request.path_params["number"])
    codes = {each.language for each in found.captions} | {language_of(request)}
    return page(request, "photo.html", photo=found, saved=False, editable=sorted(codes))


async def edit(request: Request) -> Response:
    """A person's caption from a form."""
    desk: Desk = request.app.state.desk
    form = await read_form(request, desk.limits.form_bytes)
    text, code = (first_text(form.get(name)) for name in ("caption", "language"))
    text = "" if "undo" in form else text
    if text is None or code is None:  # no text is not an empty one, which would undo a person's
        raise RequestError(400, "usage", "expected a form with caption and language")
    shelf: Shelf = request.app.state.shelf
    found = await shelf.edit(request.path_params["number"], text, code)
    shown = next((each for each in found.captions if each.language == code), None)
    if "hx-request" not in request.headers:  # a browser without scripts
        return RedirectResponse(f"/library/{found.id}", 303)
    return page(request, "edit.html", photo=found, shown=shown, code=code, saved=True)


async def graph_picture(request: Request) -> Response:
    """The graph of the step that chose a word, as a picture."""
    text = await _graph(request, "svg")
    headers = {"Content-Security-Policy": f"{_policy(text)}; sandbox", **_KEEP}
    return Response(text, 200, headers, "image/svg+xml")


async def graph_page(request: Request) -> Response:
    """The same, as a page that steps through it."""
    text = await _graph(request, "html")
    policy = f"{_policy(text)}; sandbox allow-scripts"
    return Response(text, 200, {"Content-Security-Policy": policy, **_KEEP}, "text/html")


async def language(request: Request) -> Response:
    """Remember the language that a visitor chose, and go back to where they were."""
    code = request.path_params["code"]
    if code not in LANGUAGES:
        raise RequestError(404, "unknown", f"no language {code!r:.60}")
    target = request.query_params.get("to", "/")
    inside = target.startswith("/") and not target.startswith(("//", "/\\"))
    answer = RedirectResponse(target if inside else "/", 303)
    answer.set_cookie(LANGUAGE_COOKIE, code, max_age=_YEAR, httponly=True, samesite="lax")
    return answer


async def described(request: Request) -> Response:
    """The API for people."""
    origin = f"{request.url.scheme}://{request.url.netloc}"
    return page(request, "api.html", api=openapi(), origin=origin)


async def _graph(request: Request, kind: str) -> str:
    sighting, word = sighting_of(request), request.path_params["word"]
    if word >= len(sighting.caption.words):
        raise RequestError(404, "unknown", f"the caption has no word {word}")
    desk: Desk = request.app.state.desk
    return await desk.graph(sighting, word, kind)


async def _found(request: Request) -> dict[str, Any]:
    """A page of photographs, where the next one is, and what could not be understood.

    A query that is still being typed may make no sense yet, which is no error.
    """
    shelf: Shelf = request.app.state.shelf
    asked = {name: value for name, value in request.query_params.items() if value}
    try:
        found, limit, offset = await _browsed(shelf, asked)
        longer = half_typed(asked)
        if longer and not found and not offset:
            asked = longer
            found, limit, offset = await _browsed(shelf, asked)
    except (UsageError, RequestError) as error:
        return {"found": [], "more": None, "first": True, "trouble": error}
    more = urlencode(asked | {"offset": offset + limit}) if len(found) > limit else None
    cards = [(each, _pieces(each)) for each in found[:limit]]
    return {"found": cards, "more": more, "first": not offset, "trouble": None}


async def _browsed(shelf: Shelf, asked: dict[str, str]) -> tuple[list[Browsed], int, int]:
    """Photographs, one more than are to be shown if there are more; limit and offset."""
    query, place, limit, offset = wanted_page(asked)
    return await shelf.browse(query, place, limit + 1, offset), limit, offset


def _asked(request: Request) -> dict[str, str]:
    """What the fields of the search show."""
    return {name: request.query_params.get(name, "") for name in ("q", "from", "to", "place")}


def _pieces(found: Browsed) -> list[tuple[str, bool]]:
    """The caption to show, in pieces: a text, and whether it is what was searched for."""
    if found.hit is None or not found.hit.caption:
        return [(found.photo.captions[0].text, False)] if found.photo.captions else []
    text, position, pieces = found.hit.caption, 0, []
    for start, end in found.hit.spans:
        pieces += [(text[position:start], False), (text[start:end], True)]
        position = end
    return [*pieces, (text[position:], False)]


def _by_year(months: list[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    years: dict[str, list[tuple[str, int]]] = {}
    for month, count in months:
        years.setdefault(month[:4], []).append((month, count))
    return years


_KEEP = {"Cache-Control": "private, max-age=3600"}


def _policy(text: str) -> str:
    """A policy that allows the scripts and styles that stand in a text, and no others."""
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(text):
        digest = base64.b64encode(sha256(content.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    rules = (f"{kind}-src {' '.join(hashes)}" for kind, hashes in allowed.items() if hashes)
    return "; ".join(["default-src 'none'", *rules, "frame-ancestors 'none'"])
