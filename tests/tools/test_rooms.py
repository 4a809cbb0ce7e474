"""Imports run downwards: from a room to one below it, and in no circle between files.

The rooms and their order are those of docs/explanation/design.md.
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tools.firmware.sources import ROOT

pytestmark = pytest.mark.quick

# From the top floor down. A room imports from itself and from what stands below it.
HOST = (
    "__main__", "cli", "studio", "fleet", "report", "model_search", "recipes", "classifier",
    "_classifier_save", "_classifier_input", "_classifier_arguments", "events", "export",
    "training", "datasets", "board", "link", "data", "nn", "cost", "model",
    "_sklearn_standin", "_files", "_extras", "_typing", "errors",
)  # fmt: skip
FLOORS = (
    *("tests.system", "tests.tools", "tests.node", "tests.core", "tests.host", "tests.conftest"),
    *("tools.demo", "tools.dashboards", "tools.stress", "tools.bench", "tests.lab", "tools.flash"),
    *("tools.lint", "tools.package", "tools.docs", "tools.web", "tools.homeassistant"),
    "tools.debian",
    *("tools.emulators", "tools.firmware", "tools.setup"),
    *(f"xnornode.{room}" for room in HOST),
    "xnornode",
)


def modules(root: Path) -> dict[str, Path]:
    """The Python files of host, tools and tests by their dotted names."""
    found = {}
    for folder, base in (("host", root / "host"), ("tools", root), ("tests", root)):
        for path in (root / folder).rglob("*.py"):
            name = ".".join(path.relative_to(base).with_suffix("").parts)
            if "node_scripts" not in name:  # these run in MicroPython
                found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The imports of a file, in functions too, which is parsed once."""
    kinds = (ast.Import, ast.ImportFrom)
    return tuple(node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))


def imports(path: Path, known: set[str]) -> Iterator[str]:
    """The modules of this project that a file imports, in functions too."""
    for node in tree(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        if isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}: an import names its module in full"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known or node.module in known:
                    yield name if name in known else node.module


def floor(module: str) -> int:
    """Its height: the number of floors below it."""
    rooms = [at for at, room in enumerate(FLOORS) if f"{module}.".startswith(f"{room}.")]
    assert rooms, f"{module} stands in no room of design.md"
    return len(FLOORS) - rooms[0]


def upwards(files: dict[str, Path]) -> list[str]:
    """Imports that run upwards, as text."""
    return [
        f"{module} imports {other}"
        for module, path in files.items()
        if module != "xnornode"  # it hands on names of all rooms, and imports none before its use
        for other in imports(path, {*files})
        if floor(other) > floor(module)
    ]


def circle(files: dict[str, Path]) -> list[str]:
    """Modules that import each other in a circle; none if there is no circle."""
    graph = {module: {*imports(path, {*files})} - {module} for module, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_import_runs_upwards():
    assert not upwards(modules(ROOT))


def test_no_circle():
    assert not circle(modules(ROOT))


def test_tools_take_nothing_from_tests_but_the_lab():
    files = modules(ROOT)
    tools = {name: path for name, path in files.items() if name.startswith("tools")}
    taken = {other for path in tools.values() for other in imports(path, {*files})}
    assert not [n for n in taken if n.startswith("tests") and not n.startswith("tests.lab")]


def test_nothing_puts_a_path_on_sys_path():
    for path in modules(ROOT).values():
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "sys.path" in text else ():
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"), path


def test_what_runs_upwards_or_in_circles_is_found(tmp_path):
    low, high = tmp_path / "host/xnornode/model", tmp_path / "host/xnornode/cli"
    low.mkdir(parents=True)
    high.mkdir()
    (low / "a.py").write_text("def f():\n    from xnornode.cli import b\n")
    (high / "b.py").write_text("from xnornode.model.a import f\n")
    files = modules(tmp_path)
    assert upwards(files) == ["xnornode.model.a imports xnornode.cli.b"]
    assert {*circle(files)} == {"xnornode.model.a", "xnornode.cli.b"}
