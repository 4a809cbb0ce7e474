"""Recording on a page: files as `xnornode record` writes them, and what is refused."""

import asyncio
import io
import threading
import wave
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.lab.desklab import WISH, file, leftovers, phase, played_node, with_desk
from tests.lab.streamlab import GivenStream, info
from tests.lab.studio_app import Client, with_studio
from tests.lab.studio_process import wait
from xnornode.cli import record as record_command
from xnornode.cli.main import main
from xnornode.data.recording_folder import kept
from xnornode.link.messages import Button
from xnornode.link.recorder import Recorder

pytestmark = pytest.mark.quick


@pytest.fixture
def node(monkeypatch):
    """Plays a node with this sensor; gives what it sends."""
    return partial(played_node, monkeypatch)


def untimed(path: Path) -> bytes:
    """The bytes of a recording without the time at which it was made."""
    data = path.read_bytes()
    time = file(path).time.encode()
    assert len(time) == 20
    return data.replace(time, b"20")


def test_a_recording_is_the_commands_byte_for_byte(tmp_path, node, monkeypatch):
    def send(stream: GivenStream) -> None:
        stream.at = 5000
        for lost in (0, 0, 13, 0):
            stream.give(100, lost)

    stream = node()
    mine, other = tmp_path / "mine", tmp_path / "other"

    async def use(client, until):
        await client.post("/api/record/start", WISH)
        stream.give(5)  # of before: it is not in the recording
        await until(phase("recording"))
        send(stream)
        state = await until(phase("done"))
        (made,) = state["written"]
        assert made["name"] == "wave/anna/1.rec" and made["lost"] == 13 and not made["cut"]
        assert made["warnings"] == ["13 samples are missing, at 1 places"]

    with_desk(mine, use)

    stream = GivenStream(info())
    monkeypatch.setattr(record_command, "streaming", lambda *a, **k: stream("", lambda event: None))
    command = ["record", str(other), "--label", "wave", "--group", "anna", "--seconds", "0.4"]
    command += ["--pause", "0", "--port", "/dev/null"]
    thread = threading.Thread(target=lambda: status.append(main(command)))
    status: list[int] = []
    thread.start()
    wait(lambda: [*other.rglob("*.part")], "the recording to begin")
    send(stream)
    thread.join(30)
    assert status == [0]
    one, two = (folder / "wave" / "anna" / "1.rec" for folder in (mine, other))
    assert untimed(one) == untimed(two) and file(one).breaks == (200,)
    assert not leftovers(mine) and not leftovers(other) and not (other / ".studio").exists()


def test_repeats_and_undo(tmp_path, node):
    stream = node()

    async def use(client, until):
        await client.post("/api/record/start", {**WISH, "group": "", "repeat": 3, "pause": 0.05})
        for turn in (1, 2, 3):
            stream.give(5)
            await until(lambda s, turn=turn: s["turn"] == turn and s["phase"] == "recording")
            stream.give(400)
            await until(lambda s, turn=turn: len(s["written"]) == turn)
        state = await until(phase("done"))
        assert [entry["name"] for entry in state["written"]] == [f"wave/{n}.rec" for n in (3, 2, 1)]
        about = await client.get("/api/record")
        (facts,) = about["classes"]
        assert (facts["name"], facts["items"], facts["samples"]) == ("wave", 3, 1200)
        assert (await client.post("/api/record/undo"))["path"] == "wave/3.rec"
        assert (await client.post("/api/record/undo", {"path": "wave/1.rec"}))["path"]
        error = await client.refused("/api/record/undo", {"path": "../x"})
        assert "none of the last" in error
        assert [r.path.name for r in kept(tmp_path)] == ["2.rec"]
        (tmp_path / "wave" / "2.rec").unlink()  # another page has deleted it
        assert "not there any more" in await client.refused("/api/record/undo", {})
        await client.post("/api/record/start", {**WISH, "group": ""})
        stream.give(5)
        await until(phase("recording"))
        stream.give(400)
        await until(phase("done"))
        (tmp_path / "wave" / "1.rec").unlink()
        assert not (await client.get("/api/record"))["state"]["written"]
        assert "no recording to undo" in await client.refused("/api/record/undo", {})

    with_desk(tmp_path, use)
    assert len([*(tmp_path / ".studio" / "bin").glob("*/file")]) == 2


def test_two_pages_start_at_once(tmp_path, node):
    stream = node()

    async def use(client, until):
        tries = [client.raw("POST", "/api/record/start", json=WISH) for _ in range(5)]
        answers = await asyncio.gather(*tries)
        assert sorted(status for status, _ in answers) == [200, 400, 400, 400, 400]
        error = await client.refused("/api/record/start", WISH)
        assert error == "a recording is under way: wave (anna), 1 of 1"
        stream.give(5)
        await until(phase("recording"))
        stream.give(400)
        await until(phase("done"))

    with_desk(tmp_path, use)
    assert [r.path.name for r in kept(tmp_path)] == ["1.rec"]


