"""Whatever talks on a port, no command waits longer than it may, and each says what came."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.faultlab import lab_models
from tests.lab.talkers import (
    STRANGERS,
    LyingNode,
    talking_terminal,
)
from xnornode.cli.main import main
from xnornode.errors import LinkError
from xnornode.link import connect as connect_module
from xnornode.link import ports
from xnornode.link.connect import connect
from xnornode.link.framing import seal
from xnornode.link.push import push
from xnornode.link.raw_repl import RawRepl
from xnornode.link.stream import Stream
from xnornode.link.timing import SLOWEST, USUAL, Timing
from xnornode.model.file_format import to_bytes

pytestmark = pytest.mark.quick

MODEL, LARGE = (to_bytes(model) for model in lab_models()[:2])
LONGEST = 60.0
"""Seconds that a command may take, however the port behaves."""
NOBODY = 11.0
"""Seconds after which it is known that nobody answers."""
COMMANDS = ("push", "list", "rollback", "doctor")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "large.bnn"
    path.write_bytes(LARGE)
    return str(path)


def run(command, model):
    return main([command, *([model] if command == "push" else []), "--port", "talker"])


@pytest.mark.seconds
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", STRANGERS)
def test_each_command_ends_on_each_port(plug, clock, model, capsys, command, name):
    plug(STRANGERS[name])
    start = clock.now
    assert run(command, model) == 1
    assert clock.now - start < LONGEST
    said = "".join(capsys.readouterr())
    assert "talker" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("silence", "nothing comes from it"),
        ("prints", "temperature 21.5"),
        ("prints", "--reset"),
        ("gps", "GPS receiver"),
        ("gps", "$GPGGA,092750.000"),
        ("boot loop", "starts again and again"),
        ("download mode", "download mode: let go of BOOT"),
        ("baud rate", "baud rate"),
        ("deaf program", "takes no commands"),
    ],
)
def test_it_is_said_who_talks(plug, clock, name, says):
    plug(STRANGERS[name])
    start = clock.now
    with pytest.raises(LinkError) as caught, connect("talker"):
        pass
    assert says in str(caught.value)
    assert clock.now - start < NOBODY
    assert all(line.isprintable() for line in str(caught.value).splitlines())


@pytest.mark.parametrize("name", [name for name in STRANGERS if name != "silence"])
def test_each_error_shows_what_came_last(plug, name):
    plug(STRANGERS[name])
    with pytest.raises(LinkError) as caught, connect("talker") as session:
        session.request("list")
    assert "the last lines that came:\n    " in str(caught.value)
    assert all(line.isprintable() for line in str(caught.value).splitlines())


@pytest.mark.parametrize("name", STRANGERS)
def test_the_search_for_a_node_ends(plug, clock, name):
    """Longest where someone is there who is hard to hear, or what answers is a REPL."""
    plug(STRANGERS[name])
    start = clock.now
    with pytest.raises(LinkError), connect("talker"):
        pass
    hard_to_hear = "damaged" in name or "paste" in name or name == "raw prompts"
    assert clock.now - start < (25.0 if hard_to_hear else NOBODY)


ANSWER = b'{"event":"reply","id":%d'


def sealed(body):
    """A lie that holds the command's number, whose CRC is set when that is known."""

    class Sealed(bytes):
        def __mod__(self, number):
            return seal(body % number)

    return Sealed(body)


def ack(fields):
    return seal(b'{"event":"ack","push":7,' + fields)


