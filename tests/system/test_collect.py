"""From a node that keeps windows to recordings that a training takes; both programs are whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.bridge import Bridge
from tests.lab.keeplab import unsure_model
from tests.lab.livenode import DEVICE, prepare, receiving_node, samples
from tests.lab.unixnode import UnixNode
from xnornode.cli.main import main
from xnornode.data.recording_file import from_bytes
from xnornode.data.recording_folder import add_recording
from xnornode.link.connect import connect
from xnornode.link.kept import ask_kept
from xnornode.link.messages import Kept
from xnornode.link.monitor import Monitor
from xnornode.model.file_format import to_bytes

OFTEN = {"bytes": 1 << 18, "below": 1000, "per_hour": 3600}
PATIENCE = 60.0


@contextmanager
def keeping_node(folder: Path, settings=OFTEN, realtime=True):
    """A node that classifies its recording, and the line to it."""
    model = unsure_model(1, length=64, hop=32)
    if not folder.exists():
        channels = ("ch0 (g)", "ch1 (g)")
        prepare(folder, to_bytes(of_channels(model, channels)), realtime)
        (folder / "keep.json").write_text(json.dumps(settings))
    with (
        UnixNode([folder / "main.py"], folder, [DEVICE]) as node,
        Bridge(node.fd, restart=node.restart) as bridge,
    ):
        yield node, bridge


def of_channels(model, channels):
    return replace(model, window=replace(model.window, channels=channels, scales=(0, 0)))


def wait_for(bridge, windows: int) -> Kept:
    """What the node has kept, once there are so many."""
    end = time.monotonic() + PATIENCE
    with connect(bridge.url) as session:
        while (facts := ask_kept(session)).windows < windows:
            assert time.monotonic() < end, facts
            time.sleep(0.2)
    return facts


def collect(bridge, folder: Path, *more: str) -> int:
    return main(["collect", "-o", str(folder), "--port", bridge.url, *more])


def recordings(folder: Path) -> list:
    paths = sorted((folder / "unsure").glob("*.rec"), key=lambda path: int(path.stem))
    return [from_bytes(path.read_bytes(), str(path)) for path in paths]


def test_windows_come_as_recordings_while_the_node_classifies(tmp_path, capsys):
    played, data = samples(), tmp_path / "data"
    with keeping_node(tmp_path / "node") as (_, bridge):
        first = wait_for(bridge, 2)
        assert first.bound == 1 << 18 and first.years > 0 and not first.why
        assert collect(bridge, data) == 0
        found = recordings(data)
        assert len(found) >= 2
        for record in found:
            rows = record.recording.samples
            at = np.flatnonzero((played == rows[0]).all(axis=1))[0]
            assert np.array_equal(played[at : at + 64], rows) and at % 32 == 0
            assert record.recording.label == "unsure" and record.time
            assert record.answer and record.confidence and record.model == "net 1"
        said = capsys.readouterr()
        assert "were fetched" in said.err and "unsure/2.rec" in said.out.replace("\\", "/")
        wait_for(bridge, len(found) + 1)
        assert collect(bridge, data, "--forget") == 0
        assert len(recordings(data)) > len(found)
    with keeping_node(tmp_path / "node") as (_, bridge):  # it was without power
        wait_for(bridge, 1)
        assert collect(bridge, data) == 0
        marks = [record.kept for record in recordings(data)]
        assert len({*marks}) == len(marks), "no window comes twice"
        assert main(["keep", "--port", bridge.url]) == 0
        shown = capsys.readouterr().out
        assert "262,144 bytes" in shown and "erases of a block a day" in shown
        assert main(["keep", "--json", "--port", bridge.url]) == 0
        assert json.loads(capsys.readouterr().out)["bound"] == 1 << 18
    # Sorted, they are data as any other
    for number, record in enumerate(recordings(data)):
        own = replace(record.recording, label=("up", "down")[number % 2])
        add_recording(tmp_path / "sorted", replace(record, recording=own))
    assert (
        main(
            [
                "data",
                str(tmp_path / "sorted"),
            ]
        )
        == 0
    )


def test_without_the_file_nothing_is_kept(tmp_path, capsys):
    folder = tmp_path / "node"
    with keeping_node(folder) as _:
        pass
    (folder / "keep.json").unlink()
    with keeping_node(folder) as (_, bridge):
        assert main(["keep", "--port", bridge.url]) == 0
        assert "keep.json" in capsys.readouterr().out
        assert collect(bridge, tmp_path / "data") == 0
        assert "no new window was fetched; the node keeps none" in capsys.readouterr().err


def test_a_wrong_file_is_said_on_the_line(tmp_path):
    with keeping_node(tmp_path / "node", {"bytes": 1}) as (_, bridge), Monitor(bridge.url) as seen:
        end = time.monotonic() + PATIENCE
        while getattr(event := seen.event(5), "kind", "") != "keep":
            assert time.monotonic() < end
        assert "`bytes` is no integer from 4096" in event.warning
        assert collect(bridge, tmp_path / "data") == 0


def test_the_receiver_at_the_repl_gives_them_as_well(tmp_path):
    with keeping_node(tmp_path / "node") as (_, bridge):
        wait_for(bridge, 2)
    with receiving_node(tmp_path / "repl") as bridge:
        shutil.copytree(tmp_path / "node" / "kept", tmp_path / "repl" / "kept")
        assert collect(bridge, tmp_path / "data") == 0
    assert len(recordings(tmp_path / "data")) >= 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["keep", "--below", "0.5"], "name the BYTES"),
        (["keep", "256k", "--below", "1.5"], "at most 1"),
        (["keep", "256q"], "say bytes"),
        (["keep", "10"], "4,096"),
        (["keep", "256k", "--per-hour", "0"], "at least 1"),
        (["keep", "256k", "--remove"], "--remove goes without"),
        (["keep", "256k", "--json"], "--json goes without"),
        (["collect"], "-o/--output"),
    ],
)
def test_wrong_options_are_found_before_the_work(words, says, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2 and says in capsys.readouterr().err


def test_ctrl_c_leaves_whole_recordings_and_a_node_that_goes_on(tmp_path):
    data = tmp_path / "data"
    with keeping_node(tmp_path / "node") as (_, bridge):
        there = wait_for(bridge, 4).windows
        command = [sys.executable, "-m", "xnornode", "collect", "-o", str(data)]
        running = subprocess.Popen(
            [*command, "--port", bridge.url], stderr=subprocess.PIPE, text=True, env=os.environ
        )
        end = time.monotonic() + PATIENCE
        while not [*data.rglob("*.rec")] and running.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE)
        assert running.returncode in (0, 1) and "Traceback" not in said
        assert collect(bridge, data) == 0
        found = recordings(data)
        assert len(found) >= there and len({r.kept for r in found}) == len(found)
        assert all(len(record.recording.samples) == 64 for record in found)
