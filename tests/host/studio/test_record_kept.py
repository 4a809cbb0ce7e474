"""Nothing that was recorded is lost: programs that are killed, cables, disks."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from tests.lab.desklab import WISH, file, leftovers, phase, played_node, with_desk
from tests.lab.streamlab import GivenStream, info
from tests.lab.studio_app import Client, with_studio
from tools.firmware.sources import ROOT
from xnornode.data.recording_folder import kept

pytestmark = pytest.mark.quick


@pytest.fixture
def node(monkeypatch):
    """Plays a node with this sensor; gives what it sends."""
    return partial(played_node, monkeypatch)


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
