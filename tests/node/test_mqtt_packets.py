"""The node's packets of MQTT: what a broker may send, and what it must not be able to do."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.simulated import node_module

packets = node_module("mqtt_packets")
queue = node_module("mqtt_queue")

pytestmark = pytest.mark.quick
CONNACK, PINGRESP = b"\x20\x02\x00\x00", b"\xd0\x00"


def publish(topic=b"t", payload=b"", mid=1, flags=0):
    made = packets.publish(packets.text(topic), mid, False, payload)
    made[0] |= flags
    return bytes(made)


def read(data, sizes=()):
    """All packets of some bytes, which come in pieces of these sizes, the rest at once."""
    left, sizes = bytearray(data), list(sizes)

    def readinto(buffer):
        if not left:
            return None
        count = min(len(buffer), len(left), sizes[0] if sizes else len(left))
        if sizes:
            sizes[0] -= count
            if not sizes[0]:
                sizes.pop(0)
                if not count:
                    return None
        buffer[:count] = left[:count]
        del left[:count]
        return count

    found, scratch, came = packets.Packets(readinto), memoryview(bytearray(64)), []
    for _ in range(2 * len(data) + 10):
        if found.next():
            about = [found.kind, found.topic, found.mid, found.retained, found.size, b""]
            if found.kind != packets.PUBLISH:
                about = [found.kind, found.body]
            came.append(about)
        elif found.left:
            count = found.payload(scratch)
            came[-1][-1] += bytes(scratch[:count])
        elif not left:
            break
    return came


def test_packets_come_whole_however_they_are_cut():
    data = CONNACK + publish(b"a/b", b"x" * 300) + publish(b"c", b"", 0) + b"\x40\x02\x01\x02"
    data += publish(b"long" * 200, b"payload", 7) + b"\x90\x03\x00\x01\x80" + PINGRESP
    expected = [
        [2, b"\0\0"],
        [3, b"a/b", 1, False, 300, b"x" * 300],
        [3, b"c", 0, False, 0, b""],
        [4, b"\1\2"],
        [3, b"", 7, False, 7, b"payload"],
        [9, b"\0\1\x80"],
        [13, b""],
    ]
    assert read(data) == expected
    for seed in range(30):
        rng = random.Random(seed)
        assert read(data, [rng.randrange(1, 9) for _ in range(400)]) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00",
        b"\x10\x00",  # CONNECT
        b"\x82\x00",  # SUBSCRIBE
        b"\x50\x02\x00\x01",  # PUBREC
        b"\xf0\x00",
        b"\x21\x02\x00\x00",  # flags that are not zero
        b"\x20\x03\x00\x00\x00",
        b"\x20\x01\x00",
        b"\x40\x00",
        b"\x90\x02\x00\x01",
        b"\x90\x80\x80\x01",
        b"\xd0\x01\x00",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\x80\x80\x80\x80\x00",
        b"\x30\x00",
        b"\x30\x01\x00",
        b"\x30\x02\x00\x05",
        b"\x30\x02\x00\x00",  # an empty topic
        b"\x32\x04\x00\x01t\x00",
        b"\x32\x05\x00\x01t\x00\x00",  # the number 0
        b"\x34\x05\x00\x01t\x00\x01",  # QoS 2
        b"\x36\x05\x00\x01t\x00\x01",
        publish(b"x" * 5000, b"", 0)[:9] + b"\x00" * 4000 + b"\x00",
    ],
)
def test_packets_that_cannot_be(data):
    try:
        came = read(data)
    except ValueError as error:
        assert str(error)
    else:
        assert came == []  # there is more to come


@given(st.binary(max_size=400), st.lists(st.integers(1, 20), max_size=40))
def test_random_bytes_are_packets_or_a_value_error(data, sizes):
    try:
        whole = read(data)
    except ValueError:
        whole = None
    try:
        assert read(data, sizes) == whole
    except ValueError:
        assert whole is None


@given(st.integers(0, 300), st.data())
def test_a_flipped_byte_takes_no_memory(at, data):
    good = CONNACK + publish(b"a/b", b"y" * 200) + PINGRESP
    at %= len(good)
    bad = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    try:
        for about in read(bad):
            assert len(about[1]) <= packets.HEAD
    except ValueError:
        pass


def test_what_the_node_writes():
    assert packets.packet(0x30, b"x" * 127)[:2] == b"\x30\x7f"
    assert packets.packet(0x30, b"x" * 128)[:3] == b"\x30\x80\x01"
    assert packets.packet(0x30, b"x" * 16384)[:4] == b"\x30\x80\x80\x01"
    assert packets.subscribe(b"a/+", 5) == b"\x82\x08\x00\x05\x00\x03a/+\x01"
    assert packets.publish(packets.text("t"), 3, True, b"p") == b"\x33\x06\x00\x01t\x00\x03p"
    assert packets.publish(packets.text("t"), 0, False, b"p") == b"\x30\x04\x00\x01tp"
    assert packets.connect("c", 60, "u", "p", ("w", b"off")) == (
        b"\x10\x1b\x00\x04MQTT\x04\xee\x00\x3c\x00\x01c\x00\x01w\x00\x03off\x00\x01u\x00\x01p"
    )
    assert packets.connect("c", 60, "", "", ("w", b"off"))[9] == 0x2E
    with pytest.raises(ValueError, match="too long"):
        packets.text("x" * 65536)


def sent(waiting, most=1 << 20):
    out = bytearray()

    def write(data):
        count = min(most - len(out), len(data))
        out.extend(data[:count])
        return count

    waiting.send(write)
    return bytes(out)


def mids(data):
    return [(about[2], data) for about in read(data) if about[0] == packets.PUBLISH]


def test_the_oldest_message_is_dropped_and_counted():
    waiting = queue.Queue()
    for mid in range(1, 11):
        waiting.add(packets.text("t"), mid, None, b"x" * 991)  # packets of 999 bytes
    assert waiting.dropped == 6
    waiting.open = True
    assert [about[2] for about in read(sent(waiting))] == [7, 8, 9, 10]
    waiting.add(packets.text("t"), 11, None, b"x" * 9000)
    assert waiting.dropped == 10
    assert [about[2] for about in read(sent(waiting))] == [11]


def test_what_was_not_confirmed_comes_again_as_a_duplicate():
    waiting = queue.Queue()
    waiting.open = True
    for mid in range(1, 13):
        waiting.add(packets.text("t"), mid, None, b"%d" % mid)
    first = sent(waiting)
    assert [about[2] for about in read(first)] == [*range(1, 9)]  # so many at once
    for mid in (2, 1, 2, 99, 8):
        waiting.confirmed(mid)
    assert [about[2] for about in read(sent(waiting))] == [9, 10, 11]
    waiting.restart()
    assert sent(waiting) == b""
    waiting.control(b"CONNECT")
    assert sent(waiting, most=3) == b"CON" and sent(waiting) == b"NECT"
    waiting.open = True
    again = sent(waiting)
    assert [about[2] for about in read(again)] == [3, 4, 5, 6, 7, 9, 10, 11]
    assert again[0] & 8 and again[0] & 6 == 2
    waiting.restart()
    waiting.leave(None)
    waiting.open = True
    assert sent(waiting) == b""


def test_a_message_of_qos_0_is_gone_once_it_is_sent():
    waiting = queue.Queue()
    waiting.open = True
    waiting.add(packets.text("t"), 0, None, b"a")
    waiting.add(packets.text("t"), 1, None, b"b")
    assert [about[2] for about in read(sent(waiting))] == [0, 1]
    waiting.confirmed(1)
    waiting.restart()
    waiting.open = True
    assert sent(waiting) == b""
    assert waiting.has_room(1 << 20)
