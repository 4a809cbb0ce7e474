"""The page Live: what is kept of a node's samples, what becomes a recording, and what is told."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.lab.recordlab import expected
from tests.lab.studio_app import Client, with_studio
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.errors import XnorNodeError
from xnornode.link.addresses import Port
from xnornode.link.messages import Models, NodeModel, Streaming
from xnornode.link.recording import Block
from xnornode.studio import live
from xnornode.studio.app import Studio
from xnornode.studio.live_ring import SECONDS, Ring

pytestmark = pytest.mark.quick

INFO = Streaming(1, "s", ("x (g)", "y (g)"), (1, 1), 100_000, "ab", 0, None, True, 32767)
PLACE = {"label": "wave", "group": "anna"}


def blocks(first: int, count: int, size: int = 10, base: int = 0) -> list[Block]:
    """Blocks of a stream: value n + 1000 c of sample n; `taken` counts from `base`."""
    return [
        Block(expected(n, size), False, 0, n + size - base, 10 * (n + size - base))
        for n in range(first, first + count * size, size)
    ]


def filled(*given: Block, info: Streaming = INFO) -> Ring:
    ring = Ring()
    for block in given:
        ring.add(info, block, 1e9)
    return ring


def samples_of(take: Any) -> np.ndarray:
    return take.file("n", "l").recording.samples


class TestRing:
    def test_the_last_seconds(self):
        ring = filled(*blocks(0, 30))
        take = ring.take(1.05)
        assert np.array_equal(samples_of(take), expected(195, 105))
        assert take.done and take.file("n", "l").breaks == ()

    def test_it_has_a_minute(self):
        ring = filled(*blocks(0, 1000))
        assert SECONDS <= ring.seconds < SECONDS + 0.1
        assert np.array_equal(samples_of(ring.take(60)), expected(4000, 6000))

    def test_less_than_was_wanted(self):
        take = filled(*blocks(0, 3)).take(5)
        assert take.seconds == 0.3 and take.done and len(samples_of(take)) == 30

    @pytest.mark.parametrize("until", [150, 155])
    def test_up_to_a_sample(self, until):
        ring = filled(*blocks(0, 30))
        take = ring.take(0.5, ring.stream, until)
        assert np.array_equal(samples_of(take), expected(until - 50, 50))

    def test_a_gap_stays_one(self):
        before, after = blocks(0, 5), blocks(90, 5)
        after[0] = replace(after[0], broken=True, lost=40)
        file = filled(*before, *after).take(1).file("n", "l")
        assert (file.breaks, file.lost) == ((50,), 40)
        assert np.array_equal(
            file.recording.samples, np.concatenate([expected(0, 50), expected(90, 50)])
        )

    def test_streams_are_no_neighbours(self):
        """A stream that broke off, and one that begins to count again, without a word."""
        ring = filled(*blocks(0, 3))
        first = ring.stream
        ring.cut()
        for block in blocks(30, 2):
            ring.add(INFO, block, 1e9)
        for block in blocks(1000, 2, base=1000):
            ring.add(INFO, block, 1e9)
        assert ring.stream == first + 2
        assert ring.take(9).file("n", "l").breaks == (30, 50)
        assert samples_of(ring.take(0.2, first, 25)).tolist() == expected(5, 20).tolist()

    def test_samples_that_are_gone(self):
        ring = filled(*blocks(0, 1000))
        for stream, until in ((ring.stream, 10), (ring.stream + 1, 10), (0, 9000)):
            with pytest.raises(XnorNodeError, match="these samples are gone"):
                ring.take(1, stream, until)

    def test_another_sensor(self):
        ring = filled(*blocks(0, 3))
        ring.add(replace(INFO, scales=(2, 2)), blocks(0, 1)[0], 1e9)
        assert len(samples_of(ring.take(9))) == 10

    def test_nothing(self):
        with pytest.raises(XnorNodeError, match="no samples of the node have come yet"):
            Ring().take(1)


class Source:
    """Stands in for the sampler of the node's link."""

    def __init__(self, studio: Studio, state: dict[str, Any] | None = None) -> None:
        self.listening, self.state = 0, {"hello": {"running": True}} if state is None else state
        studio.link.listen = self.listen
        studio.link.port = Port("/dev/none")
        studio.link.state = lambda: self.state

    def listen(self, listener: Any, heard: Any = None) -> Any:
        self.listening += 1
        self.give = listener

        def end() -> None:
            self.listening -= 1

        return end


