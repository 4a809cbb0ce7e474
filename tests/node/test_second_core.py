"""Classifying on a second core: on this computer, whose MicroPython has threads and no GIL."""

import ast
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.nets import random_model
from tests.lab.stream_sessions import model as spectrum_model
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.model.model import Model
from xnornode.model.model_file import save_model
from xnornode.model.spectrum import Spectrum, band_edges

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "background.py"
SAMPLES, LENGTH, HOP = 20_000, 64, 4
WINDOWS = (SAMPLES - LENGTH) // HOP + 1


@pytest.fixture(params=["unix", "unix-asan"])
def micropython(request):
    return build(request.param)


def stress(
    micropython: Path,
    folder: Path,
    manner: str,
    model: Model | None = None,
    samples: int = SAMPLES,
    *more: str,
) -> list[int]:
    """Windows, predictions, missed and wrong ones of tests/lab/node_scripts/background.py."""
    if not model:
        model = random_model(5, LENGTH, 3, 4, (256, 128, 5))
        model = replace(model, window=replace(model.window, hop=HOP))
    save_model(model, folder / "m.bnn")
    env = {"MICROPYPATH": str(ROOT / "device"), "ASAN_OPTIONS": "detect_leaks=0"}
    # A small heap is collected all the time.
    given = [folder / "m.bnn", str(samples), manner, *more]
    command = [micropython, "-X", "heapsize=300k", SCRIPT, *given]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ast.literal_eval(done.stdout)


def test_no_window_is_lost_where_the_loop_waits(micropython, tmp_path):
    assert stress(micropython, tmp_path, "patient") == [WINDOWS, WINDOWS, 0, 0]


def test_each_window_is_classified_or_counted_as_missed(micropython, tmp_path):
    windows, predictions, missed, wrong = stress(micropython, tmp_path, "hasty")
    assert (windows, wrong) == (WINDOWS, 0)
    assert predictions + missed == windows
    assert predictions > 500


def test_two_threads_with_one_model(micropython, tmp_path):
    """One scratch: whoever comes second is refused, and no score is wrong."""
    save_model(random_model(5, LENGTH, 3, 4, (256, 128, 5)), tmp_path / "m.bnn")
    script = SCRIPT.with_name("two_threads.py")
    env = {"ASAN_OPTIONS": "detect_leaks=0"}
    command = [micropython, script, tmp_path / "m.bnn"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    good, _, wrong = ast.literal_eval(done.stdout)
    assert (good, wrong) == (6000, 0)


@pytest.mark.parametrize("manner", ["patient", "hasty"])
def test_windows_of_levels(manner, micropython, tmp_path):
    """The window that the second core reads stays as it is, while the other one goes on."""
    features = Spectrum(64, 16, band_edges(64, 6, 8000, 60, 4000))
    model = spectrum_model(features, 150, 32, 3)
    windows, predictions, missed, wrong = stress(micropython, tmp_path, manner, model, 6000)
    assert windows == (6000 - 150) // 32 + 1 == predictions + missed
    assert wrong == 0
    assert manner == "hasty" or not missed


def test_a_swap_leaves_the_second_core_a_scratch_of_its_own(micropython, tmp_path):
    """Another model comes as a plain Classifier, whose frames are computed in its model's."""
    features = Spectrum(64, 16, band_edges(64, 6, 8000, 60, 4000))
    model = spectrum_model(features, 150, 32, 3)
    found = stress(micropython, tmp_path, "hasty", model, 6000, "swaps")
    windows, predictions, missed, wrong = found
    assert windows == (6000 - 150) // 32 + 1 == predictions + missed and wrong == 0
