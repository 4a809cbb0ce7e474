"""Commands to a node behind an RFC 2217 server, as they are on any other port."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from tests.lab.livenode import active_model, live_node, model_bytes, small_model
from tests.lab.rfc2217 import Server
from xnornode.cli.main import main
from xnornode.model.file_format import to_bytes

LARGE = to_bytes(small_model(3, hidden=2000))
"""Some 19 kB, for the node of `live_node`."""
CLEAR = (False, False)


@contextmanager
def node_behind_a_server(folder, faults=()):
    with (
        live_node(folder, model_bytes(), faults, realtime=True) as (_, bridge),
        Server(("127.0.0.1", int(bridge.url.rpartition(":")[2]))) as server,
    ):
        yield server, bridge


def left_alone(server) -> None:
    """The node was never reset by its lines, and every command has cleared them."""
    assert server.lines.resets == 0, server.lines.log
    assert {*server.lines.left} == {CLEAR}, server.lines.left


def test_push_list_monitor_doctor(tmp_path, capsys):
    new = tmp_path / "new.bnn"
    new.write_bytes(LARGE)
    with node_behind_a_server(tmp_path / "node") as (server, _):
        port = ("--port", server.url, "--baud", "460800")
        start = time.monotonic()
        assert main(["push", str(new), *port]) == 0
        rate = len(LARGE) / (time.monotonic() - start)
        assert active_model(tmp_path / "node") == LARGE
        assert main(["list", *port]) == 0
        assert f"{len(LARGE):,} bytes" in capsys.readouterr().out
        assert main(["monitor", "--count", "3", *port]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["event"] for line in lines] == ["prediction"] * 3
        assert main(["doctor", *port]) == 0
        assert "failure" not in capsys.readouterr().out
    assert server.lines.rates == [460800] * 4, "one negotiation for each command"
    left_alone(server)
    print(f"{len(LARGE):,} bytes over rfc2217://: {rate:,.0f} bytes/s, with all that a push does")


def test_a_push_over_a_line_that_fails_is_resumed(tmp_path):
    """Bytes are changed and lost, and the node's port goes away behind the server."""
    new = tmp_path / "new.bnn"
    new.write_bytes(LARGE)
    faults = [
        Fault(Kind.FLIP, TO_NODE, 4_000),
        Fault(Kind.DROP, TO_HOST, 900),
        Fault(Kind.DISCONNECT, TO_NODE, 12_000),
    ]
    with node_behind_a_server(tmp_path / "node", faults) as (server, bridge):
        assert main(["push", str(new), "--port", server.url]) == 0
    assert active_model(tmp_path / "node") == LARGE
    assert len(bridge.fired) == 3
    assert server.lines.resets == 0


@pytest.mark.parametrize("command", ["monitor", "push"])
def test_ctrl_c_clears_the_lines_in_order(tmp_path, command):
    new = tmp_path / "new.bnn"
    new.write_bytes(LARGE)
    words = ["push", str(new)] if command == "push" else ["monitor"]
    # The line stands still until then, so that a push cannot end before
    still = [Fault(Kind.STALL, TO_NODE, 2000, seconds=60)]
    with node_behind_a_server(tmp_path / "node", still) as (server, bridge):
        command_line = [sys.executable, "-m", "xnornode", *words, "--port", server.url]
        running = subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if command == "monitor":
            assert b"prediction" in running.stdout.readline()
        while command == "push" and bridge.carried[TO_NODE] < 2000:
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
        assert running.returncode in (0, 1) and b"Traceback" not in said
    left_alone(server)


def test_a_command_that_fails_clears_the_lines(tmp_path, capsys):
    """A model that the node refuses, after one that it had."""
    too_large = Path(tmp_path / "large.bnn")
    too_large.write_bytes(to_bytes(small_model(4, hidden=40_000)))
    with node_behind_a_server(tmp_path / "node") as (server, _):
        assert main(["push", str(too_large), "--port", server.url]) == 1
        assert main(["rollback", "--port", server.url]) == 1
    assert "the node refuses" in capsys.readouterr().err
    left_alone(server)


def test_a_guard_opens_and_closes_the_same_way(tmp_path):
    with node_behind_a_server(tmp_path / "node") as (server, _):
        words = [sys.executable, "-m", "xnornode", "guard", f"pty:{tmp_path / 'tty'}", server.url]
        running = subprocess.Popen([*words, "--lines", "dtr"], stderr=subprocess.PIPE, text=True)
        assert "leads to" in running.stderr.readline()
        assert server.lines.log[-1] == (True, False)
        assert main(["list", "--port", str(tmp_path / "tty")]) == 0
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=120)
        assert running.returncode == 0
    left_alone(server)
