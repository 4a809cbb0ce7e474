"""Pushes into a node that classifies: MicroPython on a pseudo-terminal.

tests/system/test_push_pico.py has the REPL, and what else needs the chip.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.bridge import Bridge
from tests.lab.faultlab import QUICK
from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from tests.lab.livenode import (
    CHANNELS,
    active_model,
    live_node,
    model_bytes,
    receiving_node,
    samples,
    small_model,
)
from tests.lab.nets import random_model
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.errors import LinkError, NodeError
from xnornode.link import connect as connect_module
from xnornode.link import ports
from xnornode.link.connect import connect
from xnornode.link.keys import signature
from xnornode.link.messages import Prediction, Ready, Source
from xnornode.link.monitor import Monitor
from xnornode.link.ports import open_port
from xnornode.link.push import Push, push
from xnornode.model.file_format import from_bytes, to_bytes

COMMAND = str(Path(sys.executable).parent / "xnornode")
OLD, NEW = model_bytes(1), model_bytes(2)
LARGE = model_bytes(3, hidden=2500)


def xnornode(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def files(tmp_path):
    for name, data in (("old", OLD), ("new", NEW), ("large", LARGE)):
        (tmp_path / f"{name}.bnn").write_bytes(data)
    return tmp_path


@pytest.fixture
def home(tmp_path):
    return tmp_path / "node"


def reference(data: bytes) -> np.ndarray:
    """Scores of each window of one pass over the sensor's samples."""
    model = from_bytes(data)
    length, hop = model.window.length, model.window.hop
    all_samples = samples()
    starts = range(0, len(all_samples) - length + 1, hop)
    return model.scores(np.stack([all_samples[s : s + length] for s in starts]))


def known_by_new(seen: list) -> int:
    """Predictions by the new model whose place in the sensor's recording is known."""
    at = {type(event): i for i, event in reversed([*enumerate(seen)]) if _is_new_or_source(event)}
    known = seen[max(at.values()) :] if len(at) == 2 else []
    return sum(isinstance(event, Prediction) for event in known)


def _is_new_or_source(event: object) -> bool:
    return isinstance(event, Source) or (isinstance(event, Ready) and event.model != "net 1")


@pytest.mark.parametrize("data", [NEW, LARGE], ids=["small", "large"])
def test_the_stream_goes_on_while_a_model_is_pushed(home, data):
    """Each window of the sensor is classified, by the old model, then by the new one."""
    seen = []

    def note(event):
        if isinstance(event, Ready | Source | Prediction):
            seen.append(event)

    with live_node(home, OLD) as (_, bridge), connect(bridge.url, on_event=note) as session:
        Push(data).over(session)
        while known_by_new(seen) <= 10:
            note(session.receive(10))
    expected = {"old": reference(OLD), "new": reference(data)}
    windows = len(expected["old"])
    running, place, by_new = "old", None, 0
    for before, event in zip([None, *seen], seen, strict=False):
        if isinstance(event, Ready):
            running = "old" if event.model == "net 1" else "new"
        elif isinstance(event, Source):
            assert place in (None, windows), "each pass is whole"
            place = 0
        elif place is not None:
            assert list(event.scores) == expected[running][place].tolist(), (running, place)
            by_new += running == "new"
            place += 1
        if isinstance(before, Prediction) and isinstance(event, Prediction):
            assert event.seq == before.seq + 1
    assert running == "new" and by_new > 10


def test_push_list_rollback(home, files):
    with live_node(home, OLD) as (node, bridge):
        port = ("--port", bridge.url)
        done = xnornode("push", files / "new.bnn", *port)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"active      net 2, revision 2, {len(NEW):,} bytes, SHA-256 ")
        assert lines[1].startswith(f"replaced    net 1, revision 1, {len(OLD):,} bytes")
        assert "bytes/s" in lines[2] and "retries" not in lines[2]
        assert active_model(home) == NEW
        again = xnornode("push", files / "new.bnn", *port)
        assert again.returncode == 0 and "nothing was sent" in again.stdout
        listed = xnornode("list", *port)
        assert listed.stdout.splitlines()[0].startswith("active      net 2")
        assert listed.stdout.splitlines()[1].startswith("previous    net 1")
        models = json.loads(xnornode("list", "--json", *port).stdout)
        assert models["active"]["revision"] == 2 and models["part"] == []
        back = xnornode("rollback", *port)
        assert back.returncode == 0, back.stderr
        assert back.stdout.startswith("active      net 1")
        assert active_model(home) == OLD
        assert xnornode("rollback", *port).stdout.startswith("active      net 2")
        assert active_model(home) == NEW and node.running


