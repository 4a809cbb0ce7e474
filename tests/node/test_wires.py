"""Further links of a node that classifies: over sockets, and over what has `read` and `write`."""

import socket
import threading
import time
from contextlib import ExitStack, closing, suppress
from itertools import islice

import pytest
import serial

from tests.lab.bridge import Bridge
from tests.lab.faultlab import QUICK
from tests.lab.livenode import DEVICE, active_model, model_bytes
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.link.framing import command, unseal
from xnornode.link.messages import Prediction
from xnornode.link.protocol import Session
from xnornode.link.push import Push, push
from xnornode.link.timing import Timing

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "links.py"
OLD, NEW, OTHER = model_bytes(1), model_bytes(2), model_bytes(3, hidden=400)
PATIENCE = 60.0  # seconds for what takes a second or two


class Links:
    """The node, its standard port and the sockets of its further links."""

    def __init__(self, folder, kinds, let_go_ms):
        (folder / "models").mkdir()
        (folder / "models" / "1.bnn").write_bytes(OLD)
        self._stack = ExitStack()
        server = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(PATIENCE)
        port = server.getsockname()[1]
        program = [SCRIPT, folder, str(let_go_ms), *(f"{kind}:{port}" for kind in kinds)]
        self.node = self._stack.enter_context(UnixNode(program, folder, [DEVICE]))
        self.main = self._stack.enter_context(Bridge(self.node.fd)).url
        self.sockets = [server.accept()[0] for _ in kinds]
        for s in self.sockets:
            s.settimeout(PATIENCE)

    def url(self, number):
        """A port of this computer that leads to a link."""
        return self._stack.enter_context(Bridge(self.sockets[number].fileno())).url

    def read_main(self):
        """Take all that comes from the standard port, from now on."""
        host, port = self.main.removeprefix("socket://").split(":")
        main = self._stack.enter_context(socket.create_connection((host, int(port))))

        def read():
            with suppress(OSError):
                while main.recv(65536):
                    pass

        threading.Thread(target=read, daemon=True).start()

    def close(self):
        self._stack.close()  # bridges use the sockets
        for s in self.sockets:
            s.close()


@pytest.fixture
def links(tmp_path):
    """Makes the node with further links of some kinds."""
    with ExitStack() as stack:
        yield lambda *kinds, let_go_ms=0: stack.enter_context(
            closing(Links(tmp_path, kinds, let_go_ms))
        )


def lines(s):
    with s.makefile("rb") as file:
        yield from file


def events(s):
    """The events that come on a socket, whose lines are whole."""
    for line in lines(s):
        yield unseal(line.rstrip())


def ask(s, found, name, number, **fields):
    s.sendall(command(name, number, **fields))
    return next(e for e in found if e.get("id") == number)


@pytest.mark.parametrize("kind", ["socket", "plain"])
def test_a_push_over_a_further_link(links, kind, tmp_path):
    node = links(kind)
    done = push(node.url(0), OTHER, timing=QUICK)
    assert done.sent and active_model(tmp_path) == OTHER
    assert push(node.main, NEW, timing=QUICK).replaced.sha256 == done.active.sha256
    assert active_model(tmp_path) == NEW


def test_predictions_go_to_all(links):
    node = links("socket", "plain")
    with closing(serial.serial_for_url(node.main)) as port:
        session = Session(port, Timing(hello=PATIENCE))
        assert session.greet(PATIENCE)
        main = [e for e in (session.receive(PATIENCE) for _ in range(400)) if type(e) is Prediction]
    assert main
    wanted = {e.seq: e.scores for e in main}
    for s in node.sockets:
        found = {}
        for event in events(s):
            if event["event"] == "prediction":
                found[event["seq"]] = tuple(event["scores"])
                if event["seq"] >= max(wanted):
                    break
        assert {n: found[n] for n in wanted} == wanted


def test_answers_go_to_the_one_that_asked(links):
    node = links("socket", "socket")
    first, second = node.sockets
    heard = events(second)
    answer = ask(first, events(first), "hello", 77)
    assert (answer["event"], answer["frame"], answer["window"]) == ("hello", 256, 1)
    first.sendall(command("list", 78))
    second.sendall(command("list", 79))
    assert next(e for e in heard if e["event"] == "reply")["id"] == 79


