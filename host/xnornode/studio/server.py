"""The studio's server: its own files, the parts' routes, and a WebSocket for what happens."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web

from xnornode import __version__
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.ports import VARIABLE, find_port
from xnornode.link.schema import printable
from xnornode.studio.app import STUDIO, Studio
from xnornode.studio.assets import WEB, vendor
from xnornode.studio.bus import Page
from xnornode.studio.requests import LONGEST_BODY, answer
from xnornode.studio.security import HEADERS, Guard, Handler

LONGEST_MESSAGE = 1 << 16
"""Bytes of what a page sends over its WebSocket."""
PAGES = 32
"""Pages that are open at most."""
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])
PING = 20.0
"""Seconds from one look whether a page is still there to the next."""


def make_app(studio: Studio, guard: Guard) -> web.Application:
    """The application of aiohttp; `guard` checks each request."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.check(request, _told(handler))

    app = web.Application(middlewares=[checked], client_max_size=LONGEST_BODY)
    app[STUDIO] = studio
    app[SOCKETS] = set()
    app.add_routes(
        [
            web.get("/", _index),
            web.get("/ws", _page),
            web.get("/api/about", _about),
            *studio.routes(),
            web.static("/web", WEB),
            web.static("/vendor", vendor()),
        ]
    )
    app.cleanup_ctx.append(_life)
    app.on_shutdown.append(_send_away)
    app.on_response_prepare.append(_forbid)
    return app


def _told(handler: Handler) -> Handler:
    """A handler whose errors of the user's making become answers."""

    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except XnorNodeError as error:
            return answer({"error": str(error)}, 400)
        except MemoryError:
            return answer({"error": "this computer's memory is too small for that"}, 400)
        except OSError as error:
            what = error.strerror or str(error)
            where = f"{error.filename}: " if error.filename else ""
            return answer({"error": f"{where}{what}"}, 400)
        except web.HTTPException:
            raise
        except Exception as error:  # a fault of ours: the page gets words, the terminal its place
            return answer({"error": _logged(request, error)}, 500)

    return told


def _logged(request: web.Request, error: Exception) -> str:
    """What a page is told of an error that should not be; a line on stderr says more."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = printable(f"{type(error).__name__}: {error}"[:500])
    asked = printable(f"{request.method} {request.path}"[:200])
    where = f"{Path(place.filename).name}:{place.lineno}"
    print(f"xnornode studio: {asked}: {what} ({where})", file=sys.stderr)
    return f"the studio has failed at this: {what}; please report it"


async def _life(app: web.Application) -> AsyncIterator[None]:
    studio = app[STUDIO]
    port = studio.named_port
    if port is None and os.environ.get(VARIABLE):
        with suppress(LinkError):  # it can be no port: the page asks
            port = find_port(None)
    if port:  # else what is plugged in is looked at (nodes_ports.PortWatch)
        await studio.run(studio.link.choose, port)
    yield
    await asyncio.get_running_loop().run_in_executor(None, studio.close)


async def _forbid(request: web.Request, response: web.StreamResponse) -> None:
    """Have no answer used for anything but our own pages; also those that refuse something."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


async def _send_away(app: web.Application) -> None:
    for page in [*app[SOCKETS]]:
        await page.close(code=WSCloseCode.GOING_AWAY)


async def _index(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(WEB / "index.html", headers={"Cache-Control": "no-store"})


async def _about(request: web.Request) -> web.Response:
    studio = request.app[STUDIO]
    data = str(studio.data.absolute())
    return answer({"version": __version__, "data": data, "node": studio.link.state()})


async def _page(request: web.Request) -> web.WebSocketResponse:
    """Gives a page the topics that it asks for by `{"topics": [...]}`."""
    studio = request.app[STUDIO]
    ws = web.WebSocketResponse(heartbeat=PING, max_msg_size=LONGEST_MESSAGE)
    await ws.prepare(request)
    sockets = request.app[SOCKETS]
    if len(sockets) >= PAGES:
        await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many pages are open")
        return ws
    page = Page()
    sockets.add(ws)
    studio.bus.add(page)
    sender = asyncio.create_task(_send(ws, page))
    try:
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            try:
                topics = json.loads(message.data)["topics"]
                wanted = {str(topic)[:80] for topic in topics[:32]}
            except (ValueError, KeyError, TypeError, RecursionError):
                break
            await studio.run(studio.bus.subscribe, page, wanted)
    finally:
        sender.cancel()
        sockets.discard(ws)
        await studio.run(studio.bus.remove, page)
    return ws


async def _send(ws: web.WebSocketResponse, page: Page) -> None:
    with suppress(ConnectionError):
        while True:
            await ws.send_str(await page.get())


async def serve(
    studio: Studio, guard: Guard, listener: socket.socket, opened: Callable[[], None]
) -> None:
    """Serve until it is cancelled.

    Parameters
    ----------
    studio : Studio
        What is served.
    guard : Guard
        It learns the port here.
    listener : socket.socket
        Where pages connect.
    opened : callable
        Called once pages can be opened.
    """
    guard.port = listener.getsockname()[1]
    runner = web.AppRunner(make_app(studio, guard), shutdown_timeout=2.0, access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        opened()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
