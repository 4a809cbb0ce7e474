"""Nodes that send what no node sends: nothing but an XnorNodeError comes out, and no raw text."""

import csv
import io
import json
import random
import re
import tempfile
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.faultlab import lab_models
from tests.lab.line_protocol import read_point
from tests.lab.odd_events import answering, odd_events, some_odd_events
from tests.lab.options import monitor_options
from tests.lab.talkers import LyingNode
from xnornode.cli import monitor as monitor_command
from xnornode.cli import monitor_formats
from xnornode.cli.main import main
from xnornode.errors import XnorNodeError
from xnornode.link import arrivals
from xnornode.link import monitor as monitor_module
from xnornode.link.collect import Collector
from xnornode.link.connect import connect
from xnornode.link.diagnose import examine
from xnornode.link.framing import seal, unseal
from xnornode.link.guard import LONGEST_LINE, Filter, to_host
from xnornode.link.messages import Models, Switched, Unknown
from xnornode.link.monitor import Monitor
from xnornode.link.parsing import expect, parse
from xnornode.link.push import Push
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes

pytestmark = pytest.mark.quick

MODEL = to_bytes(lab_models()[0])
SHORT = Timing(
    hello=0.2, hello_tries=2, interrupt=0.2, answer=0.3, answer_tries=2, ack=0.3, settle=0.1,
    tries=3, breaks=1, reconnect=1.0, stall=3.0,
)  # fmt: skip
LAST = seal(b'{"event":"error","error":"that was the last line"')
LONGEST = 60.0
"""Seconds of the clock that a command may take."""


class OnePass:
    """A port on which lines come, once, in pieces of odd sizes."""

    name, write_timeout, timeout = "lines", 0.0, 0.0

    def __init__(self, data: bytes, seed: int = 0) -> None:
        self.data, self.draw = io.BytesIO(data), random.Random(seed)

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def read(self, size: int) -> bytes:
        piece = self.data.read(min(size, self.draw.choice([1, 700, 4096])))
        if not piece:
            time.sleep(0.001)
        return piece


def check_shown(text: str) -> None:
    """Nothing in it moves the cursor, or turns the direction of text."""
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines), [x for x in lines if not x.isprintable()][:1]


def follow(monkeypatch, capsys, form: str, data: bytes) -> tuple[str, str, Monitor]:
    """`xnornode monitor` on a port from which this comes; what it wrote, and its monitor."""
    monkeypatch.setattr(monitor_module, "open_port", lambda url: OnePass(data + b"\n" + LAST))
    made = []

    class Watched(Monitor):
        def __init__(self, url: str, **options) -> None:
            super().__init__(url, **options)
            made.append(self)

        def event(self, seconds: float | None = None):
            assert self._thread.is_alive() or self._events, "its thread stays"
            event = super().event(20)
            if getattr(event, "error", "") == "that was the last line":
                raise KeyboardInterrupt
            return event

    monkeypatch.setattr(monitor_command, "Monitor", Watched)
    monkeypatch.setattr(arrivals, "QUEUE", 1 << 30)  # nothing is dropped: all is shown
    monkeypatch.setattr(arrivals, "QUEUE_BYTES", 1 << 30)
    options = monitor_options(f"--format={form}", "--port=lines", "--show=all", "--node=n")
    assert monitor_command.run(options) == 0
    assert not made[0]._thread.is_alive()
    captured = capsys.readouterr()
    return captured.out, captured.err, made[0]


