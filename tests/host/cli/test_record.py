"""`xnornode record`: files as a training takes them, and what is said when something goes wrong."""

import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.host.cli.conftest import COMMAND
from tests.lab.faults import TO_HOST, Fault, Kind
from tests.lab.livenode import receiving_node
from tests.lab.recordlab import counting_node, expected
from tests.lab.terminal import run_on_terminal
from xnornode.cli.main import main
from xnornode.data.readers import read
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.data.recording_folder import add_recording, next_name
from xnornode.data.windows import Recording
from xnornode.link.connect import connect
from xnornode.link.messages import Button, Samples
from xnornode.link.recorder import Recorder

NOWHERE = ("--port", "/dev/no-such-port")


@pytest.fixture
def run(capsys):
    """Carry out `xnornode`, in this process."""

    def run(*arguments) -> SimpleNamespace:
        capsys.readouterr()
        try:
            status = main([*map(str, arguments)])
        except SystemExit as end:
            status = end.code
        said = capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=said.out, stderr=said.err)

    return run


@pytest.fixture
def record(run):
    """Carry out `xnornode record` with a node."""

    def record(data, bridge, *more, label="wave", seconds="0.5") -> SimpleNamespace:
        given = ("--label", label, "--seconds", seconds, "--pause", "0", "--port", bridge.url)
        return run("record", data, *given, *more)

    return record


def file(path: Path) -> RecordFile:
    return from_bytes(path.read_bytes(), str(path))


def test_recordings_as_a_training_takes_them(tmp_path, record, run):
    data = tmp_path / "data"
    with counting_node(tmp_path / "node", "loop") as (_, bridge):
        for label in ("wave", "rest"):
            done = record(data, bridge, "--group", "anna", label=label, seconds="0.8")
            assert done.returncode == 0, done.stderr
    with counting_node(tmp_path / "other") as (_, bridge):  # another node, at the REPL
        for label in ("wave", "rest"):
            done = record(data, bridge, "--person", "ben", "--repeat", "2", label=label)
            assert done.returncode == 0, done.stderr
    names = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    made = ("anna/1", "ben/1", "ben/2")
    assert names == {f"{label}/{name}.rec" for label in ("wave", "rest") for name in made}
    assert re.search(r"rest/ben/2.rec +0.5 s +500 +(\S+ Hz)? +0 +0\n", done.stdout)
    assert re.search(r"rest +3 +1.8 s +2\n", done.stdout)
    assert re.search(r"wave +3 +1.8 s +2\n", done.stdout)
    one = file(data / "wave" / "anna" / "1.rec")
    first = int(one.recording.samples[0, 0]) * pow(7, -1, 65536) % 65536
    assert np.array_equal(one.recording.samples, expected(first, 800))
    assert (one.recording.label, one.recording.group) == ("wave", "anna")
    assert one.recording.name == "wave/anna/1" and one.sensor == "counting"
    assert one.channels == ("ch0 (g)", "ch1 (g)") and one.scales == (122070, 122071)
    assert one.rate_mhz == 1_000_000
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", one.time)
    assert not one.cut and not one.lost and not one.breaks
    small = ("--window", "64", "--hop", "32", "--layers", "16", "--epochs", "2")
    trained = run("train", data, "-o", tmp_path / "m.bnn", *small)
    assert trained.returncode == 0, trained.stderr
    assert "recordings of a node (counting)" in trained.stdout + trained.stderr


def test_no_file_is_overwritten(tmp_path):
    """Neither one that is there, nor one that another program writes meanwhile."""
    rec = RecordFile(Recording(np.ones((9, 1), np.int16), "a", "", "a/1"), ("x (g)",), (1,), 1000)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "7.rec").write_bytes(b"mine")
    assert add_recording(tmp_path, rec) == tmp_path / "a" / "8.rec"
    assert next_name(tmp_path, "a", "") == "a/9"
    with ThreadPoolExecutor() as pool:
        paths = [*pool.map(lambda _: add_recording(tmp_path, rec), range(20))]
    assert len({*paths}) == 20 and (tmp_path / "a" / "7.rec").read_bytes() == b"mine"
    assert len([*(tmp_path / "a").iterdir()]) == 22  # and nothing else is left


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--label", "a/b"), 1, "the label 'a/b' has '/'"),
        (("--label", "a\x1b"), 1, r"the label 'a\x1b' has '\x1b'"),
        (("--label", ""), 1, "is empty"),
        (("--label", ".."), 1, "begins with a dot"),
        (("--label", "nul"), 1, "a system keeps for itself"),
        (("--label", "x" * 64), 1, "longer than 63 bytes"),
        (("--label", "p1"), 1, "would be taken for who or when was recorded"),
        (("--label", "train"), 1, "would be taken for a part of the data"),
        (("--label", "a", "--group", "b\\c"), 1, "the group"),
        (("--label", "a", "--seconds", "0"), 2, "must be above 0"),
        (("--label", "a", "--seconds", "nan"), 2, "must be above 0"),
        (("--label", "a", "--seconds", "inf"), 2, "at most 86400"),
        (("--label", "a", "--repeat", "0"), 2, "at least 1"),
        (("--label", "a", "--pause", "-1"), 2, "at least 0"),
        ((), 2, "--label"),
    ],
)
def test_wrong_options_are_found_before_the_work(tmp_path, run, arguments, status, message):
    done = run("record", tmp_path / "data", *arguments, *NOWHERE)
    assert done.returncode == status and message in done.stderr, done.stderr
    assert "no-such-port" not in done.stderr and not (tmp_path / "data").exists()