BEGUN = {b'"cmd":"begin"': sealed(ANSWER + b',"push":7,"at":0')}
CHUNK = b'{"push":'
LIES = {
    "no answer": ({b'"cmd":"begin"': b"", b'"cmd":"list"': b""}, None),
    "the same ack again": (BEGUN | {CHUNK: b""}, (0.01, 0)),
    "acks rise by a byte a second": (BEGUN | {CHUNK: b""}, (1.0, 1)),
    "acks rise by a byte in five": (BEGUN | {CHUNK: b""}, (5.0, 1)),
    "acks rise by a byte, fast": (BEGUN | {CHUNK: b""}, (0.001, 1)),
    "acks rise by twenty bytes": (BEGUN | {CHUNK: b""}, (0.1, 20)),
    "acks of nothing": (BEGUN | {CHUNK: ack(b'"at":99999999')}, None),
    "always damaged": (BEGUN | {CHUNK: ack(b'"at":0,"error":"damaged"')}, None),
    "always offset": (BEGUN | {CHUNK: ack(b'"at":0,"error":"offset"')}, None),
    "never a push": (BEGUN | {CHUNK: ack(b'"at":0,"error":"no_push"')}, None),
    "a hash that is wrong": ({b'"cmd":"end"': sealed(ANSWER + b',"error":"hash"')}, None),
    "more than the model has": (
        {b'"cmd":"begin"': sealed(ANSWER + b',"push":7,"at":99999999')},
        None,
    ),
    "another answer": ({b'"cmd":"begin"': sealed(ANSWER), b'"cmd":"list"': sealed(ANSWER)}, None),
    "damaged commands": (
        {b'"cmd":"begin"': seal(b'{"event":"reply","id":null,"error":"damaged"')},
        None,
    ),
}
"""What is said instead of a node's answers, and how acks come by themselves."""


@pytest.mark.parametrize("name", LIES)
def test_a_push_ends_whatever_the_node_answers(plug, clock, node, name):
    lies, acks = LIES[name]
    plug(LyingNode(node, lies, acks))
    start = clock.now
    with pytest.raises(LinkError):
        push("talker", LARGE)
    assert clock.now - start < LONGEST


@pytest.mark.parametrize("name", ["no answer", "another answer"])
@pytest.mark.parametrize("command", ["list", "rollback", "doctor"])
def test_a_command_ends_whatever_the_node_answers(plug, clock, node, model, name, command):
    plug(LyingNode(node, *LIES[name]))
    start = clock.now
    assert run(command, model) == 1
    assert clock.now - start < LONGEST


def test_a_slow_line_is_no_dead_one(plug, clock, node):
    """Twice the slowest rate gets a model through, however long that takes."""
    answers = BEGUN | {CHUNK: b""}
    digest = hashlib.sha256(LARGE).hexdigest().encode()
    active = b'{"name":"m","revision":1,"bytes":9,"sha256":"%s","trial":null}' % digest
    answers[b'"cmd":"end"'] = sealed(ANSWER + b',"active":' + active + b',"previous":null')
    plug(LyingNode(node, answers, rate=2 * SLOWEST))
    start = clock.now
    assert push("talker", LARGE).sent
    assert clock.now - start > len(LARGE) / SLOWEST / 3 > LONGEST


def test_code_that_never_ends(plug, clock, node):
    """Each byte would start a wait anew if it had no deadline."""
    plug(STRANGERS["flood"])
    stream = Stream(ports.open_port("talker"))
    start = clock.now
    with pytest.raises(LinkError, match="does not come to an end"):
        RawRepl("talker", stream).output(stream.wait(20))
    assert clock.now - start < 21


def test_a_pseudo_terminal_on_which_a_gps_talks():
    quick = Timing(hello=0.05, interrupt=0.05)
    with (
        talking_terminal(b"$GPGGA,092750.000,5321.6802,N\r\n", 0.01) as url,
        pytest.raises(LinkError, match="GPS receiver"),
        connect(url, quick),
    ):
        pass


@pytest.mark.parametrize("text", [b"x" * 3000, b'{"event":' * 300 + b"\n"])
def test_a_monitor_ends_by_ctrl_c_whatever_comes(text):
    command = [str(Path(sys.executable).parent / "xnornode"), "monitor", "--port"]
    with talking_terminal(text, 0.001) as url:
        process = subprocess.Popen([*command, url], stderr=subprocess.PIPE, text=True)
        with process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
    assert process.returncode == 0 and "0 predictions" in said and "Traceback" not in said


def test_times_are_those_of_the_documents():
    assert USUAL.stall + 2 * connect_module.CLEANUP < LONGEST
