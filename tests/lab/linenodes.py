"""Nodes that speak the true lines over TCP and classify nothing, as many as one likes.

tests/lab/fleetfarm.py runs them in a process of their own.
"""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

from xnornode.link.framing import seal
from xnornode.link.schema import read_json

LABELS = ("rest", "walk", "run")
MODEL = {"name": "watch", "revision": 3, "bytes": 900, "sha256": "ab" * 32, "trial": None}


def line(event: str, **fields: Any) -> bytes:
    """A line of a node."""
    text = json.dumps({"event": event, **fields}, separators=(",", ":"))
    return seal(text[:-1].encode())


class LineNode:
    """One node. `heard` has the lines that came, `made` counts its predictions.

    device, name: as in `hello`; None: an old library, which does not say them. deaf: it takes no
    commands.
    """

    def __init__(self, device: str | None = None, name: str | None = None) -> None:
        self.device, self.name = device, name
        self.deaf = self.slow = False
        self.heard: list[bytes] = []
        self.session, self.seq, self.made = secrets.token_hex(4), 0, 0
        self.began = time.monotonic()
        self.port = 0
        self.opened = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What a PC opens."""
        return f"socket://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        """Begin."""
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.opened += 1
        with suppress(OSError, ValueError):
            while text := await reader.readline():
                for each in text.replace(b"\r", b"\n").split(b"\n"):
                    if each:
                        self.heard.append(each)
                        if not self.deaf:
                            self._answer(each)
                while self.slow:
                    await asyncio.sleep(0.01)
        if writer in self._writers:
            self._writers.remove(writer)
        writer.close()

    def _answer(self, text: bytes) -> None:
        try:
            asked = read_json(text)
        except ValueError:  # a chunk
            return
        if not isinstance(asked, dict):
            return
        number = asked.get("id")
        match asked.get("cmd"):
            case "hello":
                self.write(line("hello", id=number, **self.facts()))
            case "list":
                self.write(line("reply", id=number, active=MODEL, previous=None, part=[]))
            case _:
                self.write(line("reply", id=number, error="unknown"))

    def facts(self) -> dict[str, Any]:
        """What `hello` says."""
        who = {"device": self.device, "name": self.name}
        return {
            **{key: value for key, value in who.items() if value is not None},
            **{"protocol": 1, "session": self.session, "library": "0.2.0", "bnn": "0.2.0"},
            **{"format": 4, "firmware": "1.25.0", "machine": "a simulated node", "frame": 1040},
            **{"window": 4, "flash": 100000, "ram": 100000, "model": MODEL, "channels": None},
            **{"running": True, "signed": False},
        }

    def write(self, data: bytes) -> None:
        """To all that are connected."""
        for writer in self._writers:
            writer.write(data)

    def predict(self) -> None:
        """Classify a window."""
        if self._writers:
            self.write(self.prediction())
            self.made += 1

    def prediction(self) -> bytes:
        """The next prediction."""
        index = self.seq % 3
        fields = {"seq": self.seq, "ms": int(1000 * (time.monotonic() - self.began))}
        self.seq += 1
        return line(
            "prediction",
            **fields,
            label=LABELS[index],
            index=index,
            scores=[9 if index == i else -9 for i in range(3)],
            us=900,
            answer=LABELS[index],
            confidence=900,
        )

    def ready(self) -> bytes:
        """A model is loaded."""
        return line(
            "ready",
            session=self.session,
            seq=self.seq,
            **{"bnn": "0.2.0", "firmware": "1.25.0", "machine": "a simulated node"},
            **{"model": "watch", "revision": 3, "model_crc": "0" * 8, "bytes": 900},
            labels=LABELS,
            ram=900,
            note="",
        )

    def restart(self) -> None:
        """Its program begins again."""
        self.session, self.seq, self.began = secrets.token_hex(4), 0, time.monotonic()
        self.write(self.ready())

    def unplug(self) -> None:
        """Break its connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


class Predicts(Protocol):
    """A node that can be told to classify a window."""

    def predict(self) -> None:
        """Do it now."""


class LineNodes:
    """Nodes in a thread of their own. A context manager; `do` does something in that thread.

    rate: predictions in a second of each, from the start on; 0: none until `begin`.
    """

    def __init__(self, nodes: list[LineNode], rate: float = 0.0) -> None:
        self.nodes, self.rate = nodes, rate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "LineNodes":
        self._thread.start()
        self.wait(self._listen())
        return self

    async def _listen(self) -> None:
        for node in self.nodes:
            await node.listen()
        if self.rate:
            self.begin(self.nodes, self.rate)

    def begin(self, nodes: Sequence[Predicts], rate: float) -> None:
        """Have nodes predict so often in a second each. In the thread of `do`."""
        self._task = asyncio.ensure_future(self._predict(nodes, rate))

    def stop(self) -> None:
        """Predict no more; in the thread of `do`."""
        self._task.cancel()

    @staticmethod
    async def _predict(nodes: Sequence[Predicts], rate: float) -> None:
        """Each at its own moment within its time."""
        due = [time.monotonic() + i / len(nodes) / rate for i in range(len(nodes))]
        while True:
            for number, node in enumerate(nodes):
                while (pause := due[number] - time.monotonic()) > 0:
                    await asyncio.sleep(pause)
                node.predict()
                due[number] += 1 / rate
                if not number % 50:
                    await asyncio.sleep(0)

    def wait(self, what: Any) -> Any:
        """Have a coroutine run."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    def do(self, what: Callable[[], Any]) -> Any:
        """Have a function called there."""
        done: Future[Any] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(what()))
        return done.result(60)

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        async def end() -> None:
            for node in self.nodes:
                node.unplug()
                if node.server:
                    node.server.close()

        self.wait(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