def test_a_node_without_a_program(home, files):
    with receiving_node(home) as bridge:
        done = xnornode("push", files / "old.bnn", "--port", bridge.url)
        assert done.returncode == 0, done.stderr
        assert "replaced    nothing" in done.stdout and "on trial" in done.stdout
        assert xnornode("push", files / "large.bnn", "--port", bridge.url).returncode == 0
        assert active_model(home) == LARGE
        assert "previous    net 1" in xnornode("list", "--port", bridge.url).stdout


def test_a_program_that_takes_no_commands(tmp_path):
    program = tmp_path / "deaf.py"
    program.write_text(
        "import time\nfrom xnornode.events import emit\n"
        "while True:\n emit('prediction', seq=1)\n time.sleep(0.01)\n"
    )
    with UnixNode([program], tmp_path, [ROOT / "device"]) as node, Bridge(node.fd) as bridge:
        with pytest.raises(LinkError, match="takes no commands"):
            push(bridge.url, OLD, timing=QUICK)
        assert node.running, "it is not interrupted"


def test_models_that_the_node_refuses(home, tmp_path):
    """Each with its reason; the node classifies on with the model that it has."""
    other = random_model(5, 16, 3, 2, (8, 3))
    selftest = small_model(6)
    selftest = replace(selftest, expected=selftest.selftest_scores() + 1)
    huge = random_model(9, 16, 2, 2, (8000, 200, 3))
    with live_node(home, OLD) as (node, bridge):
        for model, name, text in (
            (other, "channels", "has ch0 (g), ch1 (g); the model wants ch0 (g), ch1 (g), ch2 (g)"),
            (selftest, "selftest", "other scores here"),
            (huge, "ram", "bytes in one piece"),
        ):
            with pytest.raises(NodeError) as caught:
                push(bridge.url, to_bytes(model))
            assert caught.value.name == name and text in str(caught.value)
            assert sorted(os.listdir(home / "models")) == ["1.bnn"]
        with Monitor(bridge.url) as monitor:
            assert next(iter(monitor)).label in from_bytes(OLD).labels
        assert node.running


def test_files_and_ports_that_are_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("XNORNODE_PORT", "/dev/ttyACM99")
    text = tmp_path / "text"
    text.write_text("hello\n" * 100)
    good = tmp_path / "old.bnn"
    good.write_bytes(OLD)
    for arguments, status, says in (
        (("push", tmp_path / "none"), 1, "No such file"),
        (("push", text), 1, "not a .bnn model file"),
        (("push", good), 1, "/dev/ttyACM99 is not there"),
        (("list",), 1, "/dev/ttyACM99 is not there"),
        (("rollback", "--port", "socket://127.0.0.1:9"), 1, "is not there"),
        (("doctor", "--port", "nonsense://x"), 2, "nonsense:// is no kind of port"),
        (("push",), 2, "usage"),
        (("push", good, "--key", text), 1, "is no key"),
    ):
        done = xnornode(*arguments)
        assert done.returncode == status, done.stderr
        assert says in done.stderr + done.stdout and "Traceback" not in done.stderr, arguments


