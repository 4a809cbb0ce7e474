"""Hostile hosts: whatever a line holds, the program goes on, and a whole model is active."""

import os
from dataclasses import fields

import pytest

from tests.lab import hostile
from tests.lab.livenode import live_node, model_bytes, receiving_node
from tests.lab.nets import random_model
from tests.lab.simulated import SimulatedNode, receiver, signature, store
from xnornode.link import command_fields
from xnornode.link.connect import connect
from xnornode.link.framing import command, seal, unseal
from xnornode.link.push import PROTOCOL, Push
from xnornode.model.file_format import to_bytes

KEY = bytes(range(32))
OLD, NEW = model_bytes(1), model_bytes(2)
COUNT = 600


def start(tmp_path, key=None):
    (tmp_path / "models").mkdir(parents=True)
    (tmp_path / "models" / "1.bnn").write_bytes(OLD)
    return SimulatedNode(tmp_path, key)


def on_flash(node):
    return bytes(store.read(node.store.active().path))


def send(node, name, number=1, **fields):
    return unseal(node.answers(command(name, number, **fields).rstrip()))


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("seed", range(3))
def test_in_this_process(tmp_path, key, running, seed):
    node = start(tmp_path, key)
    node.running, node.frame = running, 4160
    lines = hostile.odd_lines(NEW, COUNT, seed)
    answers = hostile.attack(lines, lambda line: hostile.events(node.answers(line)))
    assert answers > COUNT / 2
    assert on_flash(node) in ((OLD,) if key else (OLD, NEW))
    node.restart()
    assert node.active["sha256"] == store.sha256(on_flash(node))


@pytest.mark.parametrize(
    "name", ["hello", "list", "begin", "end", "rollback", "fetch", "quit", "dance"]
)
@pytest.mark.parametrize("value", ["[" * 120 + "]" * 120, '"x"', "-1", "1.5", "true", "2147483648"])
def test_only_a_small_number_is_echoed(tmp_path, name, value):
    node = start(tmp_path)
    answer = unseal(
        node.answers(seal(b'{"cmd":"%s","id":%s' % (name.encode(), value.encode()))[:-1])
    )
    assert (answer["id"], answer["error"]) == (None, "arguments")


@pytest.mark.parametrize(
    "failure", [MemoryError(), RuntimeError("recursion"), OSError(5, "EIO"), KeyError("x")]
)
@pytest.mark.parametrize("method", ["finish", "take"])
def test_an_exception_in_a_push_lets_it_go(tmp_path, monkeypatch, failure, method):
    def fail(*_):
        raise failure

    node = start(tmp_path)
    push = Push(NEW)
    number = send(node, "begin", **push._begin)["push"]
    monkeypatch.setattr(type(node.receiver.push), method, fail)
    lines = hostile.odd_lines(NEW, 0)
    rest = next(line for line in lines if line.startswith(b'{"push":'))
    chunk = seal(rest.rstrip().replace(hostile.PUSH, b"%d" % number)).rstrip()
    names = {MemoryError: "ram", OSError: "flash"}
    expected = names.get(type(failure), "internal")
    if method == "take":
        assert unseal(node.answers(chunk))["error"] == expected
    else:
        node.receiver.push.at = len(NEW)
        assert send(node, "end", push=number)["error"] == expected
    assert node.receiver.push is None and on_flash(node) == OLD
    assert send(node, "end", push=number)["error"] == "no_push"


def changes(folder):
    """What a folder holds, and when each file and the folder itself was changed."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): os.stat(path).st_mtime_ns for path in paths}


def test_a_begin_without_a_signature_writes_nothing_and_ends_no_push(tmp_path):
    node = start(tmp_path, KEY)
    other = Push(model_bytes(7))._begin
    number = send(node, "begin", **Push(NEW, KEY)._begin)["push"]
    before = changes(tmp_path)
    forged = {**Push(NEW, KEY)._begin, "length": len(NEW) + 1}
    wrong = Push(NEW, bytes(32))._begin
    for begin, error in (
        (other, "unsigned"),
        ({**other, "hmac": "0" * 64}, "arguments"),
        ({**other, "signature": "0" * 64}, "signature"),
        (forged, "signature"),
        ({**forged, "revision": 9}, "signature"),
        (wrong, "signature"),
        (
            Push(to_bytes(random_model(3, 4, 1, 2, (8, 3))), KEY)._begin | {"revision": 0},
            "signature",
        ),
    ):
        assert send(node, "begin", **begin)["error"] == error, begin
    assert changes(tmp_path) == before
    assert node.receiver.push.number == number


def test_an_old_host_is_told_to_update(tmp_path):
    """One that signs the file itself, as version 0.1 did."""
    node = start(tmp_path, KEY)
    fields = {**Push(NEW)._begin, "hmac": signature.sign(KEY, NEW).hex()}
    answer = send(node, "begin", **fields)
    assert answer["error"] == "arguments" and "update xnornode on the PC" in answer["message"]
    assert "push" in send(start(tmp_path / "open"), "begin", **fields), "without a key it goes on"


def test_the_longest_begin_fits_a_uart():
    begin = {
        "protocol": PROTOCOL,
        "length": store.MAX_MODEL,
        "sha256": "0" * 64,
        "revision": 2**32 - 1,
        "signature": "0" * 64,
    }
    assert len(command("begin", 1_000_000_000, **begin)) <= 256


def test_a_program_that_runs(tmp_path):
    home = tmp_path / "node"
    with (
        live_node(home, OLD) as (node, bridge),
        connect(bridge.url) as session,
    ):
        hostile.attack(hostile.odd_lines(NEW, COUNT), hostile.over(session))
        assert node.running and session.request("list").active.name in ("net 1", "net 2")
        Push(model_bytes(4)).over(session)


@pytest.mark.parametrize("key", [None, KEY])
def test_the_receiver_alone(tmp_path, key):
    """As at the REPL, with and without a key."""
    home = tmp_path / "node"
    with receiving_node(home) as bridge, connect(bridge.url) as session:
        Push(OLD).over(session)
        if key:
            (home / "xnornode.key").write_bytes(key)
        before = changes(home / "models")
        hostile.attack(hostile.odd_lines(NEW, COUNT), hostile.over(session))
        if key:
            assert changes(home / "models") == before
        done = Push(model_bytes(4), key).over(session)
        assert done.revision == 4


def test_what_the_node_has_for_each_command_is_what_the_host_has():
    """No key of a command is checked by one side and unknown to the other."""
    commands = receiver.checked.__globals__["COMMANDS"]
    assert set(Push(NEW, KEY)._begin) == set(commands["begin"]) - {"hmac"}
    some = command_fields
    passed = {**some.COMMANDS, **some.STREAM_COMMANDS, **some.NAME_COMMANDS}
    assert {*passed} == {*commands} - {"quit"}
    for name, kind in passed.items():
        keys = {field.name for field in fields(kind)} - {"id"}
        assert keys == set(commands[name]) - {"hmac"}, name
