"""The JSON API, as ``openapi.json`` describes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tushuo import __version__
from tushuo.errors import TushuoError
from tushuo.web.answers import openapi
from tushuo.web.bodies import read_bytes, read_form
from tushuo.web.decoding import Decoded
from tushuo.web.desk import Desk, Turn
from tushuo.web.problems import RequestError, problem_of
from tushuo.web.queries import chosen, wanted_page
from tushuo.web.shelf import FORMATS, SIDES, Shelf, photo_json
from tushuo.web.sightings import Sighting, caption_json

__all__ = ["routes", "sighting_of"]

_FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}


def routes() -> list[Route]:
    """What the API answers to."""
    return [
        Route("/api/model", model),
        Route("/api/captions", caption, methods=["POST"]),
        Route("/api/captions/{key}", caption_again),
        Route("/api/captions/{key}/image", caption_image),
        Route("/api/photos", photos),
        Route("/api/photos/{number:int}", photo),
        Route("/api/photos/{number:int}/image", photo_image),
        Route("/api/photos/{number:int}/captions", caption_photo, methods=["POST"]),
        Route("/api/photos/{number:int}/captions/{language}", edit_caption, methods=["PUT"]),
        Route("/api/months", months),
        Route("/api/places", places),
        Route("/api/export", export, methods=["POST"]),
        Route("/api/openapi.json", description),
    ]


async def model(request: Request) -> Response:
    """What writes the captions."""
    captioner = _desk(request).captioner
    about = {"name": captioner.bundle.name, "language": captioner.language}
    return JSONResponse(about | {"version": __version__})


async def caption(request: Request) -> Response:
    """Caption the photograph that is sent."""
    desk = _desk(request)
    turn = desk.enter()
    try:
        limits = desk.limits
        content = await read_bytes(request, limits.upload_bytes, limits.upload_seconds, turn.grow)
        decoded = await desk.decode(content)
        number = await _number_of(request, content)
        return await _captioned(request, turn, decoded, number)
    except BaseException:
        turn.leave()
        raise


async def caption_photo(request: Request) -> Response:
    """Caption a photograph of the library anew, to see how; nothing is stored."""
    desk, shelf = _desk(request), _shelf(request)
    turn = desk.enter()
    try:
        found = await shelf.photo(request.path_params["number"])
        content = await shelf.content(found)
        turn.grow(len(content))
        decoded = await desk.decode(content)
        return await _captioned(request, turn, decoded, found.id)
    except BaseException:
        turn.leave()
        raise


async def caption_again(request: Request) -> Response:
    """A caption made a while ago."""
    return JSONResponse(caption_json(sighting_of(request)))


async def caption_image(request: Request) -> Response:
    """The photograph of such a caption."""
    return Response(sighting_of(request).jpeg, 200, _FOREVER, "image/jpeg")


async def photos(request: Request) -> Response:
    """Search the library, or leaf through it."""
    query, place, limit, offset = wanted_page(request.query_params)
    found = await _shelf(request).browse(query, place, limit, offset)
    return JSONResponse({"photos": [photo_json(each) for each in found], "offset": offset})


async def photo(request: Request) -> Response:
    """One photograph of the library."""
    return JSONResponse(photo_json(await _shelf(request).photo(request.path_params["number"])))


async def photo_image(request: Request) -> Response:
    """A picture of a photograph of the library."""
    size = request.query_params.get("size", "large")
    if size not in SIDES:
        raise RequestError(
            400, "usage", f"size: got {size!r:.60}", hint=f"one of {', '.join(SIDES)}"
        )
    shelf = _shelf(request)
    found = await shelf.photo(request.path_params["number"])
    headers = {"ETag": f'"{found.sha256}-{size}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(None, 304, headers)
    return Response(await shelf.picture(found, size), 200, headers, "image/jpeg")


async def edit_caption(request: Request) -> Response:
    """Give a photograph a person's caption."""
    form = await read_form(request, _desk(request).limits.form_bytes)
    text = form.get("caption")
    if not isinstance(text, str):
        raise RequestError(400, "usage", "caption: expected a text")
    number, language = request.path_params["number"], request.path_params["language"]
    return JSONResponse(photo_json(await _shelf(request).edit(number, text, language)))


async def months(request: Request) -> Response:
    """When photographs were taken."""
    found = await _shelf(request).read(lambda library: library.months())
    return JSONResponse({"months": [asdict(each) for each in found]})


async def places(request: Request) -> Response:
    """Where photographs were taken."""
    found = await _shelf(request).read(lambda library: library.places())
    return JSONResponse({"places": [asdict(each) for each in found]})


async def export(request: Request) -> Response:
    """Photographs with their captions, as a file."""
    shelf = _shelf(request)
    kind, numbers = await chosen(await read_form(request, _desk(request).limits.form_bytes), shelf)
    content = await shelf.export(kind, numbers)
    headers = {"Content-Disposition": f'attachment; filename="captions.{kind}"'}
    return Response(content, 200, headers, FORMATS[kind])


async def description(request: Request) -> Response:
    """The API in OpenAPI 3.1."""
    return JSONResponse(openapi())


def sighting_of(request: Request) -> Sighting:
    """The photograph captioned lately that the path names.

    Raises:
        RequestError: It is forgotten, or never was.
    """
    found = _desk(request).recent.get(request.path_params["key"])
    if found is None:
        raise RequestError(404, "forgotten", "no such caption", hint="send the photograph again")
    return found


async def _number_of(request: Request, content: bytes) -> int | None:
    """The number in the library of a photograph, if it is there."""
    from hashlib import sha256

    digest = sha256(content).hexdigest()
    try:
        found = await _shelf(request).read(lambda library: library.find(digest))
    except TushuoError:  # there need not be a library
        return None
    return None if found is None else found.id


async def _captioned(
    request: Request, turn: Turn, decoded: Decoded, number: int | None
) -> Response:
    """The caption as one answer or, where that is asked for, as a stream of events."""
    if "text/event-stream" in request.headers.get("accept", ""):
        return _Stream(turn, _events(turn.desk, decoded, number))
    content = await turn.desk.caption(decoded, number)
    turn.leave()
    return JSONResponse(content)


async def _events(desk: Desk, decoded: Decoded, number: int | None) -> AsyncIterator[str]:
    """Server-sent events (HTML standard, section 9.2)."""
    try:
        async for event in desk.events(decoded, number):
            yield _event(event.name, event.data)
    except TushuoError as error:
        problem = problem_of(error)
        yield _event("error", {"code": problem.code, "message": problem.problem})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


class _Stream(StreamingResponse):
    """Events, after which a place in the queue is given back, however they end."""

    def __init__(self, turn: Turn, content: AsyncIterator[str]) -> None:
        super().__init__(content, media_type="text/event-stream")
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._turn.leave()


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.shelf
    return shelf
