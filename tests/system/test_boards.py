"""`bnn` on all instruction sets, built in or native, against the reference: 0 of N differ."""

import pytest

from tests.lab.feature_nets import awkward_windows, spectra_models
from tests.lab.nets import awkward_models, conv_models, random_windows
from tests.lab.parity import disagreements
from tests.lab.targets import BOARDS, board_of, lend, qemu
from tests.lab.watch import watch_model, watch_windows
from tests.lab.window_sessions import differing, sessions
from tools.firmware.build import build
from xnornode.model.file_format import to_bytes


@pytest.fixture(scope="module", params=BOARDS)
def board(request):
    with board_of(request.param) as board:
        yield board


def test_real_windows(board):
    windows = watch_windows(hop=4, count=1000)
    assert len(windows) == 1000
    assert disagreements(board, watch_model(), windows, hop=4) == 0


def test_awkward_networks(board):
    models = [m for m in awkward_models() + conv_models() if len(to_bytes(m)) < 8000]
    differ = {
        model.name: disagreements(board, model, random_windows(model, 3), model.window.length)
        for model in models
    }
    assert len(differ) > 100
    assert {name: count for name, count in differ.items() if count} == {}


def test_spectra(board):
    differ = {}
    for model in spectra_models():
        windows = awkward_windows(model.window.length, len(model.window.channels))
        name = model.features.describe()
        differ[name] = disagreements(board, model, windows, model.window.length)
    assert len(differ) == 5 and not any(differ.values()), differ


def test_windows_filled_by_samples_and_blocks(board):
    assert differing(board, sessions(40, 15, seed=1)) == 0


def test_the_native_module_takes_floats_as_the_rp2350_passes_them():
    """In core registers, where other firmwares for armv7emsp have those of the FPU."""
    with qemu("qemu-m4-softfp-stock") as board:
        lend(board, build("native/armv7emsp"))
        assert board.run("print(bnn.kernel())").strip() == "armv7em"
        assert differing(board, sessions(40, 15, seed=1)) == 0
        assert disagreements(board, watch_model(), watch_windows(hop=4, count=50), hop=4) == 0
