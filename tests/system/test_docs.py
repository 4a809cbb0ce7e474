"""The documents: code in them runs, commands in them exist, the site builds, examples work."""

import doctest
import importlib.util
import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.lab import documents
from tests.lab.documents import ON_NODE, TEXT, Block
from tests.lab.livenode import live_node, model_bytes
from tools.docs import hook
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.classifier import XnorClassifier
from xnornode.cli import main
from xnornode.datasets.load import EXAMPLES
from xnornode.link.monitor import Monitor
from xnornode.recipes import defaults

BLOCKS = documents.blocks()
PORT = "/dev/ttyACM0"
SENSOR = """
def sensor():
    for i in range(100):
        yield ((37 * i) % 4001 - 2000, (53 * i) % 4001 - 2000)
"""
MAKE_TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
NO_BOARD = ("train", "search", "info", "convert")
QUICK = {
    "train": ["--quick", "--epochs", "1"],
    "search": ["--epochs", "1", "--trials", "2"],
    "info": [],
    "convert": [],
}


def of(language: str, info: str = "") -> list[object]:
    """Blocks that a test runs, as parameters."""
    found = [b for b in BLOCKS if b.language == language and b.info.strip() == info and b.tested]
    return [pytest.param(block, id=str(block)) for block in found]


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """A working directory with the files that the documents name."""
    documents.make_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.quick
def test_each_block_is_of_a_kind_that_is_tested():
    kinds = {(b.language, b.info.strip()) for b in BLOCKS}
    assert kinds <= {("sh", ""), ("python", ""), ("python", ON_NODE), *((t, "") for t in TEXT)}
    skipped = [str(b) for b in BLOCKS if not b.tested]
    assert len(skipped) == 6, skipped


@pytest.mark.parametrize("block", of("python"))
def test_python_on_the_pc(block, data, monkeypatch):
    x, y, people = documents.windows()
    for name in ("STEPS", "FEWEST_EPOCHS"):
        monkeypatch.setattr(defaults, name, 1)
    monkeypatch.setitem(XnorClassifier.__init__.__kwdefaults__, "epochs", 2)
    if PORT not in block.code:
        exec(compile(block.code, str(block), "exec"), {"X": x, "y": y, "people": people})
        return
    whole = Monitor.__iter__
    monkeypatch.setattr(Monitor, "__iter__", lambda self: itertools.islice(whole(self), 3))
    with live_node(data / "node", model_bytes()) as (_, bridge):
        exec(compile(block.code.replace(PORT, bridge.url), str(block), "exec"), {})


@pytest.mark.parametrize(
    "module", ["errors", "link.monitor", "link.connect", "link.push", "link.recording"]
)
def test_docstring_examples_with_a_node(module, data, monkeypatch):
    """What doctest skips, as it needs a port, raises nothing."""
    (data / "model.bnn").write_bytes(model_bytes())
    whole = Monitor.__iter__
    monkeypatch.setattr(Monitor, "__iter__", lambda self: itertools.islice(whole(self), 3))
    loaded = importlib.import_module(f"xnornode.{module}")
    with live_node(data / "node", model_bytes(seed=2)) as (_, bridge):
        tests = doctest.DocTestFinder().find(loaded)
        code = ["".join(e.source for e in t.examples) for t in tests if "+SKIP" in t.docstring]
        assert len(code) == 1
        exec(code[0].replace(PORT, bridge.url), {**vars(loaded)})


