"""A look at what is on a port: it interrupts nothing, and ends whatever talks there."""

import pytest

from tests.lab.board_with_program import BoardWithProgram
from tests.lab.talkers import STRANGERS
from xnornode.board.look import LIMIT, AtPrompt, Look, look
from xnornode.errors import LinkError

pytestmark = pytest.mark.quick


class BlankBoard(BoardWithProgram):
    """MicroPython at its prompt."""

    facts = b'["Raspberry Pi Pico with RP2040", "1.25.0", true, false]\r\n'

    def __init__(self, node):
        super().__init__(node)
        self.state = "repl"

    def _repl(self, char):
        return b"" if char == b"\n" else super()._repl(char)

    def _paste(self, char):
        if char == b"\x04":
            self.state = "raw"
            return b"\x04" + self.facts + b"\x04\x04>"
        return b""


def test_a_board_at_its_prompt_says_what_it_has(plug, node):
    board = BlankBoard(node)
    plug(board)
    has = AtPrompt("Raspberry Pi Pico with RP2040", "1.25.0", module=True, library=False)
    assert look("talker") == Look("prompt", has)
    assert board.state == "repl", "it is left at its prompt"
    board.facts = b'["\\u0007", 3]'
    with pytest.raises(LinkError, match="answers nonsense"):
        look("talker")


@pytest.mark.parametrize(("answers", "kind"), [(True, "node"), (False, "silent")])
def test_a_program_is_not_interrupted(plug, node, answers, kind):
    board = BoardWithProgram(node, answers=answers)
    plug(board)
    assert look("talker").kind == kind
    assert (board.state, board.stops) == ("program", 0)


@pytest.mark.parametrize("name", STRANGERS)
def test_it_ends_on_each_port(plug, clock, name):
    plug(STRANGERS[name])
    start = clock.now
    try:
        kind = look("talker").kind
        assert kind == "silent" if name == "silence" else kind in ("talks", "prompt")
    except LinkError:
        assert "prompt" in name or "damaged" in name or "deaf" in name
    assert clock.now - start < LIMIT + 10
