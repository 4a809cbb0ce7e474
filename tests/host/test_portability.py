"""What is different on Windows and macOS, as far as it can be tried on another system."""

import errno
import io
import json
import os
import subprocess
import sys

import pytest

import xnornode
from tools.firmware.sources import ROOT
from xnornode.cli import main as command
from xnornode.errors import XnorNodeError
from xnornode.link import ports
from xnornode.link.keys import make_key, read_key

pytestmark = pytest.mark.quick

# Takes away what Windows lacks, then imports the package. Packages of others come first, as they
# choose their own parts by system.
AS_ON_WINDOWS = """
import aiohttp, asyncio, json, multiprocessing, numpy, os, pkgutil, rich.console, signal, subprocess
import sys
import serial.tools.list_ports
for name in ("fcntl", "termios", "resource", "pwd", "grp", "tty", "pty"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "WNOHANG", "mkfifo"):
    delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1"):
    delattr(signal, name)
sys.platform = "win32"
import xnornode
from xnornode.cli.main import MODULES
for module in pkgutil.walk_packages(xnornode.__path__, "xnornode."):
    if module.name not in ("xnornode.__main__", "xnornode.board.romfs"):
        __import__(module.name)
from xnornode.nn import workers
print(json.dumps([sorted(MODULES), workers.CAN_FORK]))
"""


def test_all_is_imported_without_what_windows_lacks():
    command = [sys.executable, "-c", AS_ON_WINDOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    commands, can_fork = json.loads(done.stdout)
    assert {"train", "flash", "push", "monitor"} <= {*commands}
    assert not can_fork


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (
            "could not open port 'COM5': PermissionError(13, 'Zugriff verweigert', None, 5)",
            "is busy",
        ),
        ("could not open port 'COM5': FileNotFoundError(2, 'nicht da', None, 2)", "is not there"),
        ("Could not open port socket://a:1: [WinError 10061] abgelehnt", "is not there"),
        ("[Errno 13] could not open port /dev/ttyACM0: [Errno 13] Permission denied", "dialout"),
        ("[Errno 16] could not open port /dev/cu.usbmodem1: Resource busy", "is busy"),
    ],
)
def test_a_port_that_does_not_open_is_explained_in_any_language(problem, says):
    name = "socket://a:1" if "socket" in problem else "COM5"
    assert says in ports._why_not_open(name, OSError(problem))


def test_a_reader_that_has_gone_is_no_error_on_windows(monkeypatch, tmp_path, capsys):
    def write(*_: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    class Stdout(io.StringIO):
        def fileno(self) -> int:
            return descriptor

    descriptor = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    monkeypatch.setattr("xnornode.cli.info.run", write)
    monkeypatch.setattr(sys, "stdout", Stdout())
    monkeypatch.setattr(command.sys, "platform", "win32")
    assert command.main(["info", "model.bnn"]) == 1
    assert capsys.readouterr().err == ""
    os.close(descriptor)


def test_output_that_a_code_page_lacks_is_written_all_the_same(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr("xnornode.cli.info.run", lambda options: print("\u4e00") or 0)
    assert command.main(["info", "model.bnn"]) == 0
    out.flush()
    assert out.buffer.getvalue() == b"\\u4e00" + os.linesep.encode()


def test_more_processes_than_a_system_can_have_are_left_out_aloud(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("xnornode.cli.train.CAN_FORK", False)
    arguments = ["train", str(tmp_path / "none"), "-o", str(tmp_path / "m.bnn")]
    assert command.main([*arguments, "--processes", "2"]) == 1
    assert "--processes is left out" in capsys.readouterr().err
    assert command.main(arguments) == 1
    assert "--processes" not in capsys.readouterr().err


def test_keys_are_read_whatever_the_line_ends_are(tmp_path):
    key = make_key(tmp_path / "key")
    text = (tmp_path / "key").read_bytes()
    (tmp_path / "crlf").write_bytes(text.replace(b"\n", b"\r\n"))
    assert read_key(tmp_path / "key") == read_key(tmp_path / "crlf") == key
    (tmp_path / "binary").write_bytes(b"\xff\xfe" + text)
    with pytest.raises(XnorNodeError, match="is no key"):
        read_key(tmp_path / "binary")


def test_a_program_without_its_extra_names_it():
    code = "import runpy, sys\nsys.modules['mpremote'] = None\n"
    code += "runpy.run_module('xnornode.board.romfs', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == 'romfs: mpremote is missing: pip install "xnornode[flash]"\n'


def test_the_version_is_in_one_place():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text and xnornode.__version__ not in text
