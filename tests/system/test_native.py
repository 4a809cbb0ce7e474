"""The native module on a board with stock firmware: `xnornode flash --native`, and mpremote mip."""

import json
import shutil
import subprocess
import sys
from base64 import b64encode
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from tests.lab.parity import disagreements
from tests.lab.watch import watch_model, watch_windows
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware import build as firmware
from tools.firmware.sources import ROOT
from xnornode.board import native_module
from xnornode.cli.main import main
from xnornode.errors import LinkError
from xnornode.link.repl import Board
from xnornode.model.file_format import from_bytes
from xnornode.model.model_file import save_model

VERSION_6_3 = 6 | 3 << 8


def reporting(mpy: int, builtin: str | None = None):
    """A board as far as module_for looks at it."""
    facts = json.dumps([mpy, "1.25.0", builtin])
    return SimpleNamespace(url="/dev/ttyACM0", run=lambda code: facts)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder with a stand-in for each module: header, then its architecture."""
    for name in firmware.TARGETS:
        kind, _, architecture = name.partition("/")
        if kind == "native":
            (tmp_path / architecture).mkdir()
            (tmp_path / architecture / "bnn.mpy").write_bytes(b"M\6\3\x1f" + architecture.encode())
    monkeypatch.setattr(native_module, "NATIVE_MODULES", tmp_path)
    return tmp_path


@pytest.mark.quick
@pytest.mark.parametrize(
    ("number", "architecture"),
    [(2, "x64"), (4, "armv6m"), (5, "armv7m"), (6, "armv7m"), (7, "armv7emsp"), (8, "armv7emsp"),
     (10, "xtensawin"), (11, "rv32imc")],
)  # fmt: skip
@pytest.mark.parametrize("flags", [0, 1 << 16])
def test_the_module_is_that_of_the_boards_architecture(modules, number, architecture, flags):
    module = native_module.module_for(reporting(VERSION_6_3 | number << 10 | flags))
    assert module.architecture == architecture
    assert module.data[4:] == architecture.encode()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("mpy", "builtin", "says"),
    [
        (VERSION_6_3, None, "built without support for native modules"),
        (VERSION_6_3 | 9 << 10, None, "no native module for the architecture xtensa"),
        (VERSION_6_3 | 15 << 10, None, "no native module for the architecture number 15"),
        (6 | 1 << 8 | 4 << 10, None, "loads native modules of version 6.1, and this one is of 6.3"),
        (VERSION_6_3 | 4 << 10, "0.1.0", "has bnn 0.1.0 built in"),
    ],
)
def test_other_boards_are_refused(modules, mpy, builtin, says):
    with pytest.raises(LinkError, match=says):
        native_module.module_for(reporting(mpy, builtin))


@pytest.mark.quick
def test_a_module_that_is_not_built_is_named(modules):
    shutil.rmtree(modules / "armv6m")
    with pytest.raises(LinkError, match=r"build it with `make native`"):
        native_module.module_for(reporting(VERSION_6_3 | 4 << 10))


@pytest.mark.quick
def test_the_probe_gives_more_than_one_class():
    model = from_bytes(native_module.probe())
    assert model.selftest()
    windows = [model.scores(model.selftest_window() * sign) for sign in (1, -1)]
    assert (windows[0] != windows[1]).any()


@pytest.mark.quick
@pytest.mark.parametrize("other", ["--force", "--firmware=f.uf2", "--drive=d"])
def test_firmware_options_do_not_go_with_native(other, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["flash", "--native", other])
    assert "leaves the firmware as it is" in capsys.readouterr().err


@pytest.fixture(scope="module")
def package():
    """The folder with bnn.mpy and package.json for a Pico."""
    return firmware.build("native/armv6m").parent


@pytest.fixture(scope="module")
def pico(tmp_path_factory):
    """A Pico whose firmware lacks bnn."""
    flash_file = tmp_path_factory.mktemp("stock") / "flash.bin"
    with EmulatedPico(flash_file, firmware=firmware.build("rp2-stock")) as pico:
        yield pico


def test_the_package_is_whole_and_names_no_folder_of_this_computer(package):
    listed = json.loads((package / "package.json").read_text())
    assert listed["version"] == firmware.module_version()
    names = [name for name, _ in listed["urls"]]
    assert all(name == url and (package / url).is_file() for name, url in listed["urls"])
    folder = ROOT / "device"
    sources = [path.relative_to(folder) for path in folder.glob("xnornode/**/*.py")]
    device = sorted(str(path.with_suffix(".mpy")) for path in sources)
    assert sorted(names) == sorted(["bnn.mpy", *device])
    assert str(ROOT).encode() not in (package / "bnn.mpy").read_bytes()


def run_flash(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "flash.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_flash_native(pico, package, tmp_path):
    model = watch_model()
    save_model(model, tmp_path / "watch.bnn")
    arguments = ("--native", "--port", pico.url, "--model", tmp_path / "watch.bnn")
    with Board(pico.url) as board:
        board.run("import os\nfor name in ('/lib', '/lib/xnornode'): os.mkdir(name)")
        board.put(b"raise SystemExit", "/lib/xnornode/lines.py")
    first = run_flash(*arguments)
    assert first.returncode == 0, first.stderr
    module, installed = first.stdout.splitlines()[1:]
    assert module.startswith("module     bnn ") and "for armv6m" in module
    assert "self-test passed" in module and "self-test passed" in installed
    second = run_flash(*arguments)
    assert second.stdout.startswith("files      0 written"), second.stderr
    with Board(pico.url) as board:
        assert board.run("import bnn; print(bnn.__file__)").strip() == native_module.PATH
        for folder in ("/lib/xnornode", "/lib/xnornode/sensors"):
            there = board.run(f"import os; print(*os.listdir({folder!r}))").split()
            compiled = {Path(name).suffix for name in there if name != "sensors"}
            assert len(there) > 10 and compiled == {".mpy"}
        assert disagreements(board, model, watch_windows(hop=64, count=20), hop=64) == 0


@pytest.fixture
def server(package):
    """The address of a web server that has the package."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(package))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.mark.parametrize("from_server", [False, True], ids=["folder", "server"])
def test_mip_installs_the_package(pico, package, server, from_server):
    with Board(pico.url) as board:
        board.clear()
        board.run(
            "import os\nfor name in ('bnn.mpy', 'xnornode/__init__.mpy'):\n"
            " try: os.remove('/lib/' + name)\n except OSError: pass"
        )
    command = [sys.executable, "-m", "mpremote", "connect", pico.url]
    command += ["mip", "install", f"{server if from_server else package}/package.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with Board(pico.url) as board:
        board.clear()
        said = board.run("import bnn, xnornode; print(bnn.__file__, xnornode.__file__)")
        assert said.split() == [native_module.PATH, "/lib/xnornode/__init__.mpy"]
        model = b64encode(native_module.probe()).decode()
        board.run(f"from binascii import a2b_base64\nmodel = a2b_base64({model!r})")
        board.run("c = xnornode.Classifier(model)\nfor _ in range(32): p = c.feed((7,))")
        assert board.run("print(p.label in c.model.labels, c.model.selftest())") == "True True\n"


def test_a_firmware_with_bnn_built_in_is_left_alone(pico_firmware, package, tmp_path):
    with EmulatedPico(tmp_path / "flash.bin", firmware=pico_firmware) as pico:
        done = run_flash("--native", "--port", pico.url)
        assert done.returncode == 1
        assert "built in, which always comes first" in done.stderr
        with Board(pico.url) as board:
            assert board.run("import os; print(os.listdir())").strip() == "[]"
