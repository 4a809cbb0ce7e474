"""The studio's recorder with a node that a test plays."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.streamlab import GivenStream, info
from tests.lab.studio_app import Client, with_studio
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.link.addresses import Port
from xnornode.studio import node_link, node_threads

WISH = {"label": "wave", "group": "anna", "seconds": 0.4, "pause": 0.0}
"""What a test has recorded."""


class NoFollower:
    """In place of what a node says on its own."""

    def __init__(self, *given: object) -> None:
        pass

    def end(self) -> None:
        pass


def played_node(monkeypatch: pytest.MonkeyPatch, **sensor: Any) -> GivenStream:
    """Have the studio read the stream of a node that the test plays."""
    stream = GivenStream(info(**sensor))
    monkeypatch.setattr(node_threads, "streaming", stream)
    monkeypatch.setattr(node_link, "Follower", NoFollower)
    monkeypatch.setattr(node_threads, "RETRY", 0.05)
    return stream


def with_desk(data: Path, use: Callable[..., Awaitable[None]]) -> None:
    """A studio with a node; `use(client, until)`, which waits for a state."""

    async def whole(client: Client) -> None:
        await client.studio.run(client.studio.link.choose, Port("test"))

        async def until(fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            async with asyncio.timeout(30):
                while not fits(state := (await client.get("/api/record"))["state"]):
                    await asyncio.sleep(0.01)
            return state

        await use(client, until)

    with_studio(data, whole)


def phase(*names: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a state is in one of these phases."""
    return lambda state: state["phase"] in names


def file(path: Path) -> RecordFile:
    """A recording."""
    return from_bytes(path.read_bytes(), str(path))


def leftovers(data: Path) -> list[str]:
    """What is neither a recording in its place nor in the bin."""
    return [p.name for p in data.rglob("*.part")]
