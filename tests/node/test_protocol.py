"""Sender and receiver of a push, both as they are, on a line with every kind of fault."""

import json
from binascii import crc32
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.lab.driftlab import drifting
from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from tests.lab.nets import random_model
from tests.lab.simulated import SOON, SimulatedNode, SimulatedPort, node_push, store
from xnornode.errors import LinkError, LinkLost, NodeError
from xnornode.link.framing import command, seal, unseal
from xnornode.link.messages import Ack
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.send_window import ESCAPED, SMALLEST, Sender, escape
from xnornode.model.answers import Answers
from xnornode.model.file_format import to_bytes

OLD = to_bytes(random_model(1, 4, 1, 2, (8, 3)))
NEW = to_bytes(random_model(2, 16, 2, 2, (70, 3)))


@pytest.fixture
def node(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "1.bnn").write_bytes(OLD)
    return SimulatedNode(tmp_path)


@pytest.mark.quick
def test_a_model_of_a_format_that_the_node_does_not_read_is_not_sent(node):
    """As nodes of before there were answers, which read all files without them."""
    node.format = 3
    port = SimulatedPort(node)
    answering = replace(random_model(2, 16, 2, 2, (70, 3)), answers=Answers(1000, 3))
    with pytest.raises(NodeError, match=r"reads model format 3, the file has 4; .*up to date"):
        push(port, to_bytes(answering))
    node.format = 4
    with pytest.raises(NodeError, match=r"4, the file has 5 \(drift: train with --no-drift\)"):
        push(port, to_bytes(drifting(1, (5, 2, 3, 4))))
    assert on_flash(node) == OLD and list(node.store.parts()) == []
    assert push(port).sha256 == store.sha256(NEW)


def on_flash(node) -> bytes:
    """The model that the node would start with."""
    return bytes(store.read(node.store.active().path))


def push(port, data=NEW, reconnections=20):
    """As `Push.run` does, without a real port."""
    attempt = Push(data, timing=SOON)
    for _ in range(reconnections):
        try:
            return attempt.over(port.session())
        except LinkLost:
            port.open_again()
    raise LinkLost("it never came through")


def sealed(**fields) -> bytes:
    return seal(json.dumps(fields, separators=(",", ":"))[:-1].encode()).rstrip()


@pytest.mark.quick
def test_a_push_without_faults(node):
    port = SimulatedPort(node)
    assert push(port).sha256 == store.sha256(NEW)
    assert on_flash(node) == NEW
    assert [s.number for s in node.store.slots()] == [2, 1]
    assert list(node.store.parts()) == []
    assert port.up.position < 1.25 * len(NEW) + 600


@pytest.mark.quick
def test_the_same_model_is_not_sent(node):
    port = SimulatedPort(node)
    push(port, OLD)
    assert port.up.position < 400
    assert [s.number for s in node.store.slots()] == [1]


def places(data: bytes) -> int:
    """Bytes that a push of this model writes to the node."""
    return 2000 + 3 * len(data) // 2


FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(list(Kind)),
    way=st.sampled_from([TO_NODE, TO_HOST]),
    at=st.integers(0, places(NEW)),
    size=st.integers(0, 300),
    bit=st.integers(0, 7),
    data=st.binary(max_size=40)
    | st.sampled_from([b"Traceback (most recent call last):\r\n", b"\x03", b"\r\n>>> ", b"{\n"]),
)


@given(st.lists(FAULTS, max_size=8))
@example([Fault(Kind.RESTART, TO_NODE, at) for at in range(0, places(NEW), 150)])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_any_faults_leave_the_old_or_the_new_model(tmp_path_factory, faults):
    folder = tmp_path_factory.mktemp("node")
    (folder / "models").mkdir()
    (folder / "models" / "1.bnn").write_bytes(OLD)
    node = SimulatedNode(folder)
    try:
        active = push(SimulatedPort(node, faults))
    except LinkError:
        assert on_flash(node) in (OLD, NEW)
        assert node.active["sha256"] == store.sha256(on_flash(node))
    else:
        assert active.sha256 == store.sha256(NEW)
        assert on_flash(node) == NEW
    node.restart()
    assert node.active["sha256"] == store.sha256(on_flash(node))


