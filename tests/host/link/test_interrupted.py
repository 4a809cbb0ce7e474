"""Programs that a push interrupts: they run again after, whatever the line did meanwhile."""

from contextlib import suppress

import pytest

from tests.lab.board_with_program import BoardWithProgram
from tests.lab.faultlab import lab_models
from xnornode.cli.main import main
from xnornode.errors import LinkError, LinkLost
from xnornode.link.connect import connect
from xnornode.link.push import push
from xnornode.link.reach import Known
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes

pytestmark = pytest.mark.quick

MODEL = to_bytes(lab_models()[0])


@pytest.mark.parametrize("dead", [2.0, 5.0, 6.5, 7.5, 8.5, 10.0, 12.0, 14.0, 16.0])
def test_a_line_that_is_dead_at_first_leaves_the_program_running(plug, clock, node, dead):
    board = BoardWithProgram(node)
    plug(board, dead)
    with suppress(LinkError):
        push("talker", MODEL)
    assert board.state == "program"
    assert dead > 5.5 or not board.stops, "it is not even interrupted"


@pytest.mark.parametrize("dead", [5.0, 5.9, 6.5, 7.0, 7.5, 8.5])
def test_a_program_whose_line_was_dead_at_first_is_found(plug, node, dead):
    """Through the REPL, if the line came to life just before the Ctrl-C."""
    board = BoardWithProgram(node)
    plug(board, dead)
    with connect("talker") as session:
        assert session.hello.running == (not board.stops)
    assert board.state == "program"


@pytest.mark.parametrize("command", [["list"], ["key"], ["push"]])
@pytest.mark.parametrize("answers", [True, False])
def test_a_locked_port_is_named_with_the_way_back(plug, node, capsys, tmp_path, command, answers):
    """A program that takes no commands, or a command that needs the REPL."""
    board = BoardWithProgram(node, answers=answers, locked=True)
    plug(board)
    file = tmp_path / "file"
    file.write_bytes(b"ab" * 32 if command == ["key"] else MODEL)
    files = [] if command == ["list"] else [str(file)]
    works = answers and command != ["key"]
    assert main([*command, *files, "--port", "talker"]) == (0 if works else 1)
    said = capsys.readouterr().err
    assert works or ("--lock-repl" in said and "connect that GPIO to ground and restart" in said)
    assert works or ("the node on talker answers" in said) == answers
    assert board.state == "program" and not board.stops


@pytest.mark.parametrize("dead", range(18))
def test_a_program_that_says_nothing_is_started_again(plug, node, dead):
    """Whenever the line came to life, and whatever became of the push."""
    board = BoardWithProgram(node, answers=False)
    plug(board, float(dead))
    with suppress(LinkError):
        push("talker", MODEL)
    assert board.state == "program" and board.starts == board.stops


def test_after_an_interrupted_push_the_program_is_started_again(plug, node):
    board = BoardWithProgram(node, answers=False)
    plug(board)
    with pytest.raises(KeyboardInterrupt), connect("talker") as session:
        assert board.state == "receiver" and not session.hello.running
        raise KeyboardInterrupt
    assert board.state == "program" and board.starts == 1


def test_a_push_goes_through_the_repl_and_starts_the_program_again(plug, node):
    board = BoardWithProgram(node, answers=False)
    plug(board)
    said = []
    assert push("talker", MODEL, say=said.append).sent
    assert said == ["nothing on talker answers: interrupting what runs there"]
    assert board.state == "program" and board.starts == 1


def test_the_receiver_of_a_push_before_is_ended_and_the_program_started(plug, node):
    """The line breaks while the receiver serves: the next try finds it, and cleans up after it."""
    board = BoardWithProgram(node, answers=False)
    port = plug(board)
    known = Known()
    with suppress(LinkError), connect("talker", known=known) as session:
        port.alive = port.clock.now + 60
        raise LinkLost("the line is dead")
    assert known.stopped and board.state == "receiver"
    port.alive = 0
    with connect("talker", known=known) as session:
        assert not session.hello.running
    assert board.state == "program" and not known.stopped


@pytest.mark.parametrize("reset", [False, True])
def test_a_program_that_catches_ctrl_c_is_reset_if_that_is_allowed(plug, node, capsys, reset):
    board = BoardWithProgram(node, answers=False, catches=True)
    plug(board)
    status = main(["list", "--port", "talker", *["--reset"] * reset])
    assert status == (0 if reset else 1)
    assert board.starts == (2 if reset else 0), "reset, and started after"
    assert board.state == "program"
    with suppress(LinkError), Board("talker", reset=reset) as found:
        assert reset and found.run("print()")


def test_without_the_library_the_reason_is_said(plug, node):
    """The error comes with the bytes that answer the code."""
    plug(BoardWithProgram(node, answers=False, library=False))
    with pytest.raises(LinkError, match=r"not set up \(ImportError: no module named 'xnornode'\)"):
        push("talker", MODEL)


class Prompts(BoardWithProgram):
    """Its program prints what the REPL's prompt is, and answers nothing."""

    def says(self):
        while True:
            yield 0.3, b">>> " if self.state == "program" else b""


def test_a_program_that_prints_prompts_is_started_again(plug, node):
    board = Prompts(node, answers=False)
    plug(board)
    assert push("talker", MODEL).sent
    assert board.state == "program" and board.starts == board.stops == 1