async def until(done: Any) -> None:
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.01)


def kept_file(data: Any, key: str) -> RecordFile:
    return from_bytes((data / key).read_bytes(), key)


def test_what_was_wrong_becomes_a_recording(tmp_path):
    """With the right label, of the samples up to where the page says."""

    async def use(client: Client) -> None:
        source = Source(client.studio)
        data = client.studio.data
        assert "nothing to keep" in await client.refused(
            "/api/live/keep", {**PLACE, "seconds": 1.0}
        )
        async with client.topics("live") as message:
            await until(lambda: source.listening)
            for block in blocks(0, 30):
                source.give(INFO, block)
            got = [await message() for _ in range(30)]
            assert (got[4]["taken"], got[4]["ms"], got[4]["rate"]) == (50, 500, 100)
            at = {"stream": got[9]["stream"], "until": got[9]["taken"]}
            made = await client.post("/api/live/keep", {**PLACE, "seconds": 0.5, **at})
            assert made["path"] == "wave/anna/1.rec" and made["seconds"] == 0.5
            file = kept_file(data, made["path"])
            assert np.array_equal(file.recording.samples, expected(50, 50))
            assert (file.recording.label, file.recording.group) == ("wave", "anna")
            assert (file.sensor, file.device, file.rate_mhz) == ("s", "ab", 100_000)
            made = await client.post("/api/live/keep", {**PLACE, "seconds": 60})
            assert made["path"] == "wave/anna/2.rec" and made["seconds"] == 3.0
            names = await client.get("/api/live/names")
            assert (names["labels"], names["groups"]) == (["wave"], ["anna"])
        await until(lambda: not source.listening)
        await client.refused("/api/live/keep", {**PLACE, "seconds": 1.0})  # nobody looks

    with_studio(tmp_path / "data", use)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"label": " "}, "the label is empty"),
        ({"label": "a/b"}, "the label 'a/b' has '/'"),
        ({"group": ".."}, "begins with a dot"),
        ({"seconds": 0.0}, "keep 0.05 to 60 seconds"),
        ({"seconds": 61.0}, "keep 0.05 to 60 seconds"),
        ({"seconds": "1"}, "the request's seconds is no float"),
        ({"until": 10, "stream": 99}, "these samples are gone"),
    ],
)
def test_what_cannot_be_kept(tmp_path, wish, says):
    async def use(client: Client) -> None:
        source = Source(client.studio)
        async with client.topics("live"):
            await until(lambda: source.listening)
            source.give(INFO, blocks(0, 1)[0])
            given = {**PLACE, "seconds": 1.0, **wish}
            assert says in await client.refused("/api/live/keep", given)
        assert not client.studio.data.exists() or not [*client.studio.data.glob("*.rec")]

    with_studio(tmp_path / "data", use)


def test_a_sensor_that_does_not_fit_the_recordings(tmp_path):
    async def use(client: Client) -> None:
        source = Source(client.studio)
        async with client.topics("live"):
            await until(lambda: source.listening)
            source.give(INFO, blocks(0, 1)[0])
            await client.post("/api/live/keep", {**PLACE, "seconds": 1.0})
            source.give(replace(INFO, channels=("z (g)", "y (g)")), blocks(0, 1)[0])
            said = await client.refused("/api/live/keep", {**PLACE, "seconds": 1.0})
            assert "cannot be trained on together" in said

    with_studio(tmp_path / "data", use)


@pytest.mark.parametrize(
    ("state", "info", "says"),
    [
        ({"hello": {"running": True}}, {"classifies": False}, "it does not classify"),
        ({"ready": {}}, {"classifies": False}, "it does not classify"),
        ({"hello": {"running": True}}, {"port": 1000}, "port carries 1,000 bytes/s"),
    ],
)
def test_a_signal_that_would_disturb_the_predictions_is_left_alone(tmp_path, state, info, says):
    async def use(client: Client) -> None:
        source = Source(client.studio, state)
        async with client.topics("live", "live-problem") as message:
            assert (await message())["problem"] == ""
            await until(lambda: source.listening)
            source.give(replace(INFO, **info), blocks(0, 1)[0])
            assert says in (await message())["problem"]
            await until(lambda: not source.listening)
        async with client.topics("live", "live-problem") as message:
            assert says in (await message())["problem"]
            assert not source.listening
            await client.post("/api/live/signal")  # as if the sensor were slower now
            await until(lambda: source.listening)
            assert (await message())["problem"] == ""
            source.give(INFO, blocks(0, 1)[0])
            assert (await message())["topic"] == "live"

    with_studio(tmp_path / "data", use)


