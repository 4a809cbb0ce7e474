"""`bnn` on all instruction sets, built in or native, against the reference: 0 of N differ."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.lab.driftlab import CHANNELS, LENGTH, drifting
from tests.lab.feature_nets import awkward_windows, spectra_models
from tests.lab.nets import awkward_models, conv_models, random_windows
from tests.lab.parity import disagreeing, disagreements, drift_disagreements
from tests.lab.targets import BOARDS, board_of, lend, qemu
from tests.lab.watch import watch_model, watch_windows
from tests.lab.window_sessions import differing, sessions
from tools.firmware.build import build
from xnornode.data.prepare import prepare
from xnornode.datasets.watch import watch
from xnornode.export.drift import fit_drift
from xnornode.model.file_format import to_bytes
from xnornode.recipes.settings import RECIPES


@pytest.fixture(scope="module", params=BOARDS)
def board(request):
    with board_of(request.param) as board:
        yield board


def test_real_windows(board):
    windows = watch_windows(hop=4, count=1000)
    assert len(windows) == 1000
    assert disagreements(board, watch_model(), windows, hop=4) == 0


@cache
def awkward():
    """Networks, windows, and their scores by the reference."""
    models = [m for m in awkward_models() + conv_models() if len(to_bytes(m)) < 8000]
    windows = [random_windows(model, 3) for model in models]
    return [(m, w, m.scores(w)) for m, w in zip(models, windows, strict=True)]


def test_awkward_networks(board):
    assert len(awkward()) > 100
    assert [model.name for model in disagreeing(board, awkward())] == []


@cache
def spectra():
    """Models with spectra, windows, and their scores by the reference."""
    models = list(spectra_models())
    windows = [awkward_windows(m.window.length, len(m.window.channels)) for m in models]
    return [(m, w, m.scores(w)) for m, w in zip(models, windows, strict=True)]


def test_spectra(board):
    assert len(spectra()) == 5
    assert [model.features.describe() for model in disagreeing(board, spectra())] == []


def test_drift(board):
    for seed, counts in enumerate(((1, 0, 0, 0), (5, 2, 3, 4), (64, 16, 11, 18))):
        model = drifting(seed, counts)
        windows = awkward_windows(LENGTH, CHANNELS, seed)
        assert drift_disagreements(board, model, windows) == 0


def test_drift_of_real_windows(board):
    assert drift_disagreements(board, watched_model(), watch_windows(hop=64, count=60)) == 0


@cache
def watched_model():
    """The network of the watch, with drift by a part of its training's windows."""
    model = watch_model()
    some = prepare(watch(), RECIPES["watch"].options).train
    return replace(model, drift=fit_drift(model, some.select(np.arange(0, len(some), 3))).drift)


def test_windows_filled_by_samples_and_blocks(board):
    assert differing(board, sessions(40, 15, seed=1)) == 0


def test_the_native_module_takes_floats_as_the_rp2350_passes_them():
    """In core registers, where other firmwares for armv7emsp have those of the FPU."""
    with qemu("qemu-m4-softfp-stock") as board:
        lend(board, build("native/armv7emsp"))
        assert board.run("print(bnn.kernel())").strip() == "armv7em"
        assert differing(board, sessions(40, 15, seed=1)) == 0
        assert disagreements(board, watch_model(), watch_windows(hop=4, count=50), hop=4) == 0
