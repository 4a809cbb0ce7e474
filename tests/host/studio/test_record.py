"""Recording on a page: files as `xnornode record` writes them, and none of what came is lost."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.lab.streamlab import GivenStream, info
from tests.lab.studio_app import Client, with_studio
from tests.lab.studio_process import wait
from tools.firmware.sources import ROOT
from xnornode.cli import record as record_command
from xnornode.cli.main import main
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.data.recording_folder import kept
from xnornode.link.addresses import Port
from xnornode.link.messages import Button
from xnornode.link.recorder import Recorder
from xnornode.studio import node_link

pytestmark = pytest.mark.quick
WISH = {"label": "wave", "group": "anna", "seconds": 0.4, "pause": 0.0}


class NoFollower:
    """In place of what a node says on its own."""

    def __init__(self, *given: object) -> None:
        pass

    def end(self) -> None:
        pass


@pytest.fixture
def node(monkeypatch):
    """Have the studio read the streams of a node that the test plays."""

    def node(**sensor) -> GivenStream:
        stream = GivenStream(info(**sensor))
        monkeypatch.setattr(node_link, "streaming", stream)
        monkeypatch.setattr(node_link, "_Follower", NoFollower)
        monkeypatch.setattr(node_link, "RETRY", 0.05)
        return stream

    return node


def with_desk(data: Path, use) -> None:
    """A studio with a node; `use(client, until)`, which waits for a state."""

    async def whole(client: Client) -> None:
        await client.studio.run(client.studio.link.choose, Port("test"))

        async def until(fits):
            async with asyncio.timeout(30):
                while not fits(state := (await client.get("/api/record"))["state"]):
                    await asyncio.sleep(0.01)
            return state

        await use(client, until)

    with_studio(data, whole)


def phase(*names):
    return lambda state: state["phase"] in names


def file(path: Path) -> RecordFile:
    return from_bytes(path.read_bytes(), str(path))


def leftovers(data: Path) -> list[str]:
    """What is neither a recording in its place nor in the bin."""
    return [p.name for p in data.rglob("*.part")]


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


def test_the_cable_is_pulled(tmp_path, node):
    stream = node()

    async def use(client, until):
        await client.post("/api/record/start", {**WISH, "repeat": 2})
        stream.give(5)
        await until(phase("recording"))
        stream.give(150)
        stream.pull()
        state = await until(phase("idle"))
        assert state["problem"].startswith("port went away; what came is kept")
        assert state["written"][0]["cut"] and state["written"][0]["samples"] == 150
        await client.post("/api/record/start", WISH)  # the node is back
        stream.give(5)
        state = await until(phase("recording"))
        assert not state["problem"]
        stream.give(400)
        await until(phase("done"))

    with_desk(tmp_path, use)
    one, two = (file(tmp_path / "wave" / "anna" / f"{n}.rec") for n in (1, 2))
    assert one.cut and not two.cut and not leftovers(tmp_path)


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


def test_the_studio_ends_in_the_middle(tmp_path, node):
    stream = node()

    async def use(client, until):
        await client.post("/api/record/start", WISH)
        stream.give(5)
        await until(phase("recording"))
        stream.give(100)
        await asyncio.sleep(0.3)

    with_desk(tmp_path, use)
    (made,) = kept(tmp_path)
    assert made.samples == 100 and file(made.path).cut and not leftovers(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.lab.streamlab import GivenStream, info
from xnornode.link.recorder import Recorder
stream = GivenStream(info())
for lost in (0, 7, 0, 0):
    stream.give(100, lost)
def shown(take, block):
    if take.taken >= 300:
        os.kill(os.getpid(), signal.SIGKILL)
Recorder(Path(sys.argv[1]), "wave", "anna", 60.0).record(stream, shown, print)
"""


def test_what_a_killed_program_had_recorded_is_kept(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL and not [*kept(tmp_path)]
    (whole,) = (tmp_path / ".studio" / "partial").iterdir()
    torn = whole.with_name("1.part")
    torn.write_bytes(whole.read_bytes()[:-90])  # a line that was cut off
    (torn.parent / "x.part").write_text("none of ours")

    async def use(client: Client) -> None:
        state = (await client.get("/api/record"))["state"]
        assert [len(state["written"]), state["phase"]] == [2, "idle"]
        assert any("whose program was killed" in note for note in state["notes"])
        assert all(entry["cut"] and entry["lost"] == 7 for entry in state["written"])

    with_studio(tmp_path, use)
    found = [file(r.path) for r in kept(tmp_path)]
    assert [len(f.recording.samples) for f in found] == [200, 300]
    assert all(f.breaks == (100,) and f.recording.group == "anna" for f in found)
    assert np.array_equal(found[1].recording.samples[:100], GivenStream(info()).give(100))
    assert leftovers(tmp_path) == ["x.part"]


def test_a_recording_that_is_under_way_elsewhere_is_left_alone(tmp_path, node):
    stream = node()

    async def use(client, until):
        await client.post("/api/record/start", WISH)
        stream.give(5)
        await until(phase("recording"))
        stream.give(100)
        await asyncio.sleep(0.2)
        with_other = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", OTHER, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert with_other.stdout == "[]\n", with_other
        stream.give(300)
        await until(phase("done"))

    with_desk(tmp_path, use)
    (made,) = kept(tmp_path)
    assert made.samples == 400


OTHER = """
import sys
from pathlib import Path
from xnornode.link.partial import recover
print([*recover(Path(sys.argv[1]))])
"""


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


def test_a_disk_that_is_full_keeps_what_came(tmp_path, node, monkeypatch):
    """The recording cannot be written to its place: what came stays in its partial file."""
    stream = node()

    def full(*given):
        raise OSError(28, os.strerror(28), "wave/anna/1.rec")

    async def use(client, until):
        with monkeypatch.context() as patch:
            patch.setattr("xnornode.link.recorder.add_recording", full)
            await client.post("/api/record/start", WISH)
            stream.give(5)
            await until(phase("recording"))
            stream.give(400)
            state = await until(phase("idle"))
            assert "No space left on device" in state["problem"]
        assert len(leftovers(tmp_path)) == 1 and not [*kept(tmp_path)]
        await client.post("/api/record/start", WISH)
        stream.give(5)
        state = await until(phase("recording"))
        assert "whose program was killed" in state["notes"][0]
        await client.post("/api/record/stop")

    with_desk(tmp_path, use)
    assert next(kept(tmp_path)).samples == 400 and not leftovers(tmp_path)
