"""What the server gives to a page, and what it takes from one."""

import re

import aiohttp
import pytest

from tests.lab.studio_app import Client, with_studio
from xnornode.studio.assets import WEB
from xnornode.studio.security import Guard

pytestmark = pytest.mark.quick


def test_pages_take_nothing_from_outside():
    for path in [*WEB.rglob("*.js"), *WEB.rglob("*.css"), *WEB.rglob("*.html")]:
        if "vendor" in path.parts:
            continue
        text = path.read_text()
        assert not re.search(r"(src|href|from|import|url\()\s*=?\s*[\"'(]?(https?:)?//", text), path
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text
        ), path
        assert path.suffix != ".html" or not re.search(
            r"<script(?![^>]*\bsrc=)|\son\w+=|style=", text
        )


def test_names_of_a_network():
    guard = Guard(("lab.local",), open=True)
    guard.port = 80
    assert guard._host_fits("lab.local") and guard._host_fits("10.0.0.7:80")
    assert not guard._host_fits("evil.example") and not guard._host_fits("lab.local:81")
    assert guard._host_fits("[fe80::1]:80")


def test_a_page_that_sends_nonsense_is_let_go(tmp_path):
    async def use(client: Client) -> None:
        for nonsense in ("", "{", "[1]", '{"topics": 3}', '{"topics": null}', "[" * 20_000):
            headers = {"Origin": client.origin}
            async with client.session.ws_connect(f"{client.origin}/ws", headers=headers) as ws:
                await ws.send_str(nonsense)
                assert (await ws.receive(timeout=10)).type in (
                    aiohttp.WSMsgType.CLOSE,
                    aiohttp.WSMsgType.CLOSED,
                )
        async with client.topics("node") as message:
            assert (await message())["state"]["port"] is None

    with_studio(tmp_path, use)


def test_each_answer_forbids_what_is_not_ours(tmp_path):
    async def use(client: Client) -> None:
        for path in ("/", "/api/about", "/web/main.js", "/nothing"):
            async with client.session.get(client.origin + path) as response:
                assert "default-src 'self'" in response.headers["Content-Security-Policy"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    with_studio(tmp_path, use)