def test_ctrl_c_and_going_on(home, files):
    """Ctrl-C on the PC leaves the node classifying; the next push goes on where this one was."""
    # The line stands still until then, so that the push cannot end before
    still = Fault(Kind.STALL, TO_NODE, 16_000, seconds=60)
    with live_node(home, OLD, [still], realtime=True, baud=230_400) as (node, bridge):
        command = [COMMAND, "push", str(files / "large.bnn"), "--port", bridge.url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while bridge.carried["to node"] < 16_000 and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert process.returncode == 1
        assert "stopped; the node keeps its model" in said and "Traceback" not in said
        with Monitor(bridge.url) as monitor:
            assert next(iter(monitor)).label
        assert active_model(home) == OLD
        before = bridge.carried["to node"]
        done = xnornode("push", files / "large.bnn", "--port", bridge.url)
        assert done.returncode == 0, done.stderr
        assert "bytes of it: going on from there" in done.stderr
        assert bridge.carried["to node"] - before < 0.9 * len(LARGE) * 4 / 3
        assert active_model(home) == LARGE and node.running


def test_the_node_restarts_in_the_middle(home):
    faults = [Fault(Kind.RESTART, TO_NODE, 20_000)]
    said = []
    with live_node(home, OLD, faults) as (node, bridge):
        done = push(bridge.url, LARGE, say=said.append)
        assert done.breaks + done.retries >= 1 and done.active.revision == 3
        assert node.running
    assert active_model(home) == LARGE
    assert any("bytes of it: going on from there" in text for text in said), said


def test_the_free_heap_stays_in_one_piece(home):
    """For a model of three quarters of it, after windows and models have come and gone."""
    with live_node(home, OLD) as (_, bridge):
        for data in (NEW, LARGE, OLD):
            push(bridge.url, data)
        with Monitor(bridge.url) as monitor:
            for _ in zip(range(300), monitor, strict=False):
                pass
        with connect(bridge.url) as session:
            free = session.hello.ram
            begin = {"protocol": 1, "length": free * 3 // 4, "sha256": "0" * 64, "revision": 9}
            assert session.request("begin", **begin).at == 0


def test_a_program_that_prints_a_prompt_is_no_repl(home):
    """It goes on. The line stands still behind the prompt, as it may on a busy computer."""
    place = (TO_HOST, 0, b'"event":"hello"')
    faults = [Fault(Kind.INSERT, *place, data=b">>> "), Fault(Kind.STALL, *place, seconds=0.3)]
    with live_node(home, OLD, faults) as (node, bridge):
        assert push(bridge.url, NEW).active.revision == 2
        assert node.running and bridge.fired == faults


def test_a_port_that_is_back_is_not_let_go(home, monkeypatch):
    """Something else, such as ModemManager, could open it in between, and it would be busy."""
    opened = []

    def once(url):
        opened.append(url)
        assert len(opened) <= 2, "opened once more than it was closed"
        return open_port(url)

    for module in (connect_module, ports):
        monkeypatch.setattr(module, "open_port", once)
    fault = Fault(Kind.DISCONNECT, TO_NODE, 40, b'{"push":')
    with live_node(home, OLD, [fault]) as (_, bridge):
        assert push(bridge.url, NEW).breaks == 1
    assert len(opened) == 2


def test_signed_models(home, tmp_path):
    key, other = bytes(range(32)), bytes(32)
    with receiving_node(home) as bridge:
        (home / "xnornode.key").write_bytes(key)

        def refused(name, data, with_key):
            before = sorted(os.listdir(home / "models")) if (home / "models").exists() else []
            with pytest.raises(NodeError) as caught:
                push(bridge.url, data, key=with_key)
            assert caught.value.name == name
            assert key.hex() not in str(caught.value)
            after = sorted(os.listdir(home / "models")) if (home / "models").exists() else []
            assert after == before

        refused("unsigned", NEW, None)
        assert push(bridge.url, NEW, key=key).active.revision == 2
        refused("signature", model_bytes(4), other)
        refused("revision", OLD, key)
        refused("revision", to_bytes(replace(small_model(4), revision=2)), key)
        assert push(bridge.url, model_bytes(4), key=key).active.revision == 4
        (home / "xnornode.key").write_bytes(b"")
        refused("signature", model_bytes(5), key)
        (home / "xnornode.key").unlink()
        push(bridge.url, OLD)


def test_a_sealed_revision_cannot_be_claimed(home):
    """The revision that counts is the signed file's, not the one that `begin` names."""
    key = bytes(range(32))
    with receiving_node(home) as bridge:
        (home / "xnornode.key").write_bytes(key)
        push(bridge.url, NEW, key=key)
        with connect(bridge.url) as session:
            attempt = Push(OLD, key)
            attempt._begin["revision"] = 9
            with pytest.raises(NodeError, match="signature"):
                attempt.over(session)
            attempt._begin["signature"] = signature(key, attempt._begin)
            with pytest.raises(NodeError, match="revision 1, the node has had 2"):
                attempt.over(session)
    assert active_model(home) == NEW


def test_doctor(home, files):
    with live_node(home, OLD) as (_, bridge):
        done = xnornode("doctor", "--port", bridge.url)
        assert done.returncode == 0, done.stdout
        assert "a program classifies" in done.stdout and "predictions come" in done.stdout
        assert "failure" not in done.stdout and "active model net 1" in done.stdout
    done = xnornode("doctor", "--port", "/dev/ttyACM99")
    assert done.returncode == 1 and "failure   /dev/ttyACM99 is not there" in done.stdout


def test_the_channels_of_the_sensor_are_told(home):
    with live_node(home, OLD) as (_, bridge), connect(bridge.url) as session:
        assert session.hello.model.name == "net 1"
        assert session.hello.running and not session.hello.signed
        assert session.hello.format == from_bytes.__globals__["VERSION"]
    assert from_bytes(OLD).window.channels == CHANNELS


def test_library_errors_are_link_errors():
    with pytest.raises(LinkError):
        push("socket://127.0.0.1:9", OLD)
