"""Whose line is which, where several programs share a port: no port, no process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnornode.link import share_lines, share_member
from xnornode.link.deadline import Deadline
from xnornode.link.framing import command, seal, unseal
from xnornode.link.guard import LONGEST_LINE
from xnornode.link.share_lines import Lines
from xnornode.link.share_member import Member

pytestmark = pytest.mark.quick

PREDICTION = seal(b'{"event":"prediction","seq":1,"ms":2,"label":"a","scores":[1],"index":0,"us":5')
SAMPLES = seal(
    b'{"event":"samples","seq":0,"at":0,"ms":101,"overruns":0,"gaps":0,"data":"AgD+/w=="'
)


def came(member):
    """What has come for it, which is taken."""
    return member.inbox.read(1 << 20, Deadline(0))


def number(line):
    """The id of a command."""
    return int(line.split(b'"id":')[1].split(b",")[0].split(b"}")[0])


def two():
    lines, members = Lines(), [Member("one"), Member("two")]
    for member in members:
        lines.join(member)
    return lines, *members


def answer(on_wire, **fields):
    body = b'{"event":"reply","id":%d' % number(on_wire)
    for key, value in fields.items():
        body += b',"%s":%s' % (key.encode(), value.encode())
    return seal(body)


def test_who_is_alone_has_bytes_as_they_are():
    lines, one = Lines(), Member("one")
    lines.join(one)
    for data in (b"\x00\xffhalf a li", b'ne\n{"event":', b">>> "):
        assert lines.from_member(one, data) == data
        lines.from_node(data)
        assert came(one) == data


def test_answers_go_to_who_asked_with_the_number_that_it_chose():
    lines, one, two_ = two()
    first = lines.from_member(one, command("list", 7))
    second = lines.from_member(two_, command("list", 7))
    assert number(first) != number(second) and b'"cmd":"list"' in first
    lines.from_node(answer(second, part="[2]") + answer(first, part="[1]"))
    heard = [unseal(came(member)) for member in (one, two_)]
    assert [(h["id"], h["part"]) for h in heard] == [(7, [1]), (7, [2])]


def test_a_begin_that_comes_twice_keeps_its_number():
    """So the node sees that it is no second push; another program's is one."""
    lines, one, two_ = two()
    begin = {"protocol": 1, "length": 900, "sha256": "0" * 64, "revision": 1}
    first = lines.from_member(one, command("begin", 7, **begin))
    lines.from_node(answer(first, push="9", at="0"))
    assert lines.from_member(one, command("begin", 7, **begin)) == first
    assert number(lines.from_member(one, command("begin", 8, **begin))) != number(first)
    assert number(lines.from_member(two_, command("begin", 7, **begin))) != number(first)
    for other in range(20, 60):
        lines.from_member(one, command("begin", other, **begin))
    assert len(one.begun) == share_lines.BEGUN


def test_a_hello_that_a_repl_hears_ends_with_a_carriage_return():
    lines, one, _ = two()
    told = lines.from_member(one, b"\r\n" + command("hello", 3)[:-1] + b"\r\n")
    assert told.startswith(b'\r\n{"cmd":"hello"') and told.endswith(b"}\r\n")


def test_predictions_and_prints_go_to_all_and_are_not_changed():
    lines, one, two_ = two()
    for line in (PREDICTION, b"a print\r\n", b"t = 3" + PREDICTION, PREDICTION[:-9] + b"\n"):
        lines.from_node(line)
        assert came(one) == came(two_) == line


def test_a_prompt_goes_on_at_once_and_half_a_line_waits():
    lines, one, two_ = two()
    lines.from_node(b"\r\n>>> ")
    assert came(one) == came(two_) == b"\r\n>>> "
    lines.from_node(b"print" + PREDICTION[:40])
    assert came(one) == came(two_) == b"print" and lines.waits
    lines.from_node(PREDICTION[40:])
    assert came(one) == came(two_) == PREDICTION
    lines.from_node(b'{"eve')
    assert lines.waits and not came(one)
    lines.flush()  # nothing came for a while
    assert came(one) == came(two_) == b'{"eve'


