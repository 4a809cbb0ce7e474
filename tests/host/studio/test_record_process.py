"""Recording by real programs on a real port: killed in the middle, unplugged, and side by side."""

import json
import signal
import subprocess
from pathlib import Path

import numpy as np

from tests.lab.faults import TO_HOST, Fault, Kind
from tests.lab.recordlab import counting_node, expected
from tests.lab.studio_process import COMMAND, StudioProcess, wait
from xnornode.data.recording_file import from_bytes
from xnornode.data.recording_folder import kept

WISH = {"label": "wave", "group": "anna", "seconds": 60.0, "pause": 0.0}


def state_of(studio: StudioProcess) -> dict:
    status, _, body = studio.ask("GET", "/api/record")
    assert status == 200, body
    return json.loads(body)["state"]


def start(studio: StudioProcess, **more) -> None:
    status, _, body = studio.ask("POST", "/api/record/start", json.dumps({**WISH, **more}).encode())
    assert status == 200, body


def counted(path: Path) -> int:
    """Check that a file's samples are those that the sensor counted; how many there are."""
    samples = from_bytes(path.read_bytes(), str(path)).recording.samples
    first = int(samples[0, 0]) * pow(7, -1, 65536) % 65536
    assert np.array_equal(samples, expected(first, len(samples)))
    return len(samples)


def test_a_studio_that_is_killed_while_it_records(tmp_path):
    data = tmp_path / "data"
    with counting_node(tmp_path / "node") as (_, bridge):
        with StudioProcess(data, "--port", bridge.url) as studio:
            wait(lambda: json.loads(studio.ask("GET", "/api/about")[2])["node"]["port"], "a port")
            start(studio)
            taken = wait(lambda: (n := state_of(studio)["taken"]) > 1500 and n, "samples")
            assert not [*kept(data)]
            studio.end(signal.SIGKILL)
        with StudioProcess(data, "--port", bridge.url) as studio:
            state = state_of(studio)
            assert "whose program was killed" in state["notes"][0]
            (made,) = kept(data)
            assert counted(made.path) >= taken and state["written"][0]["cut"]
            start(studio, seconds=0.5)
            wait(lambda: state_of(studio)["phase"] == "done", "a recording of the new studio")
    assert sorted(r.path.name for r in kept(data)) == ["1.rec", "2.rec"]
    assert not [*data.rglob("*.part")]


def test_a_terminal_records_beside_the_studio(tmp_path):
    """Both get all samples, under numbers of their own, and neither takes the other's for lost."""
    data = tmp_path / "data"
    with (
        counting_node(tmp_path / "node") as (_, bridge),
        StudioProcess(data, "--port", bridge.url) as studio,
    ):
        start(studio, seconds=600.0)
        wait(lambda: state_of(studio)["taken"] > 500, "samples")
        command = [COMMAND, "record", str(data), "--label", "wave", "--group", "anna"]
        command += ["--seconds", "1", "--pause", "0", "--port", bridge.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert "killed" not in done.stderr
        state = state_of(studio)
        assert state["phase"] == "recording"
        wait(lambda: state_of(studio)["taken"] > state["taken"] + 500, "samples after it")
        status, _, body = studio.ask("POST", "/api/record/stop", b"{}")
        assert status == 200, body
        state = wait(lambda: (s := state_of(studio))["phase"] == "idle" and s, "the studio's own")
        assert not state["problem"] and not state["lost"]
        own = state["written"][0]["samples"]
    assert own > 2000
    assert sorted(counted(r.path) for r in kept(data)) == [1000, own]


def test_the_cable_is_pulled_while_it_is_recorded(tmp_path):
    """What came is kept and said, and once the node is back it records again."""
    data = tmp_path / "data"
    fault = Fault(Kind.DISCONNECT, TO_HOST, at=100, after=b'"samples"', nth=15)
    with (
        counting_node(tmp_path / "node", faults=[fault]) as (_, bridge),
        StudioProcess(data, "--port", bridge.url) as studio,
    ):
        start(studio)
        state = wait(lambda: (s := state_of(studio))["phase"] == "idle" and s, "the cable's end")
        assert "what came is kept" in state["problem"], state["problem"]
        (made,) = kept(data)
        assert state["written"][0]["cut"] and counted(made.path) == state["written"][0]["samples"]

        def again() -> bool:
            body = json.dumps({**WISH, "seconds": 0.5}).encode()
            studio.ask("POST", "/api/record/start", body)
            return bool(
                wait(lambda: (s := state_of(studio))["phase"] in ("done", "idle") and s, "")
            )

        wait(lambda: again() and state_of(studio)["phase"] == "done", "the node's return")
    assert len([*kept(data)]) >= 2


def test_lines_that_are_damaged(tmp_path):
    """Samples of such a line are counted as lost, and no sample is put where it does not belong."""
    data = tmp_path / "data"
    faults = [
        Fault(kind, TO_HOST, at=60, after=b'"samples"', nth=nth)
        for nth, kind in enumerate((Kind.FLIP, Kind.INSERT, Kind.DROP, Kind.TRUNCATE), 8)
    ]
    with (
        counting_node(tmp_path / "node", faults=faults) as (_, bridge),
        StudioProcess(data, "--port", bridge.url) as studio,
    ):
        start(studio, seconds=2.5)
        state = wait(lambda: (s := state_of(studio))["phase"] in ("done", "idle") and s, "its end")
        assert not state["problem"] and state["written"][0]["lost"] > 0
    (made,) = kept(data)
    record = from_bytes(made.path.read_bytes(), str(made.path))
    assert record.breaks and record.lost == state["written"][0]["lost"]
    steps = np.diff(record.recording.samples[:, 0].astype(np.int64)) % 65536 // 7
    assert [*np.flatnonzero(steps != 1) + 1] == [*record.breaks]
    assert int((steps[steps != 1] - 1).sum()) == record.lost
