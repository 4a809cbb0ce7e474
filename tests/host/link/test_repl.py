"""The raw REPL of boards that are slow to answer, or never do."""

import os
import pty
import select
import tty
from dataclasses import replace

import pytest

from tests.lab.targets import interpreter, terminal
from xnornode.errors import LinkError
from xnornode.link import raw_repl
from xnornode.link.ports import open_port
from xnornode.link.raw_repl import CTRL_B, CTRL_D
from xnornode.link.repl import Board
from xnornode.link.stream import Stream

LATE = "sleep 1.5; exec"
"""Reads after the first try to reach it was given up: it answers both tries."""


def test_a_board_that_answers_late():
    micropython = interpreter("native/x64")
    slow = replace(micropython, command=["sh", "-c", LATE + ' "$@"', "sh", *micropython.command])
    with terminal(slow) as board:
        assert [board.run(f"print({number})") for number in range(20)] == [
            f"{number}\n" for number in range(20)
        ]


def test_a_port_that_is_closed_can_be_closed_again():
    """A board that is started again closes it, and so does the connection."""
    ours, its = pty.openpty()
    try:
        stream = Stream(open_port(os.ttyname(its)))
        stream.close()
        stream.close()
    finally:
        os.close(ours)
        os.close(its)


def test_what_never_answers_is_told_to_start_again(monkeypatch):
    monkeypatch.setattr(raw_repl, "INTERRUPT_TRIES", 1)
    ours, its = pty.openpty()
    tty.setraw(its)
    try:
        with pytest.raises(LinkError, match="no MicroPython answers"):
            Board(os.ttyname(its))
        told = b""
        while not told.endswith(CTRL_B + CTRL_D):
            assert select.select([ours], [], [], 5)[0], told
            told += os.read(ours, 100)
    finally:
        os.close(ours)
        os.close(its)