def test_samples_go_to_who_streams_and_the_last_stop_ends_the_stream():
    lines, one, two_ = two()
    lines.from_node(SAMPLES)
    assert not came(one) and not came(two_)
    for member in (one, two_):
        told = lines.from_member(member, command("stream", 1, seconds=10))
        lines.from_node(answer(told, sensor='"r0"'))
        assert b'"sensor"' in came(member)
    lines.from_node(SAMPLES)
    assert came(one) == came(two_) == SAMPLES
    assert lines.from_member(one, command("stop", 2)) == b""  # the other one still listens
    assert unseal(came(one))["id"] == 2
    lines.from_node(SAMPLES)
    assert not came(one) and came(two_) == SAMPLES
    assert b'"cmd":"stop"' in lines.from_member(two_, command("stop", 9))


def test_a_stream_that_is_not_asked_for_again_ends(monkeypatch):
    lines, one, _ = two()
    told = lines.from_member(one, command("stream", 1, seconds=10))
    lines.from_node(answer(told, sensor='"r0"'))
    now = share_member.time.monotonic()
    monkeypatch.setattr(share_member.time, "monotonic", lambda: now + 11)
    came(one)
    lines.from_node(SAMPLES)
    assert not came(one)


def test_who_leaves_ends_its_stream():
    lines, one, two_ = two()
    told = lines.from_member(one, command("stream", 1, seconds=10))
    lines.from_node(answer(told, sensor='"r0"'))
    told = lines.leave(one)
    assert b'"cmd":"stop"' in told
    lines.from_node(answer(told))
    assert not came(two_)
    assert lines.alone is two_  # and gets bytes as they are again


@pytest.mark.parametrize("ends", ["stops", "leaves"])
def test_a_stream_that_is_just_asked_for_is_not_ended_by_another_program(ends):
    """Between `stream` and its answer, the node streams for who asked."""
    lines, first = Lines(), Member("studio")
    lines.join(first)
    lines.from_member(first, command("stream", 1, seconds=10))
    lines.join(second := Member("record"))
    stream = lines.from_member(second, command("stream", 7, seconds=10))
    if ends == "stops":
        assert lines.from_member(first, command("stop", 2)) == b""
        assert b'"id":2' in came(first), "it is answered all the same"
    else:
        assert lines.leave(first) == b""
    lines.from_node(answer(stream, sensor='"s"') + SAMPLES)
    assert came(second).endswith(SAMPLES)
    assert b'"cmd":"stop"' in lines.from_member(second, command("stop", 8))


def test_who_leaves_before_its_stream_is_answered_has_it_ended():
    lines, one, _ = two()
    assert lines.from_member(one, command("stream", 7, seconds=10))
    assert b'"cmd":"stop"' in lines.leave(one)


def test_a_stream_that_is_stopped_before_its_answer_gives_no_samples():
    lines, one, other = two()
    begins = [lines.from_member(m, command("stream", 7, seconds=10)) for m in (other, one)]
    assert lines.from_member(one, command("stop", 8)) == b""
    lines.from_node(b"".join(answer(line, sensor='"s"') for line in begins) + SAMPLES)
    assert came(other).endswith(SAMPLES) and SAMPLES not in came(one)


