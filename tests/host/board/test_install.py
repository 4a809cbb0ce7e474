"""What the installer does to a board's files: here the board is a folder of this computer."""

import builtins
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xnornode.board.install import FIRST, LIBRARY, Installer, Plan

pytestmark = pytest.mark.quick

OLD = {
    "__init__.py": "from xnornode.store import V\nfrom xnornode.link import W\nprint(V, W)",
    "store.py": "V = 'old'",
    "link.py": "from xnornode.store import V\nW = 'old'",
}
NEW = {
    "__init__.py": "from xnornode.model_store import V\nfrom xnornode.link import W\nprint(V, W)",
    "model_store.py": "V = 'new'",
    "link.py": "from xnornode.sensors.sensor import V\nW = V",
    "sensors/__init__.py": "",
    "sensors/sensor.py": "from xnornode.model_store import V",
}
NEWER = NEW | {
    "model_store.py": "V = 'newer'",
    "sensors/sensor.py": "from xnornode.model_store import V  # newer",
}
OWN = {"sensor.py": "the owner's", "own/part.py": "too"}
OWN_LATER = OWN | {"sensors/own.py": "a driver of the owner's"}


def plan(library: dict[str, str]) -> Plan:
    return Plan(
        {f"{LIBRARY}/{n}": text.encode() for n, text in library.items()}
        | {"/main.py": b"import xnornode"},
        obsolete=[f"{LIBRARY}/store.py", f"{LIBRARY}/store.mpy"],
    )


UPDATE = plan(NEW)


class PowerCut(Exception):
    """The board stops here."""


class FolderBoard:
    """A board whose files are in a folder.

    cut: how many changes of its filesystem it makes before the power goes. free: blocks of it.
    """

    def __init__(self, root: Path, cut: int | None = None, free: int = 100) -> None:
        self.root, self.cut, self.changes = root, cut, 0
        self._os = SimpleNamespace(
            **{name: self._changing(getattr(os, name)) for name in ("remove", "rename", "rmdir")},
            mkdir=self._changing(os.mkdir),
            listdir=lambda path: os.listdir(self._here(path)),
            stat=lambda path: os.stat(self._here(path)),
            getcwd=lambda: "/",
            statvfs=lambda path: (4096, 4096, 200, free),
        )

    def _here(self, path: str) -> Path:
        assert path.startswith("/")
        return self.root / path[1:]

    def _changing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def change(*paths: str) -> Any:
            result = call(*map(self._here, paths))
            self._changed()
            return result

        return change

    def _changed(self) -> None:
        self.changes += 1
        if self.changes == self.cut:
            raise PowerCut

    def _open(self, path: str, mode: str = "r") -> io.IOBase:
        file = self._here(path).open(mode)
        self._changed()
        return file

    def _import(self, name: str, *rest: Any) -> Any:
        modules = {"os": self._os, "sys": SimpleNamespace(path=["", "/lib"])}
        return modules.get(name) or __import__(name, *rest)

    def run(self, code: str) -> str:
        own = {**vars(builtins), "__import__": self._import, "open": self._open}
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(code, {"__builtins__": own})
        return said.getvalue()

    def put(self, data: bytes, path: str, _: object) -> None:
        with self._open(path + ".part", "wb") as f:
            f.write(data)
        self._os.rename(path + ".part", path)

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        files = {path: self._here(path) for path in paths}
        return {
            p: sha256(f.read_bytes()).hexdigest() if f.is_file() else None for p, f in files.items()
        }


def install(board: FolderBoard, plan: Plan = UPDATE) -> tuple[list[str], list[str]]:
    """Lines of account, and what was said."""
    said: list[str] = []
    installer = Installer(board, said.append, lambda *_: None)  # type: ignore[arg-type]
    return list(installer.install(plan)), said


def old_board(root: Path, files: dict[str, str] | None = None) -> Path:
    """The folder of a board with the old library, and files of its owner in the library's."""
    for name, text in (files or {**OLD, **OWN}).items():
        path = root / LIBRARY[1:] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def imported(root: Path) -> str:
    """What the library says when a program imports it."""
    code = f"import sys; sys.path[:0] = [{str(root)!r}, {str(root / 'lib')!r}]; import xnornode"
    command = [sys.executable, "-I", "-S", "-B", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


AFTER = {f"lib/xnornode/{name}" for name in {**NEW, **OWN}} | {"main.py"}


def power_cuts(folder: Path, before: dict[str, str], update: Plan) -> Iterator[Path]:
    """Boards after each power cut of an update."""
    for cut in range(1, 1000):
        root = old_board(folder / str(cut), before)
        try:
            install(FolderBoard(root, cut), update)
        except PowerCut:
            yield root
            continue
        return


@pytest.mark.parametrize(
    ("library", "own", "update", "said"),
    [(OLD, OWN, NEW, ("old old", "new new")), (NEW, OWN_LATER, NEWER, ("new new", "newer newer"))],
    ids=["without folders before", "with folders before"],
)
def test_a_power_cut_leaves_the_old_library_or_the_new_one(library, own, update, said, tmp_path):
    found = []
    for root in power_cuts(tmp_path, {**library, **own}, plan(update)):
        found.append(imported(root))
        for name, text in own.items():
            places = [root / "lib/xnornode" / name, root / "xnornode" / name]
            assert text in [place.read_text() for place in places if place.exists()]
        install(FolderBoard(root), plan(update))
        assert imported(root) == said[1]
        assert files(root) == {f"lib/xnornode/{n}" for n in {**update, **own}} | {"main.py"}
        assert {path.name for path in root.iterdir()} == {"lib", "main.py"}
    changes = [
        after for after, before in zip(found, [said[0], *found], strict=False) if after != before
    ]
    assert {*found} == {*said} and changes == [said[1]]
    assert len(found) > 15


def test_an_update_says_how_many_files_it_wrote(tmp_path):
    board = FolderBoard(old_board(tmp_path))
    assert install(board)[0][0].startswith("files      6 written, 0 were there")
    changes = board.changes
    account, said = install(board)
    assert account[0].startswith("files      0 written, 6 were there")
    assert not said and board.changes == changes


def test_a_first_set_up_that_was_cut_goes_on_where_it_was(tmp_path):
    with pytest.raises(PowerCut):
        install(FolderBoard(tmp_path, cut=5))
    there = files(tmp_path)
    account, _ = install(FolderBoard(tmp_path))
    assert account[0].startswith("files      5 written, 1 were there")
    assert there < files(tmp_path) | {"lib/xnornode/model_store.py.part"}


@pytest.mark.parametrize("owners", [False, True])
def test_where_two_versions_cannot_be_the_files_are_replaced_in_place(tmp_path, owners):
    """A full board, or one on which /xnornode is a folder of its owner."""
    root = old_board(tmp_path)
    (root / "main.py").write_bytes(UPDATE.files["/main.py"])
    for name in ("__init__.py", "model_store.py"):
        (root / LIBRARY[1:] / name).write_text(NEW[name])
    if owners:
        (root / FIRST[1:]).mkdir()
    _, said = install(FolderBoard(root, free=100 if owners else 6))
    assert "leave the power on" in said[0]
    assert files(root) == AFTER
    assert (root / FIRST[1:]).exists() == owners