def test_a_node_at_the_repl_has_a_signal(tmp_path):
    """It does not classify, and that is no reason to leave its signal alone."""

    async def use(client: Client) -> None:
        source = Source(client.studio, {"hello": {"running": False}})
        async with client.topics("live") as message:
            await until(lambda: source.listening)
            source.give(replace(INFO, classifies=False), blocks(0, 1)[0])
            assert (await message())["taken"] == 10

    with_studio(tmp_path / "data", use)


def test_a_program_that_says_nothing_is_not_interrupted(tmp_path):
    """As a stream would; the page asks for it, once the node has said what it is, or a person."""

    async def use(client: Client) -> None:
        source = Source(client.studio, {})
        async with client.topics("live", "live-problem") as message:
            while not (got := await message())["silent"]:
                pass
            assert "has not said what it runs" in got["problem"] and not source.listening
        async with client.topics("live"):
            await client.post("/api/live/signal")
            await until(lambda: source.listening)
        await until(lambda: not source.listening)
        source.state = {"ready": {}}
        async with client.topics("live"):
            await until(lambda: source.listening)

    with_studio(tmp_path / "data", use)


def test_another_node_has_other_samples(tmp_path):
    async def use(client: Client) -> None:
        source = Source(client.studio)
        async with client.topics("live"):
            await until(lambda: source.listening)
            source.give(INFO, blocks(0, 1)[0])
            client.studio.link.port = Port("/dev/other")
            source.give(INFO, blocks(50, 1)[0])
            made = await client.post("/api/live/keep", {**PLACE, "seconds": 5})
            file = kept_file(client.studio.data, made["path"])
            assert np.array_equal(file.recording.samples, expected(50, 10))

    with_studio(tmp_path / "data", use)


def test_the_stream_breaks_off_and_goes_on(tmp_path):
    async def use(client: Client) -> None:
        source = Source(client.studio)
        async with client.topics("live") as message:
            await until(lambda: source.listening)
            source.give(INFO, blocks(0, 1)[0])
            source.give(INFO, None)
            source.give(INFO, blocks(0, 1)[0])
            first, second = await message(), await message()
            assert second["stream"] == first["stream"] + 1
            made = await client.post("/api/live/keep", {**PLACE, "seconds": 5})
            assert made["breaks"] == 1 and "samples are missing" in made["warnings"][0]
            assert kept_file(client.studio.data, made["path"]).breaks == (10,)

    with_studio(tmp_path / "data", use)


MODEL = NodeModel("m", 3, 900, "0" * 64, None)


def test_what_runs(tmp_path, monkeypatch):
    session = SimpleNamespace(
        request=lambda name: Models(1, MODEL, None, ()),
        hello=SimpleNamespace(library="0.2.0", signed=True),
    )

    async def use(client: Client) -> None:
        assert "no node is chosen" in await client.refused("/api/live/models")
        assert "no node is chosen" in await client.refused("/api/live/rollback", {})
        Source(client.studio)
        monkeypatch.setattr(live, "connect", lambda *_, **__: contextlib.nullcontext(session))
        got = await client.get("/api/live/models")
        assert got["active"]["revision"] == 3 and got["previous"] is None
        assert (got["library"], got["signed"]) == ("0.2.0", True)

    with_studio(tmp_path / "data", use)


def test_rollback_is_a_command(tmp_path, monkeypatch):
    begun = []

    def start(kind: str, argv: list[str], title: str, **more: Any) -> Any:
        begun.append((argv, more["exclusive"]))
        return SimpleNamespace(public=lambda: {"id": "1"})

    async def use(client: Client) -> None:
        Source(client.studio)
        client.studio.link.port = Port("/dev/none", 9600)
        monkeypatch.setattr(client.studio.jobs, "start", start)
        assert (await client.post("/api/live/rollback"))["job"] == {"id": "1"}
        argv = ["rollback", "--port", "/dev/none", "--baud", "9600"]
        assert begun == [(argv, "node:/dev/none")]

    with_studio(tmp_path / "data", use)
