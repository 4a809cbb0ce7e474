"""Windows that keep levels of frames: the twin of a node's, and when there are any."""

from dataclasses import replace

import numpy as np
import pytest

from xnornode import Dense, TrainConfig, fold, from_windows, prepare, train
from xnornode.model.level_window import LevelWindow, keeps_levels, kept_bytes, window_bytes
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.model.window import Window

pytestmark = pytest.mark.quick

LENGTH, FRAME, HOP = 300, 64, 32
FEATURES = Spectrum(FRAME, HOP, band_edges(FRAME, 6, 8000, 60, 4000))


def folded(hop, features=FEATURES):
    """A model of windows of two channels, hardly trained on windows `hop` apart."""
    samples = np.random.default_rng(0).normal(0, 100, (20, LENGTH, 2)).astype(np.int16)
    samples[10:] += 300
    splits = prepare(from_windows("demo", samples, ["low"] * 10 + ["high"] * 10), hop=hop)
    config = TrainConfig(features=features, encoding="int8", layers=(Dense(4),), epochs=1, batch=5)
    trained = train(splits, config)
    assert trained.window.hop == hop
    return fold(trained)


@pytest.mark.parametrize(("wanted", "hop"), [(100, 96), (96, 96), (32, 32), (300, 288), (20, 20)])
def test_a_folded_model_begins_windows_with_frames(wanted, hop):
    """Where the windows are no closer than the frames."""
    model = folded(wanted)
    assert model.window.hop == hop
    assert keeps_levels(model) == (hop >= HOP)


def test_levels_are_those_of_whole_windows():
    model = folded(96)
    samples = np.random.default_rng(1).integers(-9000, 9000, (1000, 2)).astype(np.int16)
    window, starts, taken = LevelWindow(model), [], 0
    while taken < len(samples):
        taken += window.fill(samples, taken)
        if window.complete:
            starts.append(taken - LENGTH)
            whole = samples[None, starts[-1] : taken]
            np.testing.assert_array_equal(window.levels, FEATURES.levels(whole)[0])
            np.testing.assert_array_equal(
                FEATURES.values_of(window.levels[None]), FEATURES.values(whole)
            )
    assert starts == list(range(0, 1000 - LENGTH + 1, 96))
    assert window.add(None) is False and window.at == len(window.levels) == 0


def test_other_models_keep_samples():
    model = folded(20)
    with pytest.raises(ValueError, match="do not each begin with a frame"):
        LevelWindow(model)
    assert kept_bytes(model) == (2 * 2 * (LENGTH + 1),)
    window = LevelWindow(folded(96))
    window.fill(np.ones((90, 2), np.int16))
    window.take(Window(LENGTH, 2, 20))
    assert window.at == 0


def test_bytes_of_ram():
    """The C structures of 32 bits: tools/bench/feed_sound.py compares them with a node's."""
    model = folded(96)
    frames = (LENGTH - FRAME) // HOP + 1
    assert kept_bytes(model) == (2 * 2 * (FRAME + 1), frames * 2 * 6)
    least = window_bytes(model)
    assert least == 76 + 2 * 4 + sum(kept_bytes(model))
    assert window_bytes(model, converts=True) == least + 2 * 8
    assert window_bytes(model, own_scratch=True) == least + 4 * FEATURES.frame_words()
    raw = replace(model, window=replace(model.window, hop=20))
    assert window_bytes(raw) == 76 + 2 * 4 + 2 * 2 * (LENGTH + 1)
