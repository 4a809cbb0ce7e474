"""bnn.Window on the emulated Pico: against its twin, and what a sample costs."""

import pytest

from tests.lab.window_sessions import differing, sessions
from tools.bench.feed import costs
from tools.emulators.emulated_pico import EmulatedPico
from xnornode.link.repl import Board


@pytest.fixture(scope="module")
def board(pico_firmware, tmp_path_factory):
    flash = tmp_path_factory.mktemp("pico") / "flash.bin"
    with EmulatedPico(flash, firmware=pico_firmware) as pico, Board(pico.url) as board:
        yield board


def test_random_sessions(board):
    assert differing(board, sessions(100, 40, seed=2)) == 0


def test_what_a_sample_costs(board):
    """By the emulator's count of cycles, which is the same each time: within the bars."""
    assert {cost.name: cost.microseconds for cost in costs(board) if not cost.met} == {}
