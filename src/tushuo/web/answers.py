"""Answers in the form that the visitor asked for: JSON, a part of a page, or a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tushuo.web.filters import FILTERS
from tushuo.web.problems import RequestError
from tushuo.web.texts import LANGUAGES, language_of, texts

__all__ = ["openapi", "page", "refusal"]


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page, or a part of one, in the visitor's language."""
    language = language_of(request)
    t = texts(language)
    common = {
        "t": t,
        "language": language,
        "languages": LANGUAGES,
        "path": request.url.path,
        "for_scripts": {name: t[name] for name in t if name.startswith("js_")},
    }
    html = _pages().get_template(template).render(common | values)
    return HTMLResponse(html, status, headers)


def refusal(request: Request, error: RequestError) -> Response:
    """An error: JSON for programs, a line for a part of a page, a page for a person."""
    if request.url.path.startswith("/api/") or _wants_json(request):
        content = {"code": error.code, "message": error.problem, "hint": error.hint}
        return JSONResponse({"error": content}, error.status, error.headers)
    template = "trouble.html" if "hx-request" in request.headers else "problem.html"
    return page(request, template, status=error.status, headers=error.headers, error=error)


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept or "event-stream" in accept


def openapi() -> dict[str, Any]:
    """The description of the API."""
    text = files("tushuo.web").joinpath("openapi.json").read_text("utf-8")
    return dict(json.loads(text))


@cache
def _pages() -> Environment:
    environment = Environment(
        loader=PackageLoader("tushuo.web", "pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS | {"for_script": _for_script}
    return environment


def _for_script(content: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    return Markup(json.dumps(content, ensure_ascii=False).replace("<", "\\u003c"))
