"""bnn.Window on the emulated Pico: against its twin, and what a sample costs."""

import pytest

from tests.lab.readypico import library_flash
from tests.lab.window_sessions import differing, sessions
from tools.bench.feed import costs
from tools.bench.feed_sound import heard
from tools.emulators.emulated_pico import EmulatedPico
from xnornode.link.repl import Board


@pytest.fixture(scope="module")
def board(pico_firmware, tmp_path_factory):
    flash = library_flash(pico_firmware, tmp_path_factory.mktemp("pico") / "flash.bin")
    with EmulatedPico(flash) as pico, Board(pico.url) as board:
        yield board


def test_random_sessions(board):
    assert differing(board, sessions(100, 40, seed=2)) == 0


def test_what_a_sample_costs(board):
    """By the emulator's count of cycles, which is the same each time: within the bars."""
    assert {cost.name: cost.microseconds for cost in costs(board) if not cost.met} == {}


def test_frames_of_sound_are_computed_once(board):
    """By the cycles of a window of samples, and of a hop; and RAM is as the PC foresees it."""
    assert [sound.rate for sound in heard(board) if sound.met] == [8000, 16_000]