def test_a_stream_without_an_answer_is_not_waited_for_longer_than_it_would_last(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(share_lines.time, "monotonic", lambda: now[0])
    lines, one, other = two()
    lines.from_member(one, command("stream", 7, seconds=10))
    now[0] += 11
    assert b'"cmd":"stop"' in lines.from_member(other, command("stop", 8))


def test_who_streamed_alone_goes_on_when_another_one_comes():
    lines, one, other = Lines(), Member("one"), Member("two")
    lines.join(one)
    asked = command("stream", 5, seconds=10)
    assert lines.from_member(one, asked) == asked
    lines.join(other)
    lines.from_node(answer(asked, sensor='"r0"') + SAMPLES)
    assert came(one) == answer(asked, sensor='"r0"') + SAMPLES and not came(other)


def test_the_rest_of_a_half_line_goes_to_who_had_its_beginning():
    lines, one, other = Lines(), Member("one"), Member("two")
    lines.join(one)
    lines.from_node(PREDICTION[:20])
    lines.join(other)
    lines.from_node(PREDICTION[20:] + PREDICTION)
    assert came(one) == PREDICTION + PREDICTION and came(other) == PREDICTION


def test_acks_go_to_who_pushes():
    lines, one, two_ = two()
    for member, push in ((one, 9471), (two_, 9472)):
        chunk = seal(b'{"push":%d,"at":0,"data":"\x80=@\xff"' % push)
        assert lines.from_member(member, chunk) == chunk
    replaced = seal(b'{"event":"ack","push":9471,"at":0,"error":"replaced"')
    taken = seal(b'{"event":"ack","push":9472,"at":4')
    lines.from_node(replaced + taken)
    assert came(one) == replaced and came(two_) == taken
    lines.from_node(seal(b'{"event":"ack","push":5,"at":4'))  # of who pushed while it was alone
    assert came(one) and not came(two_)


def test_a_damaged_command_is_told_to_those_that_wait():
    lines, one, two_ = two()
    lines.from_member(one, command("list", 4))
    damaged = seal(b'{"event":"reply","id":null,"error":"damaged"')
    lines.from_node(damaged)
    assert came(one) == damaged and not came(two_)


def test_what_is_no_command_does_not_reach_the_node():
    lines, one, _ = two()
    damaged = command("list", 4).replace(b"list", b"lisp")
    for data in (b"import os\r", damaged, b"[" * 5000 + b"\n", b'{"cmd":7}\n', b"\xff\xfe\n"):
        assert lines.from_member(one, data) == b""
    assert sum(one.odd.values()) == 5
    assert lines.from_member(one, b"x" * (LONGEST_LINE + 1)) == b"" and not one.rest
    assert lines.from_member(one, b'\n{"cmd":"list"}\n').startswith(b'{"cmd":"list","id":')


def test_who_does_not_read_loses_whole_lines_and_nobody_else_does():
    lines, one, two_ = two()
    count = share_member.KEPT // len(PREDICTION) + 10
    read = b""
    for _ in range(count):
        lines.from_node(PREDICTION)
        read += came(two_)
    assert read == PREDICTION * count
    kept = came(one)
    assert kept == PREDICTION * (count - one.dropped) and one.dropped >= 10


def test_what_is_waited_for_is_bounded():
    lines, one, _ = two()
    told = [lines.from_member(one, command("hello", n)) for n in range(2000)]
    assert len(lines._asked) <= share_lines.OUTSTANDING
    lines.from_node(answer(told[-1]).replace(b"reply", b"hello"))  # its crc is wrong now: for all
    assert b"hello" in came(one)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("onj"),
            st.one_of(
                st.binary(max_size=200),
                st.sampled_from([PREDICTION, SAMPLES, PREDICTION[:30], b'{"event":', b"\n"]),
                st.integers(0, 5).map(lambda n: command("stream", n, seconds=n)),
            ),
        ),
        max_size=30,
    )
)
def test_no_bytes_do_harm(steps):
    """What nodes and programs write never ends the hub, and lines reach the node whole."""
    lines, one, two_ = two()
    for who, data in steps:
        if who == "n":
            lines.from_node(data)
        elif who == "o":
            told = lines.from_member(one, data)
            assert not told or told.endswith(b"\n")
        else:
            lines.leave(two_)
            two_ = Member("two")
            lines.join(two_)
    lines.flush()
    assert not lines.waits