@pytest.mark.quick
def test_a_folder_that_cannot_take_recordings(tmp_path, run):
    (tmp_path / "data").write_text("")
    done = run("record", tmp_path / "data", "--label", "a", *NOWHERE)
    assert done.returncode == 1 and "data is a file: name a folder" in done.stderr
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("")
    done = run("record", tmp_path / "d", "--label", "a", "--group", "g", *NOWHERE)
    assert done.returncode == 1 and "is a file: name a folder" in done.stderr


@pytest.mark.quick
def test_a_port_that_is_not_there(tmp_path, run):
    done = run("record", tmp_path / "data", "--label", "a", *NOWHERE)
    assert done.returncode == 1 and "no-such-port" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "data").exists()


def test_a_recording_begins_at_a_press_of_the_nodes_button(tmp_path, record, monkeypatch):
    """With the first sample that the node took after it, and the countdown is none."""
    presses = []
    heard = Recorder.heard

    def hears(work, event):
        presses.extend([event.at] * isinstance(event, Button))
        heard(work, event)

    monkeypatch.setattr(Recorder, "heard", hears)
    data = tmp_path / "data"
    with counting_node(tmp_path / "node", presses=600) as (_, bridge):
        done = record(data, bridge, "--button", "--repeat", "2", "--pause", "9999", seconds="0.2")
    assert done.returncode == 0, done.stderr
    assert "recording 2 of 2: wave begins when the node's button is pressed" in done.stderr
    for name in ("1.rec", "2.rec"):
        made = file(data / "wave" / name)
        first = int(made.recording.samples[0, 0]) * pow(7, -1, 65536) % 65536
        assert first in presses and not made.breaks
        assert np.array_equal(made.recording.samples, expected(first, 200))


def test_a_node_without_a_button(tmp_path, record):
    with counting_node(tmp_path / "node") as (_, bridge):
        done = record(tmp_path / "data", bridge, "--button")
    assert done.returncode == 1 and not (tmp_path / "data").exists()
    assert "the node has no button" in done.stderr and "--button GP15" in done.stderr


def test_nobody_presses_the_button(tmp_path, record, monkeypatch):
    monkeypatch.setattr("xnornode.link.recorder.LONGEST_WAIT", 0.3)
    with counting_node(tmp_path / "node", presses=3_600_000) as (_, bridge):
        done = record(tmp_path / "data", bridge, "--button")
    assert done.returncode == 1 and "nobody pressed the node's button" in done.stderr


def test_a_node_without_a_sensor(tmp_path, record):
    (tmp_path / "node").mkdir()
    with receiving_node(tmp_path / "node") as bridge:
        done = record(tmp_path / "data", bridge)
    assert done.returncode == 1 and not (tmp_path / "data").exists()
    assert "no sensor: there is no /sensor.json" in done.stderr
    assert "`xnornode sensor`" in done.stderr and "Errno" not in done.stderr


def test_a_port_that_is_too_slow(tmp_path, record):
    with counting_node(tmp_path / "node", port=11520, rate=3000) as (_, bridge):
        done = record(tmp_path / "data", bridge)
        assert done.returncode == 1 and "up to 1600 Hz fit" in done.stderr
        assert "carries 11,520 bytes/s" in done.stderr and not (tmp_path / "data").exists()
        assert record(tmp_path / "data", bridge, "--allow-loss").returncode == 0


