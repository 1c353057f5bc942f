"""What a request brings along, read with a bound on its size and time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from tushuo.web.problems import RequestError

__all__ = ["read_bytes", "read_form"]


async def read_bytes(
    request: Request,
    most: int,
    seconds: float,
    grow: Callable[[int], object] = lambda count: None,
) -> bytes:
    """The body.

    Args:
        request: Whose body.
        most: The largest one, in bytes.
        seconds: How long it may take.
        grow: Told of the size of each piece, before it is kept.

    Raises:
        RequestError: It is empty, too large or too slow, or the visitor went away.
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                grow(len(piece))
                pieces.append(piece)
    except TimeoutError:
        raise RequestError(408, "slow", f"the upload took longer than {seconds:g} s") from None
    except ClientDisconnect:
        raise RequestError(400, "gone", "the upload was broken off") from None
    if not size:
        raise RequestError(400, "empty", "nothing was sent", hint="send the file as the body")
    return b"".join(pieces)


async def read_form(request: Request, most: int) -> dict[str, Any]:
    """A form or a JSON object; of a form the values are lists of texts.

    Raises:
        RequestError: It is neither, or too large.
    """
    body = await read_bytes(request, most, 30.0)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            content = json.loads(body)
            if isinstance(content, dict):
                return content
        elif kind == "application/x-www-form-urlencoded":
            return dict(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20_000))
    except (ValueError, RecursionError):
        pass
    raise RequestError(
        400, "usage", "the body is no form and no JSON object", hint="see /api for what is expected"
    )


def _too_large(most: int) -> RequestError:
    return RequestError(
        413, "too_large", f"more than {most / (1 << 20):.3g} MiB", hint="send a smaller one"
    )
