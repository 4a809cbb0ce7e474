"""The command `xnornode studio`: how it starts, where it listens, how it ends."""

import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lab.studio_process import PATIENCE, StudioProcess, wait

BUSY = """
import sys
from pathlib import Path
from xnornode.cli.main import main
from xnornode.studio import server

async def busy(request):
    steps = Path(sys.argv[1])
    steps.write_text("begun")
    while not steps.with_name("go").exists():
        pass
    steps.write_text("whole")
    return server.answer({})

server._about = busy
sys.exit(main(sys.argv[2:]))
"""
"""A studio whose one answer keeps the loop busy, and says how far it came."""


def refused(folder, *options: str) -> str:
    """What it says that does not start."""
    command = StudioProcess(folder, *options)
    done = subprocess.run(
        command.command,
        env=command.environment,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1 and not done.stdout, done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_it_starts_without_a_node_and_makes_no_folder(tmp_path):
    with StudioProcess(tmp_path / "data") as studio:
        status, _, about = studio.ask("GET", "/api/about", Origin=None)
        assert status == 200 and str(tmp_path / "data").encode() in about
    assert not (tmp_path / "data").exists()
    assert "Ctrl-C" in studio.text and "has ended" in studio.text


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_the_loop_does_is_done_before_it_ends(tmp_path, how):
    """A lock that is taken is let go: nothing waits for it later."""
    steps = tmp_path / "steps"
    studio = StudioProcess(tmp_path / "data")
    studio.command = [sys.executable, "-c", BUSY, str(steps), *studio.command[1:]]
    with studio:

        def ask() -> None:
            with suppress(OSError):
                studio.ask("GET", "/api/about", Origin=None)

        asking = threading.Thread(target=ask)
        asking.start()
        wait(lambda: steps.exists() and steps.read_text() == "begun", "the answer's begin")
        studio.process.send_signal(how)
        (tmp_path / "go").touch()
        assert studio.process.wait(PATIENCE) == 0
        asking.join(PATIENCE)
    assert steps.read_text() == "whole"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_pages_are_open(tmp_path, how):
    with StudioProcess(tmp_path / "data") as studio:
        page = socket.create_connection(("127.0.0.1", studio.port))
        page.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nOrigin: {studio.origin}\r\n"
            f"Cookie: xnornode-{studio.port}={studio.token}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert b"101" in page.recv(100)
        assert studio.end(how) == 0
        page.close()


def test_the_usual_port_is_not_asked_for_when_it_is_taken(tmp_path):
    """Two studios side by side: the second takes a free port."""
    first, second = StudioProcess(tmp_path / "1"), StudioProcess(tmp_path / "2")
    for studio in (first, second):
        studio.command = studio.command[:-2]  # without --http
    with first, second:
        assert first.port != second.port
        for studio in (first, second):
            assert studio.ask("GET", "/api/about", Origin=None)[0] == 200


def test_a_port_that_was_named_and_is_taken_is_an_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(tmp_path / "data", "--http", str(port))
    assert str(port) in said and "--http" in said


def test_an_address_that_is_not_this_computers_is_an_error(tmp_path):
    said = refused(tmp_path / "data", "--listen", "192.0.2.1")
    assert "192.0.2.1" in said and "--listen" in said and "attempting" not in said


def test_a_name_that_is_none_is_an_error(tmp_path):
    said = refused(tmp_path / "data", "--listen", "no-such-host.invalid")
    assert "no-such-host.invalid" in said and "IP address" in said


def test_what_is_said_of_an_address_names_no_port_that_nobody_asked_for(tmp_path):
    command = StudioProcess(tmp_path / "data", "--listen", "192.0.2.1")
    command.command = command.command[:-2]  # without --http
    done = subprocess.run(command.command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "on 192.0.2.1: " in done.stderr, done.stderr


def test_data_that_cannot_be_made_is_an_error_at_the_start(tmp_path):
    (tmp_path / "file").write_text("x")
    under = StudioProcess(tmp_path / "file" / "data")
    done = subprocess.run(under.command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "is no folder" in done.stderr, done.stderr
    command = StudioProcess(Path("/proc/foo"))
    done = subprocess.run(command.command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "/proc/foo cannot be made in /proc" in done.stderr, done.stderr


def test_data_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "data").write_text("")
    assert "is no folder" in refused(tmp_path / "data")


def test_to_listen_to_a_network_is_said_to_be_open(tmp_path):
    with StudioProcess(tmp_path / "data", "--listen", "0.0.0.0") as studio:
        wait(lambda: "Ctrl-C" in studio.text, "what it says")
        assert "not encrypted" in studio.text
        others = {"Host": f"192.0.2.7:{studio.port}", "Origin": f"http://192.0.2.7:{studio.port}"}
        assert studio.ask("GET", "/api/about", **others)[0] == 200
        others["Cookie"] = None
        assert studio.ask("GET", "/api/about", **others)[0] == 403
        evil = {"Host": f"evil.test:{studio.port}", "Origin": f"http://evil.test:{studio.port}"}
        assert studio.ask("GET", "/api/about", **evil)[0] == 403


def test_without_listen_nobody_else_reaches_it(tmp_path):
    another = "127.0.0.2"  # another address of this computer stands for those of networks
    with StudioProcess(tmp_path / "data") as studio, pytest.raises(OSError):
        socket.create_connection((another, studio.port), timeout=5).close()


def test_a_node_that_is_not_there_does_not_keep_it_from_starting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with StudioProcess(tmp_path / "data", "--port", f"socket://127.0.0.1:{port}") as studio:
        about = '"problem": ""'
        wait(
            lambda: about.encode() not in studio.ask("GET", "/api/about", Origin=None)[2],
            "what is wrong with the node's port",
        )
