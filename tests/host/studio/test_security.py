"""Nobody but the studio's own pages may use it."""

import asyncio
import re

import aiohttp
import pytest

from tests.lab.studio_app import Client, with_studio
from xnornode.studio.security import Guard
from xnornode.studio.server import WEB

pytestmark = pytest.mark.quick


def test_a_page_of_its_own_may(tmp_path):
    async def use(client: Client) -> None:
        status, body = await client.raw("GET", "/", headers={"Origin": None})
        assert status == 200 and b"XnorNode studio" in body
        assert (await client.get("/api/about"))["node"]["port"] is None

    with_studio(tmp_path, use)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},  # another origin than the request's host
        {"Origin": None, "Sec-Fetch-Site": "cross-site"},
        {"Origin": None, "Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example:{port}"},  # a name that was made to lead here
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1:1"},
        {"Host": "10.1.2.3:{port}"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/about", "/web/main.js"])
def test_another_origin_or_host_is_refused(tmp_path, headers, path):
    async def use(client: Client) -> None:
        sent = {n: v and v.format(port=client.guard.port) for n, v in headers.items()}
        assert (await client.raw("GET", path, headers=sent))[0] == 403

    with_studio(tmp_path, use)


def test_what_changes_something_needs_an_origin(tmp_path):
    async def use(client: Client) -> None:
        for path in ("/api/about", "/api/jobs/1/stop"):
            assert (await client.raw("POST", path, headers={"Origin": None}, json={}))[0] == 403

    with_studio(tmp_path, use)


def test_without_the_token_nothing_is_given(tmp_path):
    async def use(client: Client) -> None:
        wrong = {client.guard.cookie: client.guard.token[:-1]}
        for cookies in ({}, wrong, {"xnornode-1": client.guard.token}):
            async with aiohttp.ClientSession(cookies=cookies) as stranger:
                for path in ("/", "/api/about", "/web/main.js", "/vendor/uplot/uPlot.esm.js"):
                    async with stranger.get(client.origin + path) as response:
                        assert response.status == 403
                        assert client.guard.token not in await response.text()
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    await stranger.ws_connect(
                        f"{client.origin}/ws", headers={"Origin": client.origin}
                    )
        assert (await client.raw("GET", "/?token=guess", headers={"Origin": None}))[0] == 403

    with_studio(tmp_path, use)


def test_a_socket_of_another_origin_is_refused(tmp_path):
    async def use(client: Client) -> None:
        for origin in ("http://evil.example", "null"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.session.ws_connect(f"{client.origin}/ws", headers={"Origin": origin})
            assert refused.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.session.ws_connect(f"{client.origin}/ws")

    with_studio(tmp_path, use)


def test_the_token_does_not_stay_in_the_address(tmp_path):
    async def use(client: Client) -> None:
        async with client.session.get(
            f"{client.origin}/?token={client.guard.token}", allow_redirects=False
        ) as response:
            assert response.headers["Location"] == "/"
            cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie

    with_studio(tmp_path, use)


def test_each_answer_forbids_what_is_not_ours(tmp_path):
    async def use(client: Client) -> None:
        for path in ("/", "/api/about", "/web/main.js", "/nothing"):
            async with client.session.get(client.origin + path) as response:
                assert "default-src 'self'" in response.headers["Content-Security-Policy"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    with_studio(tmp_path, use)


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
        await asyncio.sleep(0)

    with_studio(tmp_path, use)