@pytest.mark.parametrize("form", monitor_command.FORMATS)
def test_a_monitor_shows_no_raw_text_of_any_event(monkeypatch, capsys, form):
    lines = [line for _, line in odd_events()]
    random.Random(form).shuffle(lines)
    out, err, monitor = follow(monkeypatch, capsys, form, b"".join(lines))
    check_shown(out)
    check_shown(err)
    assert monitor.predictions > 20, "what is as it should be is shown"
    assert 0 <= monitor.lost < 10**6 and 0 <= monitor.restarts <= len(lines)
    if form == "json":
        assert all(0 <= json.loads(line).get("lost", 0) < 10**6 for line in out.splitlines())
    if form == "csv":
        rows = list(csv.reader(io.StringIO(out)))
        assert {len(row) for row in rows} == {len(monitor_formats.COLUMNS)}
        named = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        cells = [row[key] for row in named for key in ("label", "model")]
        assert not [c for c in cells if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", c)]
        predictions = [row for row in named if row["event"] == "prediction"]
        assert all(re.fullmatch(r"-?\d+( -?\d+)*", row["scores"]) for row in predictions)
    if form == "influx":
        points = [read_point(line) for line in out.splitlines()]
        assert len({point.nanoseconds for point in points}) == len(points) > 20
    if form == "prometheus":
        families = {f.name: f for f in text_string_to_metric_families(out)}
        assert sum(s.value for s in families["xnornode_predictions"].samples) > 20


def test_a_guard_passes_nothing_odd():
    lines = [line for _, line in odd_events()]
    random.Random(1).shuffle(lines)
    node = Filter(to_host)
    passed = list(node.feed(b"".join(lines) + b"\n"))
    assert passed and node.dropped
    again = Filter(to_host)
    for line in passed:
        assert line.isascii() and line[:-1].decode().isprintable() and len(line) <= LONGEST_LINE
        event = parse(unseal(line))
        assert not isinstance(event, Unknown), line[:100]
        assert list(again.feed(line)) == [line], "what passes is as it should be"


def test_what_is_kept_of_a_line_is_no_larger_than_the_line():
    """Text that is shown by its numbers counts as it is shown."""
    for name, line in odd_events():
        fields = unseal(line)
        if fields:
            assert len(repr(parse(fields))) < 2 * len(line) + 1000, name


class OddNode(LyingNode):
    """Says an odd line before each answer, or instead of the answers to one kind of line."""

    def __init__(self, node, draw, part: bytes, lines) -> None:
        super().__init__(node, {})
        self._draw, self._part, self._lines = draw, part, lines

    def _answer(self, line: bytes) -> bytes:
        number = re.search(rb'"id":(\d+)', line)
        odd = b"".join(answering(text, number[1] if number else b"0") for _, text in self._lines)
        if self._part in line:
            return odd
        return odd * (self._draw.random() < 0.2) + self.node.answers(line)


def push_it(session) -> None:
    Push(MODEL, timing=SHORT).over(session)


def roll_back(session) -> None:
    previous = expect(Models, session.request("list")).previous
    expect(Switched, session.request("rollback", to=previous.sha256 if previous else "0" * 64))


def collect(session) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Collector(Path(folder)).collect(session)


WORK = {
    "push": (push_it, [b'"cmd":"hello"', b'"cmd":"begin"', b'{"push":', b'"cmd":"end"']),
    "list": (lambda s: expect(Models, s.request("list")), [b'"cmd":"hello"', b'"cmd":"list"']),
    "rollback": (roll_back, [b'"cmd":"list"', b'"cmd":"rollback"']),
    "collect": (collect, [b'"cmd":"kept"', b'"cmd":"fetch"']),
}


@pytest.mark.parametrize("name", WORK)
def test_nothing_but_our_errors_comes_out_of_a_session(plug, clock, node, name):
    """200 odd events a command: 800 in all."""
    work, parts = WORK[name]
    draw = random.Random(name)
    for said, line in some_odd_events(200, len(name)):
        plug(OddNode(node, draw, draw.choice(parts), [(said, line)]))
        start = clock.now
        try:
            with connect("talker", SHORT) as session:
                work(session)
        except XnorNodeError as error:
            check_shown(str(error))
        assert clock.now - start < LONGEST, said


def test_doctor_finds_something_in_any_node(plug, clock, node):
    draw = random.Random(1)
    for said, line in some_odd_events(50, 1):
        plug(OddNode(node, draw, draw.choice([b"hello", b"list", b"no"]), [(said, line)]))
        start = clock.now
        for finding in examine("talker", SHORT):
            check_shown(finding.text)
        assert clock.now - start < LONGEST, said


@pytest.mark.parametrize("command", ["push", "list", "rollback", "doctor", "keep", "collect"])
def test_commands_end_without_a_traceback(plug, clock, node, tmp_path, capsys, command):
    """The whole command, with ten odd lines each time a line is answered."""
    path = tmp_path / "model.bnn"
    path.write_bytes(MODEL)
    draw = random.Random(command)
    for seed in range(5):
        plug(OddNode(node, draw, b"no", some_odd_events(10, seed)))
        start = clock.now
        more = {"push": [str(path)], "collect": ["-o", str(tmp_path / "data")]}.get(command, [])
        assert main([command, *more, "--port", "talker"]) in (0, 1)
        assert clock.now - start < LONGEST
    captured = capsys.readouterr()
    check_shown(captured.out)
    check_shown(captured.err)
    assert "Traceback" not in captured.err
