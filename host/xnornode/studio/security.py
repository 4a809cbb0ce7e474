"""Who may talk to the studio: pages that it served itself, to whoever has its address.

A page of another origin can send requests to this computer. It has no token, cannot read the
cookie, and its Origin is another one. A name that is made to lead to 127.0.0.1 is a wrong Host.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' "
    "blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FRAMED = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Of a report, which is a whole page of its own without scripts."""
SAFE = ("GET", "HEAD")
REFUSED = "open the address that `xnornode studio` has printed: this one lacks its token\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Checks each request. `check` is a middleware of aiohttp.

    Parameters
    ----------
    names : sequence of str
        Hosts, without a port, by which the studio may be called, beside this computer's own.
    open : bool, default False
        Whether it listens to a network, where any IP address may be this computer's.
    """

    def __init__(self, names: tuple[str, ...] = (), open: bool = False) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._names = {"localhost", "127.0.0.1", "::1", *(name.lower() for name in names)}
        self._open = open
        if open:
            self._names |= {socket.gethostname().lower()}

    @property
    def cookie(self) -> str:
        """Its name. Cookies are shared by all ports of a host."""
        return f"xnornode-{self.port}"

    def _host_fits(self, host: str) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or "]" in port:
            name, port = host, "80"
        name = name.strip("[]").lower()
        if port != str(self.port):
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)  # no name leads here against our will, if it is none
        except ValueError:
            return False
        return self._open

    def _origin_fits(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if origin is None:
            plain = request.method in SAFE and "Upgrade" not in request.headers
            return plain and site in ("same-origin", "none")
        return origin == f"http://{request.headers.get('Host')}" and site == "same-origin"

    def _known(self, request: web.Request) -> bool:
        given = request.cookies.get(self.cookie, "")
        return hmac.compare_digest(given.encode(), self.token.encode())

    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hand a request on, or refuse it."""
        if not self._host_fits(request.headers.get("Host", "")):
            raise _refusal("this address is not the studio's\n")
        if request.path == "/" and request.method == "GET" and "token" in request.query:
            return self._enter(request)
        if not self._origin_fits(request):
            raise _refusal("this request comes from another page\n")
        if not self._known(request):
            raise _refusal(REFUSED)
        return await handler(request)

    def _enter(self, request: web.Request) -> web.Response:
        """The token is taken from the address, where a history or a screen would show it."""
        if not hmac.compare_digest(request.query["token"].encode(), self.token.encode()):
            raise _refusal(REFUSED)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict", path="/")
        return response


def _refusal(text: str) -> web.HTTPForbidden:
    return web.HTTPForbidden(text=text)
