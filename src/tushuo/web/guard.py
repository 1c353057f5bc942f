"""Who may ask, and what a browser may do with the answers: checked before anything else.

Against DNS rebinding the Host header must name this server; against forged requests from other
sites, those that change something must come from its own pages; any address but this machine's own
needs the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tushuo.web.answers import refusal
from tushuo.web.problems import RequestError

__all__ = ["Access", "Guard", "is_loopback"]

_SAFE = {"GET", "HEAD", "OPTIONS"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Access:
    """By which names a server is reached, and with what token.

    Attributes:
        host: The address that it listens on.
        token: What visitors must know; None for none.
        names: Further names by which it may be called.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def at(cls, host: str, names: Iterable[str] = ()) -> Access:
        """Access to a server that listens on a host: with a new token if others can reach it."""
        token = None if is_loopback(host) else secrets.token_urlsafe(32)
        return cls(host, token, frozenset(name.lower() for name in names))

    def serves(self, name: str) -> bool:
        """Whether the server goes by a name.

        A rebound name is a name: a number cannot be made to point elsewhere.
        """
        if is_loopback(name) or name in self.names or name == self.host.lower():
            return True
        return not is_loopback(self.host) and _number(name) is not None

    def knows(self, given: str) -> bool:
        """Whether this is the token."""
        return self.token is None or hmac.compare_digest(given.encode(), self.token.encode())


class Guard:
    """Lets requests through that may pass, and adds headers to all answers.

    Args:
        app: What answers them.
        access: Who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer(Request(scope)) or self._app
            await answer(scope, receive, _with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        """What to answer at once; None if the request may pass."""
        try:
            self._check_host(request)
            _check_origin(request)
            if self._access.token is None or request.scope["path"].startswith("/static/"):
                return None
            if "token" in request.query_params:
                return self._entered(request)
            self._check_token(request)
        except RequestError as error:
            return refusal(request, error)
        return None

    def _check_host(self, request: Request) -> None:
        hosts = request.headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not self._access.serves(name):
            raise RequestError(
                403,
                "host",
                f"this server does not go by the name {' '.join(hosts)!r:.100}",
                hint="open it by the address that tushuo serve printed",
            )

    def _check_token(self, request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = (
            bearer.strip() if scheme.lower() == "bearer" else request.cookies.get(_cookie(request))
        )
        if not given or not self._access.knows(given):
            raise RequestError(
                401,
                "token",
                "this server asks for its token",
                hint="open the address that tushuo serve printed, or send it as a bearer token",
                headers={"WWW-Authenticate": 'Bearer realm="tushuo"'},
            )

    def _entered(self, request: Request) -> Response:
        """The token in the address becomes a cookie, and leaves the address."""
        given = request.query_params["token"]
        if request.method != "GET" or not self._access.knows(given):
            raise RequestError(401, "token", "this is not the token of this server")
        rest = request.url.remove_query_params("token")
        answer = RedirectResponse(f"{rest.path}?{rest.query}".rstrip("?"), 303)
        answer.set_cookie(
            _cookie(request),
            given,
            max_age=_YEAR,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own, not to be reached from others."""
    number = _number(name)
    return name.lower() == "localhost" if number is None else number.is_loopback


def _check_origin(request: Request) -> None:
    """Whether the request comes from this server's own pages, or from no page at all."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if request.method in _SAFE:
        mode = request.headers.get("sec-fetch-mode")
        foreign = site in ("cross-site", "same-site") and mode != "navigate"
    elif origin is not None:
        foreign = urlsplit(origin).netloc.lower() != request.headers["host"].lower()
    else:
        foreign = site not in (None, "same-origin", "none")
    if foreign:
        raise RequestError(
            403,
            "origin",
            f"the request comes from another site, {origin or site!r:.100}",
            hint="use this server's own pages, or a program that sends no Origin header",
        )


def _host_name(host: str) -> str | None:
    """The name in a Host header, in small letters; None if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None


def _cookie(request: Request) -> str:
    """Cookies are shared by all ports of a host, so each has a name of its own."""
    return f"tushuo-{request.url.port or 0}"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
