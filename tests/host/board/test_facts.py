"""A board that answers anything at its REPL: an error says so, and nothing reaches the terminal."""

import json

import pytest

from tests.lab.odd_events import VALUES
from xnornode.board import native_module, repl_lock
from xnornode.board.install import Installer, Plan
from xnornode.errors import LinkError
from xnornode.link.repl import Board

pytestmark = pytest.mark.quick

FACTS = {
    "room": [1, 1, True],
    "interpreter": [0, "1.25.0", None],
    "self-test": [True, "1", "c"],
    "obstacle": [""],
}


class SayingBoard(Board):
    """Says the same to all that it is asked."""

    url = "here"

    def __init__(self, said: str) -> None:
        self.said = said

    def run(self, code: str, seconds: float = 0.0) -> str:
        return self.said

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        return dict.fromkeys(paths)

    def put(self, *arguments: object) -> None:
        pass


def set_up(board: Board) -> None:
    list(Installer(board, print, print).install(Plan({"/main.py": b"1"})))


WORK = {
    "room": set_up,
    "interpreter": native_module.module_for,
    "self-test": lambda board: native_module.check(board, native_module.Module("x64", b"")),
    "obstacle": lambda board: repl_lock.lock(board, 22),
}


def odd_answers(facts):
    yield from ("", "[]", "3", "null", "[1, 2, 3, 4]", '{"a": 1', "\x1b[2J", "[" * 5000, "{}")
    for place in range(len(facts)):
        texts = [json.dumps(value) for value in facts]
        for texts[place] in VALUES:
            yield f"[{','.join(texts)}]"


@pytest.mark.parametrize("name", WORK)
def test_nothing_but_our_errors_comes_out(name, capsys):
    said, errors = [], 0
    for answer in odd_answers(FACTS[name]):
        try:
            said.append(WORK[name](SayingBoard(answer)))
        except LinkError as error:
            errors += 1
            said.append(str(error))
    assert errors > 40
    assert all(text.isprintable() for text in said if text)
    assert capsys.readouterr().out.replace("\n", "").isprintable()


@pytest.mark.parametrize("answer", ["3", "nonsense", "[]", '["1", "", null]', "[1, [], null]"])
def test_it_is_said_that_a_board_answers_nonsense(answer):
    with pytest.raises(LinkError, match=r"the board on here answers nonsense.*: try again"):
        native_module.module_for(SayingBoard(answer))
