"""The serial line that the protocol is tested on: it does the harm asked for, and no other."""

import itertools
import os
import socket
import threading
import time

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.bridge import Bridge
from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind, Stall, Way

pytestmark = pytest.mark.quick

TEXT = b"".join(b"line %d\n" % i for i in range(30))


def through(faults, pieces, rate=0.0, seed=0):
    """What comes out of one way; bytes side by side as one."""
    way = Way(faults, rate, seed)
    events = []
    for piece in pieces:
        for event in way.feed(piece):
            if isinstance(event, bytes) and events and isinstance(events[-1], bytes):
                events[-1] += event
            else:
                events.append(event)
    return events, way


@pytest.mark.parametrize(
    ("fault", "out"),
    [
        (Fault(Kind.DROP, TO_NODE, 2, size=3), [b"li0\nline 1\n"]),
        (Fault(Kind.FLIP, TO_NODE, 0, bit=5), [b"Line 0\nline 1\n"]),
        (Fault(Kind.DUPLICATE, TO_NODE, 4, size=2), [b"linene 0\nline 1\n"]),
        (Fault(Kind.DUPLICATE, TO_NODE, 7, size=0), [b"line 0\nline 0\nline 1\n"]),
        (Fault(Kind.DUPLICATE, TO_NODE, 3, size=0), [b"line 0\nline 1\n"]),
        (Fault(Kind.INSERT, TO_NODE, 7, data=b"hello\n"), [b"line 0\nhello\nline 1\n"]),
        (Fault(Kind.TRUNCATE, TO_NODE, 2), [b"li\nline 1\n"]),
        (Fault(Kind.STALL, TO_NODE, 7, seconds=2), [b"line 0\n", Stall(2), b"line 1\n"]),
        (Fault(Kind.DISCONNECT, TO_NODE, 7), [b"line 0\n", Kind.DISCONNECT]),
        (Fault(Kind.RESTART, TO_NODE, 14), [b"line 0\nline 1\n", Kind.RESTART]),
        (Fault(Kind.DROP, TO_NODE, 1, after=b"ine", nth=2), [b"line 0\nline \n"]),
        (Fault(Kind.DISCONNECT, TO_NODE, after=b"1\n"), [b"line 0\nline 1\n", Kind.DISCONNECT]),
        (Fault(Kind.DROP, TO_NODE, 50), [b"line 0\nline 1\n"]),
    ],
    ids=str,
)
def test_each_kind(fault, out):
    events, way = through([fault], [b"line 0\nline 1\n"])
    assert events == out
    assert way.fired == ([fault] if fault.at < 50 else [])


FAULTS = st.builds(
    Fault,
    st.sampled_from(list(Kind)),
    st.just(TO_NODE),
    st.integers(0, len(TEXT)),
    st.sampled_from([b"", b"", b"line", b"2\n", b"\n"]),
    st.integers(1, 3),
    st.integers(0, 9),
    st.integers(0, 7),
    st.just(b"+"),
    st.just(1.0),
)


@given(
    st.lists(FAULTS, max_size=4),
    st.lists(st.integers(0, len(TEXT)), max_size=5),
    st.sampled_from([0.0, 1e-2]),
)
def test_how_the_bytes_are_cut_into_pieces_changes_nothing(faults, cuts, rate):
    lost = (Kind.DISCONNECT, Kind.RESTART)  # lose what the piece held, so they depend on it
    faults = [fault for fault in faults if fault.kind not in lost]
    at = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[a:b] for a, b in itertools.pairwise(at) if b > a]
    whole, one = through(faults, [TEXT], rate, 5)
    assert through(faults, pieces, rate, 5)[0] == whole
    assert one.position == len(TEXT)


def test_noise_turns_round_as_many_bits_as_it_says():
    (out,), _ = through([], [bytes(100)] * 10_000, rate=1e-3, seed=3)
    assert 7_600 < sum(byte.bit_count() for byte in out) < 8_400  # of 8 million; sigma is 90
    assert through([], [bytes(1000)], 1e-3, 3)[0] == through([], [bytes(1000)], 1e-3, 3)[0]
    assert through([], [bytes(1000)], 1e-3, 3)[0] != through([], [bytes(1000)], 1e-3, 4)[0]


class Echo:
    """A node: one client at a time, gets back what it sends."""

    def __init__(self):
        self.port = socket.create_server(("127.0.0.1", 0))
        self.address = self.port.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.port.accept()
            except OSError:
                return
            with client:
                while data := client.recv(1000):
                    client.sendall(data)


@pytest.fixture
def echo():
    made = Echo()
    yield made.address
    made.port.close()


def port(url):
    return serial.serial_for_url(url, timeout=60)


def test_a_clean_line_changes_nothing(echo):
    data = os.urandom(100_000)
    with Bridge(echo) as bridge, port(bridge.url) as host:
        writer = threading.Thread(target=host.write, args=(data,))
        writer.start()
        assert host.read(len(data)) == data
        writer.join()
    assert bridge.carried == {TO_NODE: len(data), TO_HOST: len(data)}


@pytest.mark.parametrize("pty", [False, True])
def test_the_port_goes_away_and_comes_back(echo, pty):
    faults = [Fault(Kind.DISCONNECT, TO_HOST, 3), Fault(Kind.DROP, TO_HOST, 8)]
    with Bridge(echo, faults, pty=pty) as bridge:
        with port(bridge.url) as host:
            host.write(b"abcdef")
            with pytest.raises(serial.SerialException):
                while host.read(1):
                    pass
        while not bridge.fired:
            time.sleep(0.01)
        with port(bridge.url) as host:
            host.write(b"ghijkl")
            assert host.read(5) == b"ghjkl"
    assert bridge.fired == faults


def test_a_second_host_is_turned_away_or_let_in(echo):
    with Bridge(echo) as bridge, port(bridge.url) as first:
        first.write(b"a")
        assert first.read(1) == b"a"
        with port(bridge.url) as second, pytest.raises(serial.SerialException):
            second.read(1)
    with Bridge(echo, shared=True) as bridge, port(bridge.url) as first, port(bridge.url) as second:
        first.write(b"a")
        assert first.read(1) == second.read(1) == b"a"
        second.write(b"b")
        assert first.read(1) == second.read(1) == b"b"


def test_a_metered_line_takes_its_time(echo):
    data = os.urandom(2000)
    with Bridge(echo, baud=115_200) as bridge, port(bridge.url) as host:
        start = time.monotonic()
        host.write(data)
        assert host.read(len(data)) == data
        assert time.monotonic() - start >= 2000 * 10 / 115_200  # a slow computer takes longer


def test_a_node_that_is_not_there(echo):
    with (
        Bridge(("127.0.0.1", 1)) as bridge,
        port(bridge.url) as host,
        pytest.raises(serial.SerialException),
    ):
        host.read(1)
    with Bridge(echo) as bridge, port(bridge.url) as host:
        host.write(b"a")
        assert host.read(1) == b"a"
