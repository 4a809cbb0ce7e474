"""Raw samples of a node: all of them arrive, losses are counted, the node stays as it was."""

from base64 import b64encode
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.lab.faults import TO_HOST, Fault, Kind
from tests.lab.recordlab import counting_node, expected
from xnornode.errors import LinkError, LinkLost
from xnornode.link import recording
from xnornode.link.connect import connect
from xnornode.link.messages import End, Error, Event, Prediction, Refusal, Samples, Streaming
from xnornode.link.monitor import Monitor
from xnornode.link.recording import ASKED, RENEW, SILENCE, Block, SampleStream, streaming
from xnornode.link.take import RateMeter, Take


def collect(stream, count):
    """Blocks with so many samples in all."""
    blocks = []
    while sum(len(block.samples) for block in blocks) < count:
        blocks.append(stream.read(10))
        assert blocks[-1]
    return blocks


def joined(blocks):
    return np.concatenate([block.samples for block in blocks])


@pytest.mark.parametrize("mode", ["serve", "loop"])
def test_all_samples_arrive(tmp_path, mode):
    with counting_node(tmp_path, mode) as (_, bridge):
        with streaming(bridge.url) as stream:
            assert stream.info.sensor == "counting" and stream.info.rate_mhz == 1_000_000
            assert stream.info.channels == ("ch0 (g)", "ch1 (g)")
            assert stream.info.scales == (122070, 122071)
            assert stream.info.classifies == (mode == "loop") and stream.info.port is None
            found = joined(blocks := collect(stream, 700))
        assert np.array_equal(found, expected(found[0, 0] // 7, len(found)))
        assert not any(block.lost or block.broken for block in blocks)
        assert blocks[-1].taken == len(found)
        with connect(bridge.url) as session:  # the stream has ended, the node takes commands
            assert session.hello.running == (mode == "loop")


@pytest.mark.parametrize(("rate", "classifies"), [(500, True), (2500, False)])
def test_a_program_classifies_where_it_has_time(tmp_path, rate, classifies):
    """And goes on classifying after the stream in any case."""
    seen = []
    with counting_node(tmp_path, "loop", rate=rate) as (_, bridge):
        with streaming(bridge.url, on_event=seen.append) as stream:
            assert stream.info.classifies == classifies
            stream.read(10)
            seen.clear()  # what it had classified before the stream
            blocks = collect(stream, rate)
        assert not any(block.lost for block in blocks)
        assert any(isinstance(event, Prediction) for event in seen) == classifies
        with Monitor(bridge.url) as monitor:
            assert next(iter(monitor)).label


def test_what_the_node_did_not_read_is_counted(tmp_path):
    with (
        counting_node(tmp_path, loses=(300, 41)) as (_, bridge),
        streaming(bridge.url) as stream,
    ):
        blocks = collect(stream, 500)
    found = joined(blocks)
    assert np.array_equal(found[:300], expected(0, 300))
    assert np.array_equal(found[300:], expected(341, len(found) - 300))
    (lost,) = [block for block in blocks if block.lost]
    assert lost.broken and lost.lost == 41 and lost.samples[0, 0] == expected(341, 1)[0, 0]
    assert blocks[-1].taken == len(found) + 41


@pytest.mark.parametrize("kind", [Kind.FLIP, Kind.DROP, Kind.TRUNCATE])
def test_a_line_that_is_damaged_is_counted(tmp_path, kind):
    fault = Fault(kind, TO_HOST, at=200, after=b'"samples"', nth=3)
    with (
        counting_node(tmp_path, faults=[fault]) as (_, bridge),
        streaming(bridge.url) as stream,
    ):
        blocks = collect(stream, 800)
    found = joined(blocks)
    (at,) = np.flatnonzero(np.diff(found[:, 0].astype(int)) != 7) + 1
    (lost,) = [block for block in blocks if block.lost]
    assert lost.broken and lost.lost == (found[at, 0] - found[at - 1, 0]) // 7 - 1 > 50
    assert lost.taken == blocks[-1].taken - sum(
        len(block.samples) for block in blocks[blocks.index(lost) + 1 :]
    )


def test_a_sensor_that_fails_ends_the_stream_with_its_reason(tmp_path):
    with counting_node(tmp_path, fails=200) as (_, bridge):
        with (
            pytest.raises(LinkError, match="the wire has come off"),
            streaming(bridge.url) as stream,
        ):
            collect(stream, 1000)
        with streaming(bridge.url) as stream:  # the receiver is there
            collect(stream, 100)


class Answers:
    """A session with a node that has said all that it says."""

    stream = SimpleNamespace(recent=b"")
    on_event = None

    def __init__(self, at: int, events: list[Event]):
        self.at, self.events, self.told = at, events, []

    def request(self, name, **fields):
        return Streaming(1, "s", ("x (g)",), (1,), 100_000, "", self.at, None, False, 9)

    def tell(self, name, **fields):
        self.told.append((name, fields))

    def receive(self, seconds):
        return self.events.pop(0) if self.events else None


def line(seq, at, count=2, overruns=0, gaps=0):
    data = b64encode(np.arange(at, at + count).astype("<i2").tobytes()).decode()
    return Samples(seq, at, 10 * seq, overruns, gaps, data)


def lost(at: int, *lines) -> list[tuple[bool, int]]:
    stream = SampleStream(Answers(at, [*lines]))
    blocks = [stream.read(0) for _ in lines]
    return [(block.broken, block.lost) for block in blocks]


@pytest.mark.quick
def test_losses_by_the_numbers_of_lines():
    whole = (False, 0)
    assert lost(0, line(0, 0), line(1, 2), line(2, 4)) == [whole] * 3
    assert lost(0, line(0, 0), line(2, 4)) == [whole, (True, 2)]
    assert lost(0, line(1, 2)) == [(True, 2)]  # the first one
    assert lost(0, line(0, 0), line(1, 2, 2, 3, 1)) == [whole, (True, 3)]
    assert lost(0, line(0, 0), line(1, 2, 2, 0, 1)) == [whole, (True, 0)]  # nobody knows how many
    assert lost(0, line(0, 0), line(2, 4, 2, 5, 1)) == [whole, (True, 7)]
    # A stream that was on already
    assert lost(500, line(90, 500, 2, 7, 3), line(91, 502, 2, 7, 3)) == [whole, whole]
    # A node that has started again, at once
    assert lost(0, line(0, 0), line(1, 2), line(0, 0)) == [whole, whole, (True, 0)]


@pytest.mark.quick
def test_what_is_missing_between_two_streams_is_told_by_time_and_rate(monkeypatch):
    """Another program has ended the stream, or the node has started again: at 100 Hz here."""
    first, second = line(0, 0), line(1, 2)  # at 0 and 10 ms
    again = replace(line(0, 0), ms=3030)
    assert lost(0, first, second, again)[2] == (True, 300)
    short = replace(line(0, 5), ms=3030)  # whose first lines are lost as well
    assert lost(0, first, second, short)[2] == (True, 300)
    now = [50.0]
    monkeypatch.setattr(recording.time, "monotonic", lambda: now[0])
    stream = SampleStream(Answers(0, [replace(first, ms=9000), line(0, 0)]))
    stream.read(0)
    now[0] += 2.0
    block = stream.read(0)
    assert block.broken and block.lost == 198, "by this clock, as the node's has begun again"
    take = Take(stream.info, 1.0)
    for part in (Block(block.samples, False, 0, 2, 9000), block):
        take.add(part)
    assert take.lost == 198 and "198 samples are missing" in take.warnings()[0]


@pytest.mark.quick
def test_a_line_of_half_a_sample_is_a_lost_one():
    odd = Samples(1, 2, 10, 0, 0, "AAAA")
    stream = SampleStream(Answers(0, [line(0, 0), odd, line(2, 4)]))
    assert [stream.read(0).broken, stream.read(0).broken] == [False, True]


@pytest.mark.quick
def test_a_stream_is_renewed_and_ends_where_nothing_comes(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(recording, "time", SimpleNamespace(monotonic=lambda: now[0]))
    session = Answers(0, [])
    stream = SampleStream(session)
    now[0] = RENEW + 0.1
    assert stream.read(0) is None and session.told == [("stream", {"seconds": ASKED})]
    assert stream.read(0) is None and len(session.told) == 1
    now[0] = SILENCE + 0.1
    with pytest.raises(LinkLost, match="no samples have come for 5 s"):
        stream.read(0)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Error("no wire"), "the node says: no wire"),
        (End(3), "no more samples"),
        (Streaming(1, "other", ("y (g)",), (1,), 1, "", 0, None, False, 9), "changed its sensor"),
        (Refusal(1, "sensor", "it is gone"), "it is gone; say which sensor"),
    ],
)
def test_what_ends_a_stream(event, reason):
    with pytest.raises(LinkError, match=reason):
        SampleStream(Answers(0, [event])).read(0)


