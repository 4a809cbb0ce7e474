"""The guard: what it lets through in either direction, and that nothing else arrives."""

import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import pytest

from tests.lab.bridge import Bridge
from tests.lab.livenode import active_model, live_node, model_bytes
from tests.lab.simulated import receiver
from tests.lab.unixnode import UnixNode
from xnornode.link.framing import command, seal, unseal
from xnornode.link.guard import (
    COMMANDS,
    LONGEST_LINE,
    STREAM_COMMANDS,
    Dropped,
    Filter,
    to_host,
    to_node,
)
from xnornode.link.relay import TcpSide
from xnornode.link.send_window import Sender

COMMAND = str(Path(sys.executable).parent / "xnornode")
HASH = "0123456789abcdef" * 4
BEGIN = {"protocol": 1, "length": 900, "sha256": HASH, "revision": 3}
HELLO, LIST = command("hello", 1), command("list", 2)
CHUNK = seal(b'{"push":7,"at":0,"data":"abc=}\xff"')
GOOD = (
    HELLO,
    LIST,
    command("begin", 3, **BEGIN),
    command("begin", 3, **BEGIN, signature=HASH),
    command("end", 4, push=7),
    command("rollback", 5, to=HASH),
    CHUNK,
)
OWNERS = ("quit", "name")  # commands that no guard passes
STEAL = b"{open('/xnornode.key').read()}"
STOP = b"{\x03}"
QUOTE = seal(b'{"push":1,"at":0,"data":""+print(6*7)+""')
"""As a chunk was before version 0.2; for a REPL it is a dict with a call in it."""


@contextmanager
def guard(port: str, listen: str = "127.0.0.1:0"):
    """A running `xnornode guard`: its process, and what PCs open."""
    process = subprocess.Popen([COMMAND, "guard", listen, port], stderr=subprocess.PIPE, text=True)
    try:
        said = process.stderr.readline()
        assert " leads to " in said, said + process.stderr.read()
        yield process, said.split()[1]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def end(process: subprocess.Popen) -> str:
    """Ctrl-C; what was said until then."""
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 0 and "Traceback" not in said, said
    return said


class Recorder:
    """Stands for a board's port: a TCP port that keeps what arrives."""

    def __enter__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self.arrived = b""
        self.client = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self):
        self.client, _ = self._server.accept()
        while data := self.client.recv(65536):
            self.arrived += data

    def wait_for(self, text: bytes):
        deadline = time.monotonic() + 30
        while text not in self.arrived and time.monotonic() < deadline:
            time.sleep(0.01)
        assert text in self.arrived

    def __exit__(self, *_):
        self._server.close()
        if self.client:
            with suppress(OSError):  # the guard has gone before
                self.client.shutdown(socket.SHUT_RDWR)
        self._thread.join()