def test_one_push_at_a_time(links, tmp_path):
    node = links("socket", "socket")
    first, second = node.sockets
    heard, heard_too = events(first), events(second)
    begun = ask(first, heard, "begin", 1, **Push(NEW)._begin)
    refused = ask(second, heard_too, "begin", 1, **Push(OTHER)._begin)
    assert refused["error"] == "busy" and "another link" in refused["message"]
    assert ask(second, heard_too, "rollback", 2, to="0" * 64)["error"] == "busy"
    assert "message" not in ask(first, heard, "list", 2)
    # The same model may go on over another link: the PC may have come back there
    again = ask(second, heard_too, "begin", 3, **Push(NEW)._begin)
    assert again["at"] == begun["at"]
    assert ask(first, heard, "end", 4, push=begun["push"])["error"] == "replaced"
    # The cable is never kept out
    assert push(node.main, OTHER, timing=QUICK).sent and active_model(tmp_path) == OTHER
    assert ask(second, heard_too, "end", 5, push=again["push"])["error"] == "replaced"


def test_a_push_that_stands_still_ends_whatever_else_comes(links):
    node = links("socket", "socket", let_go_ms=1000)
    first, second = node.sockets
    assert "error" not in ask(first, events(first), "begin", 1, **Push(NEW)._begin)
    heard, end = events(second), time.monotonic() + PATIENCE
    answer = {"error": "busy"}
    while answer.get("error") == "busy" and time.monotonic() < end:
        first.sendall(b"{\n")
        time.sleep(0.1)
        answer = ask(second, heard, "begin", 1, **Push(OTHER)._begin)
    assert "error" not in answer


def test_one_recording_at_a_time(links):
    node = links("socket", "socket")
    first, second = node.sockets
    heard, heard_too = events(first), events(second)
    assert ask(first, heard, "stream", 1, seconds=60)["port"] is None
    assert ask(second, heard_too, "stream", 1, seconds=60)["error"] == "busy"
    assert "error" not in ask(second, heard_too, "stop", 2)
    samples = list(islice((e for e in heard if e["event"] == "samples"), 5))
    assert [e["seq"] for e in samples] == list(range(5))
    assert "error" not in ask(first, heard, "stop", 3)
    assert ask(second, heard_too, "stream", 4, seconds=60)["at"] == 0


def test_a_link_that_nobody_reads_drops_whole_lines(links):
    node = links("late", "socket")
    slow, other = node.sockets
    node.read_main()  # a full pseudo-terminal would hold the program up
    seen = 0
    for event in events(other):  # which has them all, as the node goes on
        if event["event"] == "prediction":
            assert event["seq"] == seen
            seen += 1
            if seen == 500:
                break
    slow.sendall(b"\n")
    count = lost = before = 0
    for event in events(slow):  # each line of it is whole
        if event["event"] == "prediction":
            lost += event["seq"] - before
            before = event["seq"] + 1
            count += 1
            assert lost or count < 100, "some were dropped"
        elif event["event"] == "warning" and event["kind"] == "dropped":
            assert 0 < lost <= event["count"]
            break
    assert count


def test_garbage_and_ctrl_c_end_nothing(links, tmp_path):
    node = links("socket", "plain")
    for s in node.sockets:
        s.sendall(
            b"\x03\x03\x01\x04\x02" + bytes(range(256)) * 40 + b"\n\x03\n{\n[[[\n" + b"x" * 9000
        )
        s.sendall(b"\n" + command("hello", 5))
        assert any(e.get("error") == "damaged" for e in taken_until(s, "hello"))
    assert node.node.running
    assert push(node.main, NEW, timing=QUICK).sent and active_model(tmp_path) == NEW


def test_a_link_that_breaks_in_a_push(links, tmp_path):
    node = links("socket", "socket")
    first, second = node.sockets
    ask(first, events(first), "begin", 1, **Push(OTHER)._begin)
    first.close()
    (warning,) = [e for e in taken_until(second, "warning") if e["event"] == "warning"]
    assert warning["kind"] == "link" and "broke" in warning["warning"]
    second.sendall(command("begin", 2, **Push(NEW)._begin))
    assert "push" in next(e for e in events(second) if e.get("id") == 2)


def taken_until(s, name):
    for event in events(s):
        yield event
        if event["event"] == name:
            return
