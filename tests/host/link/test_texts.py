"""What a node prints beside its lines: all of it comes, marked, and costs no prediction."""

import itertools

import pytest

from tests.lab.bridge import Bridge
from tests.lab.line_port import Port
from tests.lab.livenode import DEVICE
from tests.lab.unixnode import UnixNode
from xnornode.errors import LinkError
from xnornode.link import arrivals
from xnornode.link import monitor as monitor_module
from xnornode.link.arrivals import Arrival, Arrivals
from xnornode.link.framing import EVENT, seal, take_apart
from xnornode.link.guard import LONGEST_LINE, Filter, to_host
from xnornode.link.messages import End, Prediction, Source
from xnornode.link.monitor import Monitor
from xnornode.link.protocol import Session
from xnornode.link.stream import Stream
from xnornode.link.texts import LINES, LONGEST, TRACEBACK, Texts

END = seal(b'{"event":"end","count":3').strip()
SOURCE = seal(b'{"event":"source","name":"r {\\"event\\":0}"').strip()


def follow(data: bytes, monkeypatch, **options) -> tuple[list, list[str]]:
    """What a monitor gives of a port until that goes away: events, and texts."""
    ports = iter([Port(data, **options)])

    def open_port(url):
        try:
            return next(ports)
        except StopIteration:
            raise LinkError("gone for good") from None

    monkeypatch.setattr(monitor_module, "open_port", open_port)
    monkeypatch.setattr(monitor_module, "GLANCE", 0.01)
    texts: list[str] = []
    events = []
    with Monitor("port", reconnect=0.0, on_text=texts.append) as monitor:
        with pytest.raises(LinkError, match="gone for good"):
            while event := monitor.event(20):
                events.append(event)
        assert monitor.damaged == 0
    return events, texts


@pytest.mark.quick
@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        (b"t = 3" + END, [b"t = 3", "end"]),
        (b'{"a": 1} ' + END, [b'{"a": 1} ', "end"]),
        (b"{" * 50 + END, [b"{" * 50, "end"]),
        (EVENT * 50 + END, [EVENT * 50, "end"]),
        (b'x,"crc":"00000000"}' + END, [b'x,"crc":"00000000"}', "end"]),
        (b"\xc3" + END, [b"\xc3", "end"]),
        (END + b"more", ["end", b"more"]),
        (END + END + SOURCE, ["end", "end", "source"]),
        (b"1" + END + b"2" + SOURCE + b"3", [b"1", "end", b"2", "source", b"3"]),
        (END[:-5] + SOURCE, [END[:-5], "source"]),
        (END[4:] + SOURCE, [END[4:], "source"]),
        (b"", []),
    ],
)
def test_the_pieces_of_a_line(line, pieces):
    found = take_apart(line)
    assert [p if isinstance(p, bytes) else p["event"] for p in found] == pieces