def connected(url: str) -> socket.socket:
    host, _, port = url.removeprefix("socket://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def until_prompt(fd: int) -> None:
    """Read what a REPL says, until it waits for a line."""
    said, deadline = b"", time.monotonic() + 30
    while not said.endswith(b">>> "):
        assert time.monotonic() < deadline, said
        if select.select([fd], [], [], 1)[0]:
            said += os.read(fd, 65536)


def odd_lines(count: int) -> list[bytes]:
    """Lines that are none of the protocol: noise, Python, damaged lines, wrong types."""
    rng = random.Random(11)
    python = [
        b"import os",
        b"print(1)",
        b"\x01print(1)\x04",
        b"\x05A\x01",
        b"{exec('x')}",
        STEAL,
        STOP,
    ]
    values = [None, True, -1, 1.5, 2**32, "1", "\x1b[2J", [1], {"a": 1}, float("nan"), HASH.upper()]

    def odd() -> bytes:
        match rng.randrange(8):
            case 0:
                return rng.randbytes(rng.randrange(1, 300))
            case 1:
                return rng.choice(python) + rng.randbytes(rng.randrange(3))
            case 2:  # one bit of a good line
                line = bytearray(rng.choice(GOOD))
                line[rng.randrange(len(line) - 1)] ^= 1 << rng.randrange(8)
                return bytes(line)
            case 3:  # a wrong value with a right crc
                fields = {**BEGIN, "id": 1, "cmd": "begin"}
                fields[rng.choice([*fields])] = rng.choice(values)
                return seal(json.dumps(fields)[:-1].encode())
            case 4:  # a right value that is no line of this protocol
                body = rng.choice([b'{"cmd":"quit","id":1', b'{"event":"end","count":1', b'["a"'])
                return seal(body)
            case 5:  # a chunk with a byte that a REPL takes notice of
                byte = bytes([rng.choice(b'\x00\x03\x08\x0e\x15\x1b\x7f"')])
                return seal(b'{"push":7,"at":0,"data":"' + byte + rng.choice([b"A", b"[H"]) + b'"')
            case 6:  # a control character in a good line
                line = rng.choice(GOOD)[:-1]
                at = rng.randrange(1, len(line) - 1)
                return line[:at] + bytes([rng.choice(b"\x03\x04\x08\x1b")]) + line[at:]
            case _:  # a nest, a long line, a crc that is missing
                nest = b"[" * 300 + b"]" * 300
                long = b'{"push":7,"at":0,"data":"' + b"A" * LONGEST_LINE + b'"'
                return rng.choice(
                    [seal(b'{"cmd":"hello","id":' + nest), seal(long), b'{"cmd":"list","id":1}']
                )

    return [odd() for _ in range(count)]


@pytest.mark.quick
def test_the_commands_are_those_of_the_node():
    door = receiver.checked.__globals__
    passing = COMMANDS | STREAM_COMMANDS
    keys = {name: {f.name for f in fields(kind)} - {"id"} for name, kind in passing.items()}
    known = {name: {*words} - {"hmac"} for name, words in door["COMMANDS"].items()}
    assert keys == {name: words for name, words in known.items() if name not in OWNERS}


@pytest.mark.quick
@pytest.mark.parametrize("line", GOOD)
def test_lines_of_the_protocol_pass(line):
    assert to_node(line[:-1]) == line


@pytest.mark.quick
@pytest.mark.parametrize("line", [command("stream", 6, seconds=10), command("stop", 7)])
def test_a_stream_passes_where_it_is_allowed(line):
    assert to_node(line[:-1], allow_stream=True) == line
    with pytest.raises(Dropped, match="no command"):
        to_node(line[:-1])


@pytest.mark.quick
def test_a_command_is_written_again():
    """Spaces, order, keys that are not known, and the two letters that stand by their numbers."""
    odd = b'{ "to": "%s" , "x":{"C":"#"},\t"id":5,"cmd":"\\u0072ollback"' % HASH.encode()
    assert to_node(seal(odd.replace(b"\t", b" "))[:-1]) == command("rollback", 5, to=HASH)
    with pytest.raises(Dropped, match="control"):
        to_node(seal(odd)[:-1])


@pytest.mark.quick
@pytest.mark.parametrize("value", ["NaN", "-Infinity", '{"a":1,"a":2}', "tru", "01", "'a'"])
def test_a_command_is_strict_json(value):
    """Also in keys that do not pass."""
    with pytest.raises(Dropped):
        to_node(seal(b'{"cmd":"list","id":2,"new":[%s]' % value.encode())[:-1])


@pytest.mark.parametrize("piece", [1, 7, 4096, 1 << 20])
def test_odd_lines_do_not_pass(piece):
    stream = b"\n".join([*odd_lines(500), HELLO])
    lines = Filter(to_node)
    passed = [
        line for at in range(0, len(stream), piece) for line in lines.feed(stream[at : at + piece])
    ]
    assert passed == [HELLO]
    assert lines.dropped.total() >= 500 and len(lines.dropped) >= 4


@pytest.mark.quick
def test_a_line_without_an_end_takes_no_more_room_than_a_line():
    lines = Filter(to_node)
    for _ in range(100):
        assert not list(lines.feed(b"x" * 10_000))
    assert len(lines._rest) <= LONGEST_LINE
    assert list(lines.feed(b"\n" + LIST)) == [LIST]
    assert lines.dropped == {f"longer than {LONGEST_LINE} bytes": 1}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("body", "passes"),
    [
        (b'{"event":"end","count":3', b'{"event":"end","count":3'),
        (b'{"count":3,"event":"end","x":[1]', b'{"event":"end","count":3'),
        (b'{"event":"error","error":"\\u001bx"', b'{"event":"error","error":"\\\\x1bx"'),
        (b'{"event":"ack","push":7,"at":0', b'{"event":"ack","push":7,"at":0'),
        (b'{"event":"reply","id":1', b'{"event":"reply","id":1'),
        (b'{"event":"reply","id":1,"error":"hash"', b'{"event":"reply","id":1,"error":"hash"'),
        (b'{"event":"end","count":-1', None),
        (b'{"event":"prediction","seq":NaN', None),
        (b'{"event":"new"', None),
        (b'{"cmd":"hello","id":1', None),
        (b'{"event":' + b"[" * 60_000, None),
    ],
)  # fmt: skip
def test_events_are_written_again_or_dropped(body, passes):
    if passes is None:
        with pytest.raises(Dropped):
            to_host(seal(body)[:-1])
    else:
        assert to_host(seal(body)[:-1]) == seal(passes)
        assert unseal(seal(passes))


def test_nothing_odd_arrives_at_the_port():
    """The two attacks, the third one by a chunk, and 500 odd lines; then one good line."""
    with Recorder() as board, guard(board.url) as (process, url):
        with connected(url) as pc:
            for line in (STEAL, STOP, QUOTE, *odd_lines(500)):
                pc.sendall(line + b"\r\n")
            pc.sendall(b"\x03\x01import os\x04" + HELLO[:20])  # who leaves leaves no half line
        with connected(url) as pc:
            pc.sendall(HELLO[20:] + LIST)
            board.wait_for(LIST)
        said = end(process)
        assert board.arrived == LIST
    assert "1 lines to the node" in said
    dropped = [int(n) for n in re.findall(r"(\d+) lines to the node with", said.splitlines()[-1])]
    assert sum(dropped) > 200