@pytest.mark.quick
def test_a_program_that_failed_before_does_not_end_a_stream():
    class Resting(Answers):
        """A node without a model, which says so once more just before it takes the command."""

        def request(self, name, **fields):
            for event in (Error("no model"), End(3), line(0, 0)):
                self.on_event(event)
            return super().request(name, **fields)

    seen = []
    stream = SampleStream(Resting(0, []), seen.append)
    assert stream.read(0).taken == 2 and seen == [Error("no model"), End(3)]


def test_a_port_that_goes_away(tmp_path):
    fault = Fault(Kind.DISCONNECT, TO_HOST, at=100, after=b'"samples"', nth=5)
    with (
        counting_node(tmp_path, faults=[fault]) as (_, bridge),
        pytest.raises(LinkLost, match="went away"),
        streaming(bridge.url) as stream,
    ):
        collect(stream, 5000)


@pytest.mark.quick
def test_what_a_recording_says_of_itself():
    info = Streaming(1, "s" * 99, ("x (g)",), (1,), 100_000, "ab", 0, None, False, 511)
    take = Take(info, 0.06)
    assert take.wanted == 6
    stream = SampleStream(Answers(0, [line(0, 509), line(2, 513, 9, 3, 1)]))
    for _ in range(2):
        take.add(stream.read(0))
    file = take.file("n", "wave", "anna")
    assert file.recording.samples.ravel().tolist() == [509, 510, 513, 514, 515, 516]
    assert (file.breaks, file.lost, file.clipped, file.cut) == ((2,), 5, 4, False)
    assert len(file.sensor) == 64 and file.device == "ab" and file.time.endswith("Z")
    assert [text.split(":")[0] for text in take.warnings()] == [
        "5 samples are missing, at 1 places",
        "4 values are at an end of the sensor's range",
    ]
    with pytest.raises(LinkError, match="more than 1000 places"):
        take = Take(info, 1000)
        for n in range(1002):
            take.add(Block(np.zeros((1, 1), np.int16), True, 1, n, n))


@pytest.mark.quick
def test_the_rate_by_the_nodes_clock():
    meter = RateMeter()
    rng = np.random.default_rng(0)
    for n in range(3000):  # lines come unevenly
        meter.add(taken=10 * n, ms=97 * n + int(rng.integers(0, 60)))
    assert meter.rate == pytest.approx(10_000 / 97, rel=0.001)
    meter.add(taken=0, ms=0)  # the node has started again
    assert meter.rate == 0
    take = Take(Streaming(1, "s", ("x (g)",), (1,), 100_000, "", 0, None, False, 511), 9)
    for n in range(9):
        take.add(Block(np.zeros((10, 1), np.int16), False, 0, 10 * n, 110 * n))
    assert take.warnings() == ["the sensor gives 90.91 Hz, and says 100 Hz"]
