"""Whose /main.py it is: one of an owner is never lost."""

from types import SimpleNamespace

import pytest

from tests.host.board.test_install import FolderBoard
from xnornode.board import main_file
from xnornode.board.assets import CLASSIFY, LOCKED_MAIN
from xnornode.board.main_file import MAIN, PROGRAM, is_ours, keep_copy, owners, stamped
from xnornode.cli import flash
from xnornode.errors import LinkError

pytestmark = pytest.mark.quick

MINE = b"import machine\nmachine.Pin(25).on()\n"


def locked(pin: int) -> bytes:
    return LOCKED_MAIN.read_bytes().replace(b"PIN = 22", b"PIN = %d" % pin)


@pytest.mark.parametrize(
    "program",
    [
        b"",
        CLASSIFY.read_bytes(),
        stamped(CLASSIFY.read_bytes()),
        stamped(b"what a later version has\n"),
        locked(22),
        locked(3),
        stamped(locked(3)),
    ],
)
def test_ours(program):
    assert is_ours(program)


@pytest.mark.parametrize(
    "program",
    [
        MINE,
        CLASSIFY.read_bytes() + b"print('mine')\n",
        stamped(CLASSIFY.read_bytes()).replace(b"/models", b"/sd/mod"),
        stamped(CLASSIFY.read_bytes()) + b"print('mine')\n",
        locked(3).replace(b"program", b"my_program"),
        b"# PIN = 22\n" + locked(22),
        main_file.STAMP + b"00000001\n",
    ],
)
def test_an_owners(program):
    """An edited one too."""
    assert not is_ours(program)


def board(root, files):
    for path, data in files.items():
        (root / path[1:]).write_bytes(data)
    return FolderBoard(root)


def test_which_are_owners(tmp_path):
    node = board(tmp_path, {MAIN: MINE, PROGRAM: stamped(MINE)})
    assert owners(node, [MAIN, PROGRAM, "/none.py"]) == [MAIN]
    node = board(tmp_path, {MAIN: bytes(range(256)) * 300})
    assert owners(node, [MAIN]) == [MAIN], "also one that is longer than what is looked at"


def test_copies_never_replace_each_other(tmp_path):
    node = board(tmp_path, {MAIN: MINE})
    assert keep_copy(node, MAIN) == "/main_before.py"
    (tmp_path / "main.py").write_bytes(b"another")
    assert keep_copy(node, MAIN) == "/main_before2.py"
    assert keep_copy(node, MAIN) == "/main_before3.py"
    assert (tmp_path / "main_before.py").read_bytes() == MINE
    assert (tmp_path / "main_before2.py").read_bytes() == b"another"


def options(**given):
    return SimpleNamespace(**{"autostart": True, "lock_repl": None, "replace_main": False} | given)


class RestartingBoard(FolderBoard):
    url, restarts = "here", 0

    def restart(self):
        self.restarts += 1


@pytest.mark.parametrize(("says", "replaced"), [(None, False), (False, False), (True, True)])
def test_a_person_is_asked(tmp_path, monkeypatch, says, replaced):
    """None: there is none at a terminal."""
    (tmp_path / "main.py").write_bytes(MINE)
    node = RestartingBoard(tmp_path)
    asked = []
    monkeypatch.setattr(flash, "confirm", lambda question: asked.append(question) or says)
    if replaced:
        assert flash.owners_programs(node, options()) == [MAIN]
    else:
        with pytest.raises(LinkError, match="--replace-main, which keeps a copy as /main_before"):
            flash.owners_programs(node, options())
    assert node.restarts == (not replaced)
    assert len(asked) == 1 and MAIN in asked[0]


def test_ctrl_c_at_the_question_leaves_the_program_running(tmp_path, monkeypatch):
    def interrupt(question):
        raise KeyboardInterrupt

    (tmp_path / "main.py").write_bytes(MINE)
    node = RestartingBoard(tmp_path)
    monkeypatch.setattr(flash, "confirm", interrupt)
    with pytest.raises(KeyboardInterrupt):
        flash.owners_programs(node, options())
    assert node.restarts == 1


def test_nobody_is_asked_where_it_is_clear(tmp_path, monkeypatch):
    monkeypatch.setattr(flash, "confirm", lambda question: pytest.fail(question))
    node = RestartingBoard(tmp_path)
    assert flash.owners_programs(node, options()) == []
    (tmp_path / "main.py").write_bytes(MINE)
    assert flash.owners_programs(node, options(autostart=False)) == []
    assert flash.owners_programs(node, options(replace_main=True)) == [MAIN]
    (tmp_path / "program.py").write_bytes(MINE)
    assert flash.owners_programs(node, options(replace_main=True, lock_repl=3)) == [PROGRAM, MAIN]
    (tmp_path / "main.py").write_bytes(stamped(b"a = 1\n"))
    (tmp_path / "program.py").write_bytes(stamped(b"a = 1\n"))
    assert flash.owners_programs(node, options(lock_repl=3)) == []
