"""The studio's application in a test's own process: requests as a page of its own makes them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from xnornode.cli import option_forms
from xnornode.studio.app import Studio
from xnornode.studio.security import Guard
from xnornode.studio.server import serve


class Client:
    """A page's requests, with its cookie and origin."""

    def __init__(self, session: aiohttp.ClientSession, studio: Studio, guard: Guard) -> None:
        self.session, self.studio, self.guard = session, studio, guard
        self.origin = f"http://127.0.0.1:{guard.port}"

    async def raw(self, method: str, path: str, **given: Any) -> tuple[int, bytes]:
        """The status and the body."""
        headers = {"Origin": self.origin} | given.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        async with self.session.request(
            method, self.origin + path, headers=headers, allow_redirects=False, **given
        ) as response:
            return response.status, await response.read()

    async def get(self, path: str) -> Any:
        """What it answers; the error's text raises AssertionError."""
        return await self._json("GET", path)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What it answers; the error's text raises AssertionError."""
        return await self._json("POST", path, json=body or {})

    async def refused(self, path: str, body: dict[str, Any] | None = None) -> str:
        """The error that a POST, or without a body a GET, is answered with."""
        given = {"json": body} if body is not None else {}
        method = "POST" if body is not None else "GET"
        async with self.session.request(
            method, self.origin + path, headers={"Origin": self.origin}, **given
        ) as response:
            assert response.status == 400, (response.status, await response.text())
            return str((await response.json())["error"])

    async def _json(self, method: str, path: str, **given: Any) -> Any:
        async with self.session.request(
            method, self.origin + path, headers={"Origin": self.origin}, **given
        ) as response:
            text = await response.text()
            assert response.status == 200, (response.status, text)
            return await response.json()

    @asynccontextmanager
    async def topics(self, *names: str) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
        """Subscribe to topics; gives what waits for the next message."""
        async with self.session.ws_connect(
            f"{self.origin}/ws", headers={"Origin": self.origin}
        ) as ws:
            await ws.send_json({"topics": list(names)})
            yield lambda: ws.receive_json(timeout=20.0)


def with_studio(data: Path, use: Callable[[Client], Awaitable[None]]) -> None:
    """Run a studio on a folder, and a test with a client of it."""

    async def whole() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            studio = Studio(data, None, option_forms.describe, option_forms.check)
            guard = Guard()
            opened = asyncio.Event()
            task = asyncio.create_task(serve(studio, guard, listener, opened.set))
            await asyncio.wait(
                {task, asyncio.create_task(opened.wait())}, return_when="FIRST_COMPLETED"
            )
            if task.done():
                task.result()
            jar = aiohttp.CookieJar(unsafe=True)  # of an IP address
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                client = Client(session, studio, guard)
                await client.raw("GET", f"/?token={guard.token}", headers={"Origin": None})
                try:
                    await use(client)
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)

    asyncio.run(whole())
