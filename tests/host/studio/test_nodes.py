"""The page Node: what is plugged in, what is chosen, and what is on a port without a node."""

import asyncio
import socket

import pytest

from tests.lab.studio_app import Client, with_studio
from tests.lab.studio_ports import names, until, usb
from tests.lab.talkers import talking_terminal
from xnornode.board.look import AtPrompt, Look
from xnornode.studio import nodes_look
from xnornode.studio.settings import Settings

pytestmark = pytest.mark.quick


def test_what_is_plugged_in_comes_and_goes(tmp_path, plugged):
    plugged += [usb("/dev/ttyS0", None), usb("/dev/ttyUSB7", 0x1234, manufacturer="Acme")]

    async def use(client: Client) -> None:
        async with client.topics("nodes") as message:
            first = await until(message, lambda m: m["ports"])
            assert names(first) == ["/dev/ttyUSB7"]
            assert first["ports"][0]["what"] == "Acme" and not first["ports"][0]["board"]
            plugged.append(usb("/dev/ttyACM3", product="Board in FS mode", serial_number="e6"))
            both = await until(message, lambda m: len(m["ports"]) == 2)
            pico = both["ports"][0]
            assert pico["what"] == "Raspberry Pi, Board in FS mode" and pico["serial"] == "e6"
            assert pico["chosen"], "the only board is followed"
            plugged.clear()
            gone = await until(message, lambda m: not any(p["there"] for p in m["ports"]))
            assert names(gone) == ["/dev/ttyACM3"] and gone["ports"][0]["chosen"]

    with_studio(tmp_path / "data", use)


def test_of_two_boards_none_is_taken_unasked(tmp_path, plugged):
    plugged += [usb("/dev/ttyACM3"), usb("/dev/ttyACM4")]

    async def use(client: Client) -> None:
        await asyncio.sleep(0.3)
        assert not any(p["chosen"] for p in (await client.get("/api/node"))["ports"])

    with_studio(tmp_path / "data", use)


@pytest.mark.parametrize("vid", [0x10C4, 0x1A86, 0x0403])
def test_a_serial_chip_is_taken_by_a_person_alone_and_again_the_next_time(tmp_path, plugged, vid):
    """It may be that of a printer, which starts again when its port is opened."""
    plugged.append(usb("/dev/ttyUSB7", vid))

    async def choose(client: Client) -> None:
        await asyncio.sleep(0.3)
        (port,) = (await client.get("/api/node"))["ports"]
        assert port["board"] and not port["chosen"] and client.studio.link.port is None
        await client.post("/api/node/choose", {"port": "/dev/ttyUSB7"})

    async def again(client: Client) -> None:
        assert [p["chosen"] for p in (await client.get("/api/node"))["ports"]] == [True]

    with_studio(tmp_path / "data", choose)
    with_studio(tmp_path / "data", again)


def test_a_board_is_taken_though_a_serial_chip_is_there(tmp_path, plugged):
    plugged += [usb("/dev/ttyACM3"), usb("/dev/ttyUSB7", 0x1A86)]

    async def use(client: Client) -> None:
        async with client.topics("nodes") as message:
            found = await until(message, lambda m: any(p["chosen"] for p in m["ports"]))
            assert [p["chosen"] for p in found["ports"]] == [True, False]

    with_studio(tmp_path / "data", use)


def test_the_choice_is_remembered_and_what_was_typed_can_be_forgotten(tmp_path, plugged):
    plugged += [usb("/dev/ttyACM3"), usb("/dev/ttyACM4")]
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"socket://127.0.0.1:{listener.getsockname()[1]}"

    async def choose(client: Client) -> None:
        body = {"port": url, "baud": 9600, "lines": "none"}
        assert await client.post("/api/node/choose", body) == {"port": url}
        async with client.topics("node") as message:
            await until(message, lambda m: m["state"]["connected"])
        await asyncio.sleep(0.3)
        await client.post("/api/node/choose", {"port": "/dev/ttyACM4", "lines": "dtr"})

    async def look(client: Client) -> None:
        ports = (await client.get("/api/node"))["ports"]
        assert [p["name"] for p in ports] == ["/dev/ttyACM3", "/dev/ttyACM4", url]
        assert [p["chosen"] for p in ports] == [False, True, False]
        assert client.studio.link.port is not None and client.studio.link.port.lines == "dtr"
        await client.post("/api/node/forget", {"port": url})
        assert url not in names(await client.get("/api/node"))
        await client.post("/api/node/choose", {"port": None})
        await asyncio.sleep(0.3)
        assert not any(p["chosen"] for p in (await client.get("/api/node"))["ports"])

    with listener:
        with_studio(tmp_path / "data", choose)
    with_studio(tmp_path / "data", look)