@given(st.integers(0, 1 << 20), st.sampled_from([1e-5, 1e-4, 1e-3]))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_noise(tmp_path_factory, seed, rate):
    """With one bit in a thousand turned round a push still gets through."""
    folder = tmp_path_factory.mktemp("node")
    node = SimulatedNode(folder)
    port = SimulatedPort(node, noise=rate, seed=seed)
    for _ in range(30):
        try:
            push(port)
            break
        except LinkError:
            continue
    assert on_flash(node) == NEW


@pytest.mark.quick
def test_a_line_that_loses_too_much_has_an_end(node, monkeypatch):
    """A slow line may take its time; one on which chunks are lost again and again may not."""
    lossy = [Fault(Kind.FLIP, TO_NODE, at, bit=1) for at in range(500, places(NEW), 150)]
    monkeypatch.setattr("xnornode.link.push.BAD_RETRIES", 2)
    push(SimulatedPort(node, lossy))  # in time
    monkeypatch.setattr("xnornode.link.push.BAD", 0.0)
    monkeypatch.setattr("xnornode.link.push.BAD_RATE", 1e12)
    with pytest.raises(LinkError, match=r"the line is bad: \d+ chunks were lost; the node keeps"):
        push(SimulatedPort(node, lossy), OLD)
    assert on_flash(node) == NEW
    push(SimulatedPort(node), OLD)  # a line that loses nothing, however long it takes
    assert on_flash(node) == OLD


def test_faults_all_over_a_push(node):
    """At every seventh byte each way, one byte is lost, changed or doubled: the model arrives."""
    models = [to_bytes(random_model(3, 4, 1, 2, (16, 3))), OLD]
    clean = SimulatedPort(node)
    push(clean, models[0])
    for way, size in ((TO_NODE, clean.up.position), (TO_HOST, clean.down.position)):
        for turn, at in enumerate(range(0, size, 7)):
            kind = (Kind.DROP, Kind.FLIP, Kind.DUPLICATE)[turn % 3]
            fault = Fault(kind, way, at, bit=at % 8)
            models.reverse()
            push(SimulatedPort(node, [fault]), models[0])
            assert on_flash(node) == models[0], fault


@pytest.mark.quick
def test_a_push_goes_on_where_it_was_cut_off(node):
    begin = begin_line(NEW)
    first = unseal(node.answers(begin))
    part = sealed_chunk(first["push"], 0, NEW[:300])
    assert unseal(node.answers(part))["at"] == 300
    node.receiver.let_go()
    again = unseal(node.answers(begin))
    assert again["at"] == 300 and again["push"] == first["push"] + 1
    node.restart()
    assert unseal(node.answers(begin))["at"] == 300, "what is in flash counts after a restart"


def begin_line(data: bytes, **more) -> bytes:
    fields = {"protocol": 1, "length": len(data), "sha256": store.sha256(data), "revision": 0}
    return sealed(cmd="begin", id=1, **{**fields, **more})


def sealed_chunk(push_number: int, at: int, data: bytes) -> bytes:
    head = f'{{"push":{push_number},"at":{at},"data":"'
    return seal(head.encode() + escape(data) + b'"').rstrip()


@pytest.mark.quick
def test_chunks(node):
    number = unseal(node.answers(begin_line(NEW)))["push"]

    def send(at, size, push_number=number):
        return unseal(node.answers(sealed_chunk(push_number, at, NEW[at : at + size])))

    assert send(0, 100)["at"] == 100
    assert send(0, 100) == send(20, 80), "duplicates are harmless"
    assert "error" not in send(0, 100)
    assert (send(50, 100)["at"], send(50, 100)["error"]) == (100, "offset")
    assert (send(200, 100)["at"], send(200, 100)["error"]) == (100, "offset")
    assert send(100, 50, number - 1)["error"] == "no_push"
    long = sealed_chunk(number, 100, NEW[100:] + b"more")
    assert unseal(node.answers(long))["error"] in ("offset", "damaged")
    assert send(100, 100)["at"] == 200