def test_each_recording_begins_at_a_press(tmp_path, node):
    stream = node(button=True)
    wanted = []

    async def use(client, until):
        async with client.topics("button") as message:
            await client.post("/api/record/start", {**WISH, "repeat": 2, "button": True})
            for turn in (1, 2):
                stream.give(50)
                await until(lambda s, turn=turn: s["turn"] == turn and s["phase"] == "waiting")
                await asyncio.sleep(0.2)
                stream.say(Button(stream.at, 0))
                wanted.append(stream.give(400))
                await until(lambda s, turn=turn: len(s["written"]) == turn)
                assert (await message())["at"] == stream.at - 400
        await until(phase("done"))

    with_desk(tmp_path, use)
    for n, samples in enumerate(wanted, 1):
        made = file(tmp_path / "wave" / "anna" / f"{n}.rec")
        assert np.array_equal(made.recording.samples, samples)


@pytest.mark.parametrize(
    ("sensor", "wish", "text"),
    [
        ({}, {"button": True}, "the node has no button"),
        ({"channels": 3}, {}, "cannot be trained on together"),
        ({"port": 11520, "rate": 8000.0}, {}, "up to 1600 Hz fit"),
        ({"names": ("a\x1b", "b")}, {}, "the node names a channel"),
        ({"rate": 8000.0}, {"seconds": 86400.0}, "a recording has at most"),
    ],
)
def test_a_sensor_that_does_not_fit(tmp_path, node, sensor, wish, text):
    there = GivenStream(info())
    there.give(400)
    Recorder(tmp_path, "wave", "", 0.4).record(there, lambda *given: None, print)
    stream = node(**sensor)

    async def use(client, until):
        await client.post("/api/record/start", {**WISH, "group": "", **wish})
        stream.give(5)
        state = await until(lambda s: s["problem"])
        assert text in state["problem"] and state["phase"] == "idle"
        assert "record into another folder" not in state["problem"]  # a page cannot

    with_desk(tmp_path, use)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"label": "a/b"}, "has '/'"),
        ({"label": ""}, "is empty"),
        ({"label": "train"}, "a part of the data"),
        ({"seconds": 0.0}, "length is a number"),
        ({"seconds": float("nan")}, "length is a number"),
        ({"pause": -1.0}, "pause is a number"),
        ({"repeat": 0}, "1 to 10,000"),
        ({"repeat": "3"}, "no int"),
        ({"label": 3}, "no str"),
    ],
)
def test_wrong_wishes(tmp_path, node, wish, text):
    node()

    async def use(client, until):
        assert text in await client.refused("/api/record/start", {**WISH, **wish})
        await client.post("/api/record/stop")  # nothing is under way
        assert (await client.get("/api/record"))["state"]["phase"] == "idle"

    with_desk(tmp_path, use)
    assert not [*tmp_path.iterdir()]


def test_without_a_node(tmp_path):
    async def use(client: Client) -> None:
        assert "no node is chosen" in await client.refused("/api/record/start", WISH)

    with_studio(tmp_path, use)


def test_recordings_with_and_without_a_group_are_warned_of_before_the_start(tmp_path, node):
    there = GivenStream(info())
    there.give(400)
    Recorder(tmp_path, "wave", "", 0.4).record(there, lambda *given: None, print)
    node()

    async def use(client, until):
        found = (await client.get("/api/record"))["group_warnings"]
        assert "others have none" in found["with"] and found["without"] == ""

    with_desk(tmp_path, use)
    assert Recorder(tmp_path, "wave", "anna").warnings and not Recorder(tmp_path, "wave").warnings


def test_a_new_try_forgets_why_the_one_before_failed(tmp_path, node):
    stream = node()

    async def use(client, until):
        await client.post("/api/record/start", {**WISH, "button": True})
        stream.give(5)
        assert (await until(lambda s: s["problem"]))["phase"] == "idle"
        assert await client.refused("/api/record/start", {**WISH, "label": "a/b"})
        assert (await client.get("/api/record"))["state"]["problem"] == ""

    with_desk(tmp_path, use)


def test_sound_is_played(tmp_path, node):
    stream = node(channels=1, rate=16000.0)

    async def use(client, until):
        await client.post("/api/record/start", {**WISH, "seconds": 0.1})
        stream.give(5)
        await until(phase("recording"))
        samples = stream.give(1600)
        (made,) = (await until(phase("done")))["written"]
        assert made["sound"]
        address = f"/api/record/wav?path={made['path']}"
        status, data = await client.raw("GET", address)
        assert status == 200
        with wave.open(io.BytesIO(data)) as sound:
            assert sound.getframerate() == 16000 and sound.getnchannels() == 1
            assert sound.readframes(9999) == samples.tobytes()
        for asked, part in (("bytes=10-19", data[10:20]), ("bytes=-4", data[-4:])):
            status, found = await client.raw("GET", address, headers={"Range": asked})
            assert (status, found) == (206, part)
        status, _ = await client.raw("GET", address, headers={"Range": "bytes=99999-"})
        assert status == 416
        shape = await client.get(f"/api/record/shape?path={made['path']}")
        assert shape["channels"] == ["sound (FS)"] and len(shape["low"][0]) == 240
        for bad in ("../1.rec", "/etc/passwd", ".studio/x", "", "wave"):
            status, _ = await client.raw("GET", "/api/record/wav", params={"path": bad})
            assert status == 400

    with_desk(tmp_path, use)
