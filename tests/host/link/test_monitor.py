"""The predictions' reader: what it counts, and what it survives. The node is the unix build."""

import csv
import io
import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from tests.lab.bridge import Bridge
from tests.lab.faults import TO_HOST, Fault, Kind
from tests.lab.livenode import DEVICE, live_node, model_bytes, prepare
from tests.lab.options import monitor_options
from tests.lab.unixnode import UnixNode
from xnornode.cli import monitor
from xnornode.errors import LinkError, LinkLost
from xnornode.link import arrivals, messages
from xnornode.link import monitor as monitor_module
from xnornode.link.connect import connect
from xnornode.link.framing import seal
from xnornode.link.messages import End, Ready
from xnornode.link.monitor import Monitor
from xnornode.link.protocol import Session
from xnornode.link.push import Push, push
from xnornode.link.stream import Stream

COMMAND = str(Path(sys.executable).parent / "xnornode")
MODEL = model_bytes(1)


def take(monitor: Monitor, count: int) -> list:
    """So many predictions."""
    out = []
    for p in monitor:
        out.append(p)
        if len(out) == count:
            return out
    raise AssertionError("it ended")


def test_all_predictions_arrive(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (_, bridge), Monitor(bridge.url) as monitor:
        got = take(monitor, 500)
        assert [p.seq for p in got] == list(range(got[0].seq, got[0].seq + 500))
        assert monitor.lost == monitor.damaged == monitor.restarts == 0
        assert all(p.label == f"class {p.index}" for p in got)
        assert all(p.scores[p.index] == max(p.scores) for p in got)
        assert (got[0].model, got[0].revision) == ("net 1", 1), "the node's `ready` was heard"
        assert got[0].time <= got[-1].time <= time.time()


@pytest.mark.parametrize(
    ("fault", "damaged"),
    [
        (Fault(Kind.DROP, TO_HOST, 5000, size=1), 1),
        (Fault(Kind.DROP, TO_HOST, 5000, size=700), 1),
        (Fault(Kind.FLIP, TO_HOST, 5000, bit=0), 1),
        (Fault(Kind.TRUNCATE, TO_HOST, 5000), 1),
        (Fault(Kind.INSERT, TO_HOST, 5, after=b'"}\n', nth=30, data=b"noise\r\n"), 0),
    ],
)
def test_each_lost_line_is_counted(tmp_path, fault, damaged):
    """What the node made is what came and what was lost, to the line."""
    with live_node(tmp_path / "node", MODEL, [fault]) as (_, bridge), Monitor(bridge.url) as m:
        got = take(m, 300)
        assert bridge.fired == [fault]
        assert m.lost > 0 and m.damaged >= damaged
        assert got[-1].seq == m.predictions + m.lost - 1
        assert sum(p.lost for p in got) == m.lost


def test_the_node_restarts(tmp_path):
    """What it made after that and before the port was open again is lost, and counted."""
    faults = [Fault(Kind.RESTART, TO_HOST, 20_000)]
    with live_node(tmp_path / "node", MODEL, faults) as (_, bridge), Monitor(bridge.url) as monitor:
        got = take(monitor, 2000)
        assert monitor.restarts == monitor.reconnections == 1
        before = max(i for i in range(1, 400) if got[i].seq == i)
        assert got[before].seq < 250
        assert monitor.lost == got[before + 1].seq
        assert [p.seq for p in got[before + 1 :]] == [*range(got[before + 1].seq, got[-1].seq + 1)]


def test_the_port_goes_away_and_comes_back(tmp_path):
    faults = [Fault(Kind.DISCONNECT, TO_HOST, at) for at in (4_000, 16_000)]
    node = live_node(tmp_path / "node", MODEL, faults, realtime=True)
    with node as (_, bridge), Monitor(bridge.url) as monitor:
        got = take(monitor, 300)
        assert monitor.reconnections == 2 and monitor.restarts == 0
        assert got[-1].seq == monitor.predictions + monitor.lost - 1 and monitor.lost > 0


def test_the_port_does_not_come_back(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (_, bridge):
        monitor = Monitor(bridge.url, reconnect=0.5)
        assert take(monitor, 1)
    with pytest.raises(LinkError, match="is not there"):
        take(monitor, 10_000)
    monitor.close()
    with pytest.raises(LinkError, match="is not there"):
        Monitor("socket://127.0.0.1:9")


def test_numbers_go_on_over_a_new_model(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (_, bridge):
        seen = []
        with connect(bridge.url, on_event=seen.append) as session:
            Push(model_bytes(2)).over(session)
            while not any(isinstance(e, Ready) and e.model == "net 2" for e in seen):
                seen.append(session.receive(10))
            for _ in range(20):
                seen.append(session.receive(10))
        numbers = [e.seq for e in seen if isinstance(e, messages.Prediction)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        switch = next(e for e in seen if isinstance(e, Ready) and e.model == "net 2")
        assert switch.seq in numbers


def test_a_slow_reader_does_not_hold_up_the_node(tmp_path, monkeypatch):
    """It keeps so many events and drops the oldest; what it dropped is lost, to the line."""
    monkeypatch.setattr(arrivals, "QUEUE", 50)
    with live_node(tmp_path / "node", MODEL) as (_, bridge), Monitor(bridge.url) as monitor:
        first = take(monitor, 1)[0]
        carried = bridge.carried[TO_HOST]
        while bridge.carried[TO_HOST] < carried + 100_000:
            time.sleep(0.01)
        got = take(monitor, 60)
        assert monitor.dropped > 100 and len(monitor._arrivals) <= 50
        assert got[-1].seq - first.seq == 60 + monitor.lost


def test_closing_ends_the_iteration(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (node, bridge):
        monitor = Monitor(bridge.url)
        for p in monitor:
            if p.seq > 20:
                monitor.close()
                break
        push(bridge.url, model_bytes(2))  # the port is free again
        assert node.running


def lines(bridge: Bridge, *arguments: str) -> list[str]:
    command = [COMMAND, "monitor", "--port", bridge.url, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "the node runs net 1" in done.stderr or "predictions, 0 lost" in done.stderr
    return done.stdout.splitlines()


def test_formats(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (_, bridge):
        objects = [json.loads(line) for line in lines(bridge, "--count", "20")]
        assert [o["seq"] for o in objects] == list(range(objects[0]["seq"], objects[0]["seq"] + 20))
        rows = list(
            csv.DictReader(io.StringIO("\n".join(lines(bridge, "--format=csv", "--count=9"))))
        )
        assert len(rows) == 9
        assert [int(s) for s in rows[0]["scores"].split()][int(rows[0]["index"])] > -10_000
        assert rows[0]["label"].startswith("class ")
        text = lines(bridge, "--format", "text", "--count", "3")
        assert len(text) == 3 and " us  [" in text[0]


def test_ctrl_c_ends_it_well(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (node, bridge):
        command = [COMMAND, "monitor", "--port", bridge.url]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert json.loads(process.stdout.readline())["label"]
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            said = process.stderr.read()
        assert process.returncode == 0
        assert "predictions, 0 lost" in said and "Traceback" not in said
        assert node.running


def test_head_ends_it_well(tmp_path):
    with live_node(tmp_path / "node", MODEL) as (_, bridge):
        command = f"{COMMAND} monitor --port {bridge.url} | head -n 2"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
        assert len(done.stdout.splitlines()) == 2
        assert "Traceback" not in done.stderr


def test_it_says_when_nothing_comes(tmp_path, monkeypatch, capsys):
    program = tmp_path / "idle.py"
    program.write_text("import time\nwhile True:\n    time.sleep(1)\n")
    monkeypatch.setattr(monitor, "SILENCE", 0.5)
    with UnixNode([program], tmp_path, [DEVICE]) as node, Bridge(node.fd) as bridge:
        options = monitor_options("--format=json", f"--port={bridge.url}")

        def interrupt(text, say=monitor.say):
            say(text)
            if "nothing comes" in text:
                raise KeyboardInterrupt

        monkeypatch.setattr(monitor, "say", interrupt)
        assert monitor.run(options) == 0
    assert "xnornode doctor" in capsys.readouterr().err


def test_the_end_of_a_recording_is_no_loss(tmp_path):
    program = prepare(tmp_path / "node", MODEL, repeat=False, waits=True)
    with UnixNode([program], tmp_path / "node", [DEVICE]) as node, Bridge(node.fd) as bridge:
        monitor = Monitor(bridge.url)
        while not isinstance(event := monitor.event(20), End):
            assert event, "the recording ends"
        assert event.count == monitor.predictions and monitor.lost == 0
        monitor.close()


class LinePort:
    """A port on which lines come, one after the other and without end."""

    name, is_open = "lines", True

    def __init__(self, *lines: bytes) -> None:
        self.lines, self.rest, self.timeout = itertools.cycle(lines), b"", 0.0
        self.read_bytes = 0

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def read(self, size: int) -> bytes:
        while len(self.rest) < size:
            self.rest += next(self.lines)
        data, self.rest = self.rest[:size], self.rest[size:]
        self.read_bytes += size
        return data


def monitor_of(monkeypatch, port) -> Monitor:
    monkeypatch.setattr(monitor_module, "open_port", lambda url: port)
    return Monitor("lines")


def prediction(label: str, scores: int = 1) -> bytes:
    fields = {"seq": 1, "ms": 1, "label": label, "index": 0, "scores": [7] * scores, "us": 1}
    return seal(b'{"event":"prediction",' + json.dumps(fields)[1:-1].encode())


class LeavingPort(LinePort):
    """A port that goes away after some bytes."""

    def read(self, size: int) -> bytes:
        data, self.rest = self.rest[:size], self.rest[size:]
        if not data and size == 1:
            raise serial.SerialException("gone")
        return data


@pytest.mark.parametrize(("cut", "comes"), [(0, True), (1, True), (2, False), (9, False)])
def test_a_line_whose_end_went_away_with_the_port_is_whole(cut, comes):
    port, line = LeavingPort(), seal(b'{"event":"error","error":"model refused"')
    port.rest = line[: len(line) - cut]
    session = Session(Stream(port))
    if comes:
        assert isinstance(session.receive(20), messages.Error)
    with pytest.raises(LinkLost):
        session.receive(20)


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "line", [b"x" * 4096, b"x\n", b'{"event":"end"}\n', prediction("a"), seal(b'{"event":"y"')]
)
def test_it_ends_whatever_comes(monkeypatch, line):
    port = LinePort(line)
    with monitor_of(monkeypatch, port) as monitor:
        wait_for(lambda: port.read_bytes > 100_000)
    assert not monitor._thread.is_alive()


def test_large_lines_fill_no_memory(monkeypatch):
    """The queue is bounded in bytes, also where few events fill it."""
    monkeypatch.setattr(arrivals, "QUEUE_BYTES", 100_000)
    line = prediction("x" * 4000, 200)
    port = LinePort(line)
    with monitor_of(monkeypatch, port) as monitor:
        wait_for(lambda: port.read_bytes > 1_000_000)
        kept = len(monitor._arrivals)
        assert 0 < kept <= 100_000 // len(line) + 1 and monitor.dropped > 50
        with monitor._arrivals._changed:
            kept = sum(arrival.size for arrival in monitor._arrivals._queue)
            assert monitor._arrivals.bytes == kept <= 100_000


def test_a_reading_thread_that_fails_says_so(monkeypatch):
    def fail(self, seconds):
        raise RuntimeError("no \x1b[2Jsuch thing")

    monkeypatch.setattr(monitor_module.Session, "receive", fail)
    monitor = monitor_of(monkeypatch, LinePort(b"x"))
    with pytest.raises(LinkError, match=r"reading lines failed: RuntimeError: no \\x1b\[2Jsuch"):
        monitor.event(20)
    monitor.close()


@pytest.mark.parametrize("label", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r=1", '="a"'])
def test_a_label_is_no_formula(monkeypatch, capsys, label):
    """A spreadsheet shows it."""
    port = LinePort(prediction(label))
    monkeypatch.setattr(monitor_module, "open_port", lambda url: port)
    options = monitor_options("--format=csv", "--port=lines", "--count=3")
    assert monitor.run(options) == 0
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        assert row["label"][0] in "'\\" and row["label"].isprintable()
        assert row["scores"] == "7"