@pytest.mark.quick
@given(st.binary(max_size=400))
@example(bytes(range(256)))
@example(b"=" * 300)
@example(b"a" + b"=" * 300)
def test_escapes(data):
    text = escape(data)
    assert not set(text) & (set(ESCAPED) - set(b"="))
    out = bytearray(node_push.decoded_length(memoryview(text)))
    node_push.decode(memoryview(text), memoryview(out))
    assert out == data


@pytest.mark.quick
def test_a_chunk_that_ends_in_an_escape(node):
    number = unseal(node.answers(begin_line(NEW)))["push"]
    line = seal(f'{{"push":{number},"at":0,"data":"abc="'.encode()).rstrip()
    assert unseal(node.answers(line))["error"] == "damaged"


@pytest.mark.quick
def test_two_pcs_the_last_begin_wins(node):
    other = to_bytes(random_model(4, 16, 2, 2, (50, 3)))
    first = unseal(node.answers(begin_line(NEW)))["push"]
    node.answers(sealed_chunk(first, 0, NEW[:100]))
    second = unseal(node.answers(begin_line(other)))["push"]
    answer = unseal(node.answers(sealed_chunk(first, 100, NEW[100:200])))
    assert answer["error"] == "replaced"
    end = unseal(node.answers(sealed(cmd="end", id=3, push=first)))
    assert end["error"] == "replaced"
    assert unseal(node.answers(sealed_chunk(second, 0, other[:90])))["at"] == 90


def test_a_begin_that_comes_twice_is_one_push(node):
    begin = Push(NEW)._begin
    first = unseal(node.answers(sealed(cmd="begin", id=7, **begin)))
    assert unseal(node.answers(sealed(cmd="begin", id=7, **begin))) == first
    again = unseal(node.answers(sealed(cmd="begin", id=8, **begin)))
    assert again["push"] == first["push"] + 1
    late = unseal(node.answers(sealed(cmd="begin", id=7, **begin)))  # an old line, once more
    assert late["push"] == again["push"]
    more = Push(to_bytes(random_model(3, 16, 2, 2, (70, 3))))._begin
    other = unseal(node.answers(sealed(cmd="begin", id=7, **more)))
    assert other["push"] == again["push"] + 1