@pytest.mark.quick
def test_a_line_of_many_starts_and_ends_takes_no_time_that_grows_with_its_square():
    """At most five starts are tried between two ends, each once: the CRC is taken of little."""
    piece = EVENT + b',"crc":"00000000"}'
    count = LONGEST_LINE // len(piece)
    assert take_apart(piece * count + END)[-1]["event"] == "end"
    assert len(take_apart(EVENT * (LONGEST_LINE // 9) + END)) == 2


@pytest.mark.quick
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("step", [1, 13, 4096])
def test_texts_around_objects_come_in_their_order(monkeypatch, end, step):
    data = end.join(
        [b"boot", b"t = 3" + END, b"", b"\xc2\xb0\x1b[2J" + SOURCE + b"x" + END, b"\xc2", b"tail"]
    )
    events, texts = follow(data, monkeypatch, step=step)
    assert events == [End(3), Source('r {"event":0}'), End(3)]
    assert texts == ["boot", "t = 3", "°\\x1b[2J", "x", "\\xc2", "tail"]


@pytest.mark.quick
@pytest.mark.parametrize("size", [10, LONGEST_LINE - 60, LONGEST_LINE, 1_000_000])
@pytest.mark.parametrize("char", [b"x", b"{", b"\xff", EVENT])
def test_a_print_without_an_end_may_be_of_any_length(char, size):
    """Neither a session nor a guard loses the object behind it, and neither keeps it all."""
    data = (char * size)[:size]
    came: list[bytes] = []
    session = Session(Stream(Port(data + END + b"\n", 4096, goes=False)), on_text=came.append)
    assert session.receive(20) == End(3)
    assert len(session.pending) <= LONGEST_LINE
    if char != EVENT:
        assert session.damaged == 0 and b"".join(came) == data
    guard = Filter(to_host)
    assert list(guard.feed(data + END + b"\n")) == [END + b"\n"]


@pytest.mark.quick
def test_what_is_left_of_a_damaged_line_is_no_text(monkeypatch):
    came: list[bytes] = []
    lines = [END[:30], b"print " + END[:-3], END[20:], END.replace(b"3", b"4"), SOURCE]
    session = Session(Stream(Port(b"\n".join(lines) + b"\n", goes=False)), on_text=came.append)
    assert isinstance(session.receive(20), Source)
    assert session.damaged == 3 and came == [b"print "]


@pytest.mark.quick
def test_a_traceback_is_one_text():
    texts = Texts()
    came = [text for line in _traceback(3) for text in texts.add(line)]
    assert came == [
        "t = 3",
        "\n".join(line.decode() for line in _traceback(3)).removeprefix("t = 3"),
    ]
    came = [text for line in _traceback(500) for text in texts.add(line)]
    assert [text.count("\n") for text in came[1:3]] == [LINES - 1, 0]
    assert not texts.is_open


def _traceback(depth: int) -> list[bytes]:
    files = [b'  File "main.py", line %d, in f' % k for k in range(depth)]
    return [b"t = 3" + TRACEBACK.encode(), *files, b"ValueError: no"]


@pytest.mark.quick
def test_a_long_text_is_cut():
    (text,) = Texts().add(b"\x1b" * 100_000)
    assert len(text) == LONGEST + 1 and text.endswith("\u2026")


@pytest.mark.quick
def test_a_traceback_whose_end_does_not_come_is_shown(monkeypatch):
    """Its port stays, and nothing more comes."""
    monkeypatch.setattr(monitor_module, "GLANCE", 0.01)
    monkeypatch.setattr(
        monitor_module, "open_port", lambda url: Port(TRACEBACK.encode() + b"\n", goes=False)
    )
    texts: list[str] = []
    with Monitor("port", on_text=texts.append) as monitor:
        while not texts:
            assert monitor.event(0.01) is None
    assert texts == [TRACEBACK]


@pytest.mark.quick
def test_a_flood_of_texts_costs_no_event(monkeypatch):
    monkeypatch.setattr(arrivals, "TEXT_BYTES", 1000)
    queue = Arrivals()
    for number in range(100):
        queue.put(Arrival("x" * 100, size=100))
        queue.put(Arrival(Prediction(number, 0, "a", 0, (1,), 1), size=90))
    assert queue.dropped == 0 and queue.dropped_texts == 90 and len(queue) == 110
    got = [queue.get(0.0).what for _ in range(110)]
    assert [event.seq for event in got if isinstance(event, Prediction)] == [*range(100)]


@pytest.mark.quick
def test_a_flood_of_texts_holds_up_no_reader(monkeypatch):
    """Where prints come without end and faster than they are shown, waits end all the same."""
    flood = Port(b"", goes=False)
    lines = itertools.repeat(b"print\n" * 500)
    flood.read = lambda size: next(lines)[:size]
    monkeypatch.setattr(monitor_module, "open_port", lambda url: flood)
    monkeypatch.setattr(monitor_module, "GLANCE", 0.01)
    with Monitor("port", on_text=lambda text: None) as monitor:
        assert monitor.event(0.05) is None


@pytest.mark.quick
def test_the_echo_of_our_own_command_is_no_text():
    texts = Texts()
    for line in (b'>>> {"cmd":"hello","id":0,"crc":"fbdb9e3a"}', b"{'id': 0, 'cmd': 'hello'}"):
        assert texts.add(line) == []


PROGRAM = """
import sys
from xnornode.events import emit

sys.stdin.readline()
print("t =", 21.5, end=" ")
for seq in range(2):
    emit("prediction", seq=seq, ms=seq, label="wave", index=0, scores=[9], us=5)
print("\\x1b[2J\\u00b0C")
emit("warning", kind="rate", warning="too fast")


def loop():
    raise ValueError("no sensor")


try:
    loop()
except ValueError as error:
    sys.print_exception(error)
emit("end", count=2)
sys.stdin.readline()
"""


def test_prints_and_tracebacks_of_a_node(tmp_path):
    program = tmp_path / "main.py"
    program.write_text(PROGRAM)
    texts: list[str] = []
    events = []
    with (
        UnixNode([program], tmp_path, [DEVICE]) as node,
        Bridge(node.fd) as bridge,
        Monitor(bridge.url, on_text=texts.append) as monitor,
    ):
        while not isinstance(event := monitor.event(20), End):
            assert event, "the last line comes"
            events.append(event)
        assert monitor.predictions == 2 and monitor.lost == monitor.damaged == 0
    assert [type(event).__name__ for event in events] == ["Prediction", "Prediction", "Caution"]
    traceback = texts.pop()
    assert texts == ["t = 21.5", "\\x1b[2J°C"]
    lines = traceback.splitlines()
    assert lines[0] == TRACEBACK and lines[-1] == "ValueError: no sensor" and len(lines) >= 4