def test_a_repl_runs_nothing_of_what_passes(tmp_path):
    """MicroPython's own REPL: each attack works without the guard, and does nothing behind it."""
    attacks = {
        "quote": b'"+open("quote","w").close()+"',
        "backspace": b"\x7f" * 40 + b'open("backspace","w")#',
        "home": b'\x1b[Hopen("home","w")#',
        "kill": b'\x15open("kill","w")#',
    }

    def chunk(data: bytes) -> bytes:
        return seal(b'{"push":1,"at":0,"data":"' + data + b'"')

    def created() -> set[str]:
        return {path.name for path in tmp_path.iterdir()}

    with UnixNode([], tmp_path, []) as node:
        until_prompt(node.fd)

        def type_in(line: bytes) -> None:
            os.write(node.fd, line.rstrip() + b"\r")
            until_prompt(node.fd)

        for attack in attacks.values():
            type_in(chunk(attack))
            with pytest.raises(Dropped):
                to_node(chunk(attack)[:-1])
        assert created() == {*attacks}, "the attacks are real"
        for name in attacks:
            (tmp_path / name).unlink()
        for data in (*attacks.values(), bytes(range(256)), b"\\", b"'''" + b"\\" * 3):
            (line,) = Sender(data, 1, 0, 4160, 1, 1).lines()
            assert to_node(line[:-1]) == line
            type_in(line)
        for line in GOOD:
            type_in(line)
        assert not created()


@pytest.mark.parametrize("kind", ["tcp", "pty"])
def test_push_monitor_and_list_through_a_guard(kind, tmp_path):
    (tmp_path / "new.bnn").write_bytes(new := model_bytes(2))
    listen = "127.0.0.1:0" if kind == "tcp" else f"pty:{tmp_path / 'tty'}"

    def run(*arguments):
        command = [COMMAND, *map(str, arguments), "--port", url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    with (
        live_node(tmp_path / "node", model_bytes(1), realtime=True) as (node, bridge),
        guard(bridge.url, listen) as (process, url),
    ):
        assert run("list").startswith("active      net 1")
        assert run("push", tmp_path / "new.bnn").startswith("active      net 2")
        assert active_model(tmp_path / "node") == new
        lines = run("monitor", "--count", "5", "--format", "json").splitlines()
        assert len(lines) == 5 and all("label" in json.loads(line) for line in lines)
        assert run("rollback").startswith("active      net 1")
        assert node.running
        said = end(process)
    assert "lines to the node with" not in said
    assert not (tmp_path / "tty").exists()


def test_a_pc_that_does_not_read_does_not_hold_up_the_node(tmp_path):
    with Recorder() as board, guard(board.url) as (process, url), connected(url) as pc:
        pc.sendall(LIST)
        board.wait_for(LIST)
        flood = seal(b'{"event":"source","name":"%s"' % (b"x" * 4000))
        for _ in range(5000):  # the sockets' own buffers hold some, too
            board.client.sendall(flood)
        pc.sendall(HELLO)
        board.wait_for(HELLO)
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert int(status.split("VmRSS:")[1].split()[0]) < 100_000
        assert "lines that no PC read" in end(process)


def test_a_second_pc_is_turned_away():
    side = TcpSide("127.0.0.1", 0)
    with connected(side.name) as first, connected(side.name) as second:
        first.sendall(b"1")
        assert [side.receive(10) for _ in range(3)] == [b"", b"1", b""]
        assert second.recv(10) == b"" and side.turned_away == 1
        first.close()
        assert side.receive(10) is None
    with connected(side.name) as third:
        third.sendall(b"3")
        assert [side.receive(10) for _ in range(2)] == [b"", b"3"]
    side.close()


def test_the_port_goes_away_and_comes_back(tmp_path):
    with (
        UnixNode([tmp_path / "echo.py"], tmp_path, []) as node,
        Bridge(node.fd, pty=True) as bridge,
        guard(bridge.url) as (process, url),
        connected(url) as pc,
    ):
        bridge._unplug()
        assert "went away" in process.stderr.readline()
        assert "is back" in process.stderr.readline()
        pc.sendall(LIST)
        end(process)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("5000", "/dev/null"), 2, "neither HOST:PORT nor pty:PATH"),
        (("127.0.0.1:99999", "/dev/null"), 2, "neither HOST:PORT nor pty:PATH"),
        (("127.0.0.1:0", "/dev/none"), 1, "/dev/none is not there"),
        (("192.0.2.1:5000", "/dev/none"), 1, "cannot listen on 192.0.2.1:5000"),
        (("pty:/dev/null", "/dev/none"), 1, "cannot make /dev/null"),
    ],
)
def test_mistakes_get_a_message(arguments, status, says):
    done = subprocess.run(
        [COMMAND, "guard", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status and says in done.stderr and "Traceback" not in done.stderr