@pytest.mark.parametrize("block", of("python", ON_NODE))
def test_python_on_the_node(block, data):
    """On the unix build, with a made-up sensor."""
    documents.make_node(data, model_bytes())
    code = block.code.replace('"/models', f'"{data}/models').replace("listen(5000)", "listen(0)")
    (data / "main.py").write_text(SENSOR + code)
    done = micropython(data / "main.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout or "second_core" in block.code  # there it may come after the last sample


def micropython(program: Path) -> subprocess.CompletedProcess[str]:
    """Run a program for the node in its folder."""
    return subprocess.run(
        [str(build("unix")), program.name],
        cwd=program.parent,
        env={"MICROPYPATH": str(program.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("block", of("sh"))
def test_shell(block, data):
    """Commands for the PC are carried out, on small data; the others are parsed."""
    for line in block.commands:
        words = shlex.split(line, comments=True)
        check_command(block, words, data)


def check_command(block: Block, words: list[str], data: Path) -> None:
    """Carry it out, or find out that it could be."""
    match words:
        case [setting, *rest] if re.fullmatch(r"[A-Z_]+=\w*", setting):
            check_command(block, rest[: rest.index("2>")] if "2>" in rest else rest, data)
        case ["xnornode", name, *rest]:
            main._parser([name]).parse_args([name, *rest])
            if name in NO_BOARD and rest[0] not in EXAMPLES and "--dask" not in rest:
                # in this process: each one of its own would load scikit-learn again
                assert main.main([name, *rest, *QUICK.get(name, [])]) == 0
                outputs = [rest[i + 1] for i, word in enumerate(rest) if word in ("-o", "--report")]
                assert all((data / name).stat().st_size for name in outputs)
        case ["make", target, *_]:
            assert target in MAKE_TARGETS, block
        case ["python" | "build/venv/bin/python", "-m", module, *_]:
            assert importlib.util.find_spec(module), block
        case ["dask", kind, *rest]:
            command = importlib.import_module(f"distributed.cli.dask_{kind}").main
            known = {name for option in command.params for name in option.opts}
            assert {word for word in rest if word.startswith("-")} <= known, block
        case [".", path]:
            assert path == "build/venv/bin/activate", block
        case ["mpremote", *rest]:
            files = [word for word in rest if word.startswith(("device/", "examples/"))]
            assert all((ROOT / name).is_file() for name in files), block
        case [tool, *_]:
            path = ROOT / tool
            assert path.is_file() and os.access(path, os.X_OK), f"{block}: what is {tool}?"


@pytest.mark.quick
@pytest.mark.parametrize("block", of("toml"))
def test_settings_are_toml(block):
    assert tomllib.loads(block.code)


@pytest.mark.quick
def test_commands_in_the_text_exist():
    """Their names and options; the values may be placeholders."""
    found = documents.inline_commands()
    assert len(found) > 20
    (commands,) = (a for a in main._parser([])._actions if a.dest == "command")
    for page, code in found:
        name, *rest = re.sub(r"[\[\]]", "", code).split()[1:]
        if name not in ("COMMAND", "..."):
            parser = commands.choices[name]
            for further in parser._actions:  # of a command with commands of its own
                if further.dest == "action" and further.choices and rest:
                    parser = further.choices[rest[0]]
            options = parser._option_string_actions
            assert {w for w in rest if w.startswith("-")} <= {*options}, f"{page}: {code}"


@pytest.mark.quick
def test_documents_that_the_sources_name_exist():
    names = subprocess.run(
        ["git", "grep", "-ohE", r"docs/[a-z/-]+\.md"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if not names:
        pytest.skip("no git checkout")
    assert not {name for name in names if not (ROOT / name).is_file()}


def test_the_site_builds_without_warnings_and_without_the_network(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"?(http[^\" >]*)", page.read_text()
        )
        assert not loaded, f"{page} loads {loaded}"
    commands = (tmp_path / "reference" / "cli.html").read_text()
    assert all(f"xnornode {name}" in commands for name in main.MODULES)
    assert "Order of checks" in (tmp_path / "reference" / "format.html").read_text()


@pytest.mark.quick
def test_links_of_included_files_still_lead_there():
    page = ROOT / "docs" / "index.md"
    text = "[a](docs/guides/node.md#x) [b](firmware_modules/bnn/FORMAT.md) `[c](d)` [e](https://f)"
    assert hook.moved_links(text, ROOT / "README.md", page) == (
        "[a](guides/node.md#x) [b](reference/format.md) `[c](d)` [e](https://f)"
    )


@pytest.mark.quick
def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110


MACHINE = """
class Pin:
    def __init__(self, number): pass

class I2C:
    def __init__(self, *args, **options): self.left = 60
    def writeto_mem(self, *args): pass
    def readfrom_mem(self, address, register, count):
        if not self.left:
            raise SystemExit
        self.left -= 1
        return bytes((self.left * i) & 255 for i in range(count))
"""


def test_example_sensor_loop(tmp_path):
    """On the unix build; the bus and its sensor are made up."""
    text = (ROOT / "examples" / "sensor_loop.py").read_text()
    assert "RATE = 50" in text
    (tmp_path / "main.py").write_text(text.replace("RATE = 50", "RATE = 1000"))
    (tmp_path / "machine.py").write_text(MACHINE)
    documents.make_node(tmp_path, documents.six_channels())
    done = micropython(tmp_path / "main.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"event":"prediction"') == 6


def run_example(name: str, *arguments: str, folder: Path) -> str:
    """Its standard output."""
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_example_follow_predictions(tmp_path):
    with live_node(tmp_path / "node", model_bytes()) as (_, bridge):
        said = run_example("follow_predictions.py", bridge.url, "--count", "50", folder=tmp_path)
    assert "50 predictions, 0 lost, 0 restarts" in said
    assert sum(int(line.split()[0]) for line in said.splitlines() if line.startswith("  ")) == 50


def test_example_train_from_python(tmp_path, capsys):
    said = run_example("train_from_python.py", "model.bnn", folder=tmp_path)
    accuracy = float(re.search(r"accuracy ([\d.]+)%", said)[1])
    assert accuracy > 90, "two speeds are easy to tell apart"
    assert main.main(["info", str(tmp_path / "model.bnn")]) == 0
    assert "self-test   passes" in capsys.readouterr().out