def test_another_sensor_than_that_of_the_recordings(tmp_path, record):
    for channels, problem in ((2, ""), (3, "the sensor has ch0 (g), ch1 (g), ch2 (g)")):
        with counting_node(tmp_path / f"node{channels}", channels=channels) as (_, bridge):
            done = record(tmp_path / "data", bridge)
            assert done.returncode == bool(problem) and problem in done.stderr
    assert len([*(tmp_path / "data").rglob("*.rec")]) == 1


def test_unplugged_in_the_middle(tmp_path, record, run):
    data = tmp_path / "data"
    fault = Fault(Kind.DISCONNECT, TO_HOST, at=100, after=b'"samples"', nth=9)
    with counting_node(tmp_path / "node", faults=[fault]) as (_, bridge):
        done = record(data, bridge, "--repeat", "2", seconds="5")
    assert done.returncode == 1 and "went away" in done.stderr, done.stderr
    assert "1 recording was written" in done.stderr and "cut short" in done.stdout
    (path,) = data.rglob("*.rec")
    assert file(path).cut and len(file(path).recording.samples) > 500
    told = run("data", data)
    assert f"warning: {path} was cut short" in told.stderr


def test_samples_that_are_lost(tmp_path, record, run):
    data = tmp_path / "data"
    with counting_node(tmp_path / "node", loses=(700, 30)) as (_, bridge):
        done = record(data, bridge, seconds="1.5")
    assert done.returncode == 0 and "30 samples are missing, at 1 places" in done.stderr
    (path,) = data.rglob("*.rec")
    (at,) = file(path).breaks
    assert file(path).lost == 30 and 300 < at <= 700
    dataset = read(data)
    assert [len(item) for item in dataset.items] == [at, 1500 - at]
    assert dataset.names == [f"{path}, samples 0 to {at - 1}", f"{path}, samples {at} to 1499"]
    assert "30 samples are missing" in run("data", data).stderr


@pytest.mark.parametrize("mode", ["serve", "loop"])
def test_ctrl_c_leaves_the_node_usable(tmp_path, mode):
    data = tmp_path / "data"
    with counting_node(tmp_path / "node", mode) as (_, bridge):
        command = [COMMAND, "record", str(data), "--label", "a", "--port", bridge.url]
        command += ["--seconds", "1", "--repeat", "9", "--pause", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while "recording 2 of 9" not in process.stderr.readline():
                assert process.poll() is None
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[1]
        assert process.returncode == 1 and "stopped; 1 recording was written" in said, said
        assert "Traceback" not in said
        assert [p.name for p in data.rglob("*") if p.is_file()] == ["1.rec"]
        seen = []
        with connect(bridge.url, on_event=seen.append) as session:
            assert session.hello.running == (mode == "loop")
            session.request("list")
        assert not any(isinstance(event, Samples) for event in seen)


def test_what_was_recorded_when_it_was_killed_is_kept(tmp_path, record):
    """By the next command that records."""
    data = tmp_path / "data"
    with counting_node(tmp_path / "node") as (_, bridge):
        command = [COMMAND, "record", str(data), "--label", "a", "--port", bridge.url]
        with subprocess.Popen([*command, "--seconds", "60", "--pause", "0"]) as process:
            deadline = time.monotonic() + 60
            while not any(path.stat().st_size > 9000 for path in data.rglob("*.part")):
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            process.kill()
        assert not [*data.rglob("*.rec")]
        done = record(data, bridge, label="b")
    assert done.returncode == 0, done.stderr
    path = data / "a" / "1.rec"
    assert f"kept {path}, " in done.stderr and "cut short, of a recording" in done.stderr
    made = file(path)
    first = int(made.recording.samples[0, 0]) * pow(7, -1, 65536) % 65536
    assert np.array_equal(made.recording.samples, expected(first, len(made.recording.samples)))
    assert made.cut and len(made.recording.samples) > 800
    assert not [*data.rglob("*.part")] and (data / "b" / "1.rec").exists()


def test_the_signal_on_a_terminal(tmp_path):
    with counting_node(tmp_path / "node") as (_, bridge):
        command = [COMMAND, "record", tmp_path / "data", "--label", "a", "--port", bridge.url]
        command += ["--seconds", "1", "--pause", "0.5"]
        status, out, shown = run_on_terminal(command, columns=60)
    assert status == 0 and "a/1.rec" in out
    assert "begins in 1 s" in shown and "ch1 (g)" in shown and "▃▄" in shown
    assert shown.count("\x1b[?25h") == 1  # the cursor is back
    lines = re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines()
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 60