@pytest.mark.quick
@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{", "damaged"),
        (b'{"cmd":"begin","id":1}', "damaged"),
        (b'{"cmd":"rollback","id":1,"to":""}', "damaged"),
        (b'{"cmd":"list","id":1,"crc":"00000000"}', "damaged"),
        (sealed(cmd="list", id=1).replace(b"list", b"lisd"), "damaged"),
        (sealed(cmd="dance", id=1), "unknown"),
        (sealed(cmd="quit", id=1), "unknown"),
        (sealed(id=1), "unknown"),
        (sealed(cmd="begin", id=1), "arguments"),
        (sealed(cmd=["begin"], id=1), "arguments"),
        (
            sealed(cmd="begin", id=1, protocol=1, length="x", sha256="0" * 64, revision=0),
            "arguments",
        ),
        (
            sealed(cmd="begin", id=1, protocol=1, length=100, sha256="../" * 21 + "x", revision=0),
            "arguments",
        ),
        (sealed(cmd="begin", id=1, protocol=2, length=100, sha256="0" * 64), "protocol"),
        (sealed(cmd="begin", id=1, protocol=1, length=47, sha256="0" * 64, revision=0), "length"),
        (
            sealed(cmd="begin", id=1, protocol=1, length=1 << 30, sha256="0" * 64, revision=0),
            "length",
        ),
        (sealed(cmd="end", id=1, push=3), "no_push"),
        (sealed(cmd="end", id=1, push=None), "arguments"),
        (sealed(cmd="rollback", id=1, to="0" * 64), "no_model"),
        (sealed(cmd="name", id=1), "arguments"),
        (sealed(cmd="name", id=1, name="a b"), "arguments"),
        (sealed(cmd="name", id=1, name="-a"), "arguments"),
        (sealed(cmd="name", id=1, name="k\u00fcche"), "arguments"),
        (sealed(cmd="name", id=1, name="x" * 33), "arguments"),
        (sealed(cmd="name", id=1, name=["a"]), "arguments"),
        (sealed(push=1), "damaged"),
        (sealed(push=1, at=0, data="!"), "no_push"),
        (seal(b'{"push":1,"at":0,"data":"').rstrip(), "no_push"),
        (b"[1]", None),
        (b">>> ", None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_odd_lines(node, line, error):
    before = on_flash(node)
    answer = unseal(node.answers(line))
    assert (answer and answer["error"]) == error
    assert answer is None or answer["id" if answer["event"] == "reply" else "push"] in (1, None)
    assert on_flash(node) == before


@pytest.mark.quick
@given(st.binary(max_size=200).map(lambda b: b"{" + b) | st.text(max_size=80).map(str.encode))
def test_no_line_is_too_odd(tmp_path_factory, line):
    node = SimulatedNode(tmp_path_factory.getbasetemp())
    for text in (line, line + b',"crc":"%08x"}' % crc32(line)):
        node.answers(text.replace(b"\n", b""))


@pytest.mark.quick
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (NEW[:-1] + bytes([NEW[-1] ^ 1]), "model"),
        (NEW[:4] + b"\x09" + NEW[5:], "model"),
        (bytes(100), "model"),
        (b"\0" * 47, "length"),
        (bytes((1 << 20) + 1), "length"),
    ],
)
def test_bad_models_are_refused(node, data, name):
    with pytest.raises(NodeError) as caught:
        push(SimulatedPort(node), data)
    assert caught.value.name == name
    assert on_flash(node) == OLD and list(node.store.parts()) == []


@pytest.mark.quick
def test_failing_selftest(node):
    model = random_model(5, 4, 1, 2, (8, 3))
    wrong = type(model)(**{**vars(model), "expected": model.selftest_scores() + 1})
    with pytest.raises(NodeError, match="selftest"):
        push(SimulatedPort(node), to_bytes(wrong))
    assert on_flash(node) == OLD


@pytest.mark.quick
def test_no_room(node, monkeypatch):
    monkeypatch.setattr(node.store, "lacks", lambda length: 4096)
    with pytest.raises(NodeError, match="4096 bytes too few free; remove files"):
        push(SimulatedPort(node))
    monkeypatch.undo()
    node.ram = 100
    with pytest.raises(NodeError, match="ram"):
        push(SimulatedPort(node))
    assert on_flash(node) == OLD


@pytest.mark.quick
def test_flash_fails_in_the_middle(node):
    class Full:
        def write(self, data):
            raise OSError(28, "ENOSPC")

        def close(self):
            raise OSError(28, "ENOSPC")

    number = unseal(node.answers(begin_line(NEW)))["push"]
    node.receiver.push._file = Full()
    assert unseal(node.answers(sealed_chunk(number, 0, NEW[:50])))["error"] == "flash"
    assert on_flash(node) == OLD
    assert push(SimulatedPort(node)).sha256 == store.sha256(NEW)


@pytest.mark.quick
@pytest.mark.parametrize("signature", [5, "ab", "x" * 64, ["ab"]])
@pytest.mark.parametrize("name", ["signature", "hmac"])
def test_a_signature_that_is_none_is_refused_at_once(tmp_path, name, signature):
    """Not at `end`, where it would leave a push that can come to no end."""
    node = SimulatedNode(tmp_path, key=bytes(32))
    answer = unseal(node.answers(begin_line(NEW, **{name: signature})))
    assert answer["error"] == "arguments"
    end = unseal(node.answers(sealed(cmd="end", id=3, push=1001)))
    assert end["error"] == "no_push" and list(node.store.parts()) == []