@pytest.mark.parametrize("name", ["socket://127.0.0.1:9", "../../etc", "\N{HEDGEHOG}"])
def test_a_port_that_never_opened_is_not_kept(tmp_path, plugged, name):
    async def slip(client: Client) -> None:
        await client.post("/api/node/choose", {"port": name})
        async with client.topics("node") as message:
            await until(message, lambda m: m["state"]["problem"])
        rows = (await client.get("/api/node"))["ports"]
        assert [(row["chosen"], row["opened"]) for row in rows] == [(True, False)]
        await client.post("/api/node/choose", {"port": None})
        assert not names(await client.get("/api/node"))

    async def look(client: Client) -> None:
        assert client.studio.link.port is None and not names(await client.get("/api/node"))

    with_studio(tmp_path / "data", slip)
    with_studio(tmp_path / "data", look)


def test_a_board_that_was_chosen_comes_back_as_the_choice(tmp_path, plugged):
    plugged += [usb("/dev/ttyACM3"), usb("/dev/ttyACM4")]

    async def choose(client: Client) -> None:
        await client.post("/api/node/choose", {"port": "/dev/ttyACM4"})

    async def come(client: Client) -> None:
        async with client.topics("nodes") as message:
            plugged.extend([usb("/dev/ttyACM3"), usb("/dev/ttyACM4")])
            found = await until(message, lambda m: len(m["ports"]) == 2)
            assert [p["chosen"] for p in found["ports"]] == [False, True]

    with_studio(tmp_path / "data", choose)
    plugged.clear()
    with_studio(tmp_path / "data", come)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("socket://node", "names no TCP port"),
        ("127.0.0.1:5000", "is socket://127.0.0.1:5000 meant?"),
        ("--help", "no name of a port"),
        ("x" * 400, "no name of a port"),
        ("", "empty"),
    ],
)
def test_a_port_that_cannot_be_is_refused(tmp_path, plugged, name, words):
    async def use(client: Client) -> None:
        assert words in await client.refused("/api/node/choose", {"port": name})
        assert client.studio.link.port is None

    with_studio(tmp_path / "data", use)


def test_settings_that_are_damaged_are_no_settings(tmp_path, plugged):
    for nonsense in ("", "[", "[1]", '{"port": 3, "ports": "x"}', '{"ports": [1, null]}'):
        (tmp_path / "settings.json").write_text(nonsense)
        assert Settings(tmp_path).get("ports", []) in ([], [1, None])
        assert Settings(tmp_path).get("port", {}) == {}
        data = tmp_path / "data"
        (data / ".studio").mkdir(parents=True, exist_ok=True)
        (data / ".studio" / "settings.json").write_text(nonsense)

        async def use(client: Client) -> None:
            assert names(await client.get("/api/node")) == []

        with_studio(data, use)


def test_a_port_without_a_hello_is_looked_at_once(tmp_path, plugged, monkeypatch):
    looks: list[str] = []

    def look(url: str) -> Look:
        looks.append(url)
        return Look("prompt", AtPrompt("Raspberry Pi Pico with RP2040", "1.25.0", True, False))

    monkeypatch.setattr(nodes_look, "look", look)
    monkeypatch.setattr(nodes_look, "PATIENCE", 0.2)
    with talking_terminal(b"temperature 21.5\r\n", 0.2) as terminal:
        plugged.append(usb(terminal))

        async def use(client: Client) -> None:
            async with client.topics("nodes") as message:
                found = (await until(message, lambda m: m["look"]))["look"]
                assert found["port"] == terminal and found["board"]["library"] is False
                await asyncio.sleep(1.0)
                assert looks == [terminal]
                plugged.clear()
                await until(message, lambda m: m["look"] is None)

        with_studio(tmp_path / "data", use)