@pytest.mark.quick
def test_rollback_and_its_repetition(node):
    push(SimulatedPort(node))
    session = SimulatedPort(node).session()
    to = session.request("list").previous.sha256
    assert to == store.sha256(OLD)
    for _ in range(2):
        done = session.request("rollback", to=to)
        assert done.active.sha256 == to
        assert done.previous.sha256 == store.sha256(NEW)
        assert on_flash(node) == OLD


@pytest.mark.quick
def test_the_answer_to_end_is_given_again(node):
    number = unseal(node.answers(begin_line(NEW)))["push"]
    for at in range(0, len(NEW), 300):
        node.answers(sealed_chunk(number, at, NEW[at : at + 300]))
    first = unseal(node.answers(sealed(cmd="end", id=7, push=number)))
    again = unseal(node.answers(sealed(cmd="end", id=8, push=number)))
    assert {**first, "id": 8, "crc": ""} == {**again, "crc": ""}
    assert [s.number for s in node.store.slots()] == [2, 1]


@pytest.mark.quick
@given(st.text(max_size=30))
def test_commands_keep_away_from_the_interrupt_character(text):
    line = command("begin", 5, text=text).rstrip()
    assert unseal(line.replace(b'"cmd"', b'"event"')) is None  # the crc covers all
    fields = json.loads(line)
    assert fields["text"] == text and fields["id"] == 5
    near = {0x03 ^ 1 << bit for bit in range(8)}
    assert not near & set(line)


@pytest.mark.quick
def test_sender_gives_up_after_so_many_tries():
    sender = Sender(bytes(1000), 1, 0, 300, 2, tries=4)
    with pytest.raises(LinkLost, match="4 tries; the node keeps 0 of 1,000"):
        for _ in range(4):
            assert sender.lines()
            sender.silence()


@pytest.mark.quick
def test_sender_grows_and_shrinks():
    data = np.random.default_rng(0).bytes(20_000)
    sender = Sender(data, 1, 0, 1000, 2, tries=10)
    sizes = []
    for step in range(80):
        lines = sender.lines()
        assert all(len(line) <= 1000 for line in lines)
        sizes.append(len(lines[0]) if lines else 0)
        if step < 6:
            sender.heard(Ack(1, sender.at, "damaged"))
            if sender.drains:
                sender.heard(Ack(1, sender.at, "offset"))
        elif sender.done:
            break
        else:
            sender.heard(Ack(1, sender._ends[0]))
    assert sender.done and sender.retries == 6
    assert min(s for s in sizes if s) < 2 * SMALLEST + 60 and max(sizes) > 900


@pytest.mark.quick
def test_session_numbers_are_never_used_twice(node):
    one, two = SimulatedPort(node).session(), SimulatedPort(node).session()
    numbers = [next(s._numbers) for s in (one, two, one)]
    assert len(set(numbers)) == 3


@pytest.mark.quick
def test_an_answer_of_another_version_is_told_at_once(node, monkeypatch):
    session = SimulatedPort(node).session()
    monkeypatch.setattr(node, "facts", lambda: {"protocol": 1})
    with pytest.raises(LinkError, match=r"hello: `session` is missing.*up to date"):
        session.greet(SOON.hello)
    monkeypatch.setattr(node, "active", {"name": "m"})
    with pytest.raises(LinkError, match=r"reply: `revision` is missing.*up to date") as caught:
        session.request("list")
    assert not isinstance(caught.value, LinkLost), "asking again does not help"


@pytest.mark.quick
def test_late_answers_are_not_taken_for_new_ones(node):
    port = SimulatedPort(node)
    session = Session(port, SOON)
    late = node.answers(sealed(cmd="list", id=1))
    port._to_host += late
    answer = session.request("list")
    assert answer.id != 1
