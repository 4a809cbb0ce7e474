"""Each random change of sound does what it says, and no more."""

from dataclasses import replace

import numpy as np
import pytest

from xnornode.data.quiet import quietest_part
from xnornode.data.sound_augment import SoundAugment
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

RNG = np.random.default_rng(1)
T = np.arange(800)
TONES = np.rint(2000 * np.sin(2 * np.pi * (T / 16 + RNG.random((60, 1))))).astype(np.int16)[
    ..., None
]
EVERYTHING = SoundAugment(
    0.1, 6, 0.1, (5, 20), (np.arange(500, dtype=np.int16),), 0.5, 4, 3, 2, versions=2
)
GRID = (5, 2, 8)
VALUES = RNG.integers(-2000, 2000, (200, 80)).astype(np.int16)


def changed(augment: SoundAugment, samples: np.ndarray = TONES, seed: int = 2) -> np.ndarray:
    return augment.apply(samples, np.random.default_rng(seed))


def changed_values(augment: SoundAugment, shape: tuple = GRID, seed: int = 2) -> np.ndarray:
    out = augment.apply_values(VALUES, shape, np.random.default_rng(seed))
    assert out.dtype == np.int16 and out.shape == VALUES.shape
    return out.reshape(len(VALUES), shape[0], -1, shape[-1])


def test_the_same_numbers_make_the_same_changes():
    before = TONES.copy(), VALUES.copy()
    one = changed(EVERYTHING)
    assert one.dtype == np.float32 and one.shape == TONES.shape
    assert (changed(EVERYTHING) == one).all() and not (changed(EVERYTHING, seed=3) == one).all()
    levels = changed_values(EVERYTHING)
    assert (changed_values(EVERYTHING) == levels).all()
    assert not (changed_values(EVERYTHING, seed=3) == levels).all()
    assert (before[0] == TONES).all() and (before[1] == VALUES).all()


def test_no_augmentation_changes_nothing():
    still = SoundAugment()
    assert not still.changes_samples and not still.changes_values
    assert (changed(still) == TONES).all()
    assert (changed_values(still).reshape(VALUES.shape) == VALUES).all()


def test_shift_moves_and_fills_with_the_quietest_part():
    rng = np.random.default_rng(3)
    windows = rng.normal(0, 3000, (80, 800, 1))
    windows[:, 300:400] = rng.normal(0, 20, (80, 100, 1))  # the fourth eighth is quiet
    windows = windows.astype(np.int16)
    out = changed(SoundAugment(shift=0.2), windows)
    quiet = []
    for one, before in zip(out[..., 0], windows[..., 0], strict=True):
        middle = one[200:600]  # all of it comes from inside
        moves = [m for m in range(-160, 161) if (middle == before[200 + m : 600 + m]).all()]
        assert len(moves) == 1
        quiet.append(one[-moves[0] :] if moves[0] > 0 else one[: -moves[0]])
    sizes = np.array([len(q) for q in quiet])
    assert sizes.max() > 120 and (sizes < 30).any()
    assert 10 < np.concatenate(quiet).std() < 30


def test_digital_silence_is_filled_with_noise_of_a_count():
    silent = np.zeros((20, 800, 1), np.int16)
    out = changed(SoundAugment(shift=0.5), silent)
    filled = out[out != 0]
    assert len(filled) > 800 and 0.9 < filled.std() < 1.1
    half = TONES[:20].copy()
    half[:, :400] = 0
    starts, size = quietest_part(half.astype(np.float32))
    assert size == 100 and (starts >= 400).all(), "digital silence is not the background"


def test_speed_moves_the_pitch():
    windows = np.tile(np.rint(5000 * np.sin(2 * np.pi * T / 16)), (60, 1)).astype(np.int16)
    out = changed(SoundAugment(speed=0.2), windows[..., None])[:, 150:650, 0]
    peaks = np.abs(np.fft.rfft(out * np.hanning(500), 4096)).argmax(axis=1) / 4096 * 16
    assert 0.79 < peaks.min() < 0.85 and 1.15 < peaks.max() < 1.21


def test_gain_is_in_decibels():
    ratios = changed(SoundAugment(gain=6)).std(axis=1) / TONES.std(axis=1)
    decibels = 20 * np.log10(ratios)
    assert -6.01 < decibels.min() < -5 and 5 < decibels.max() < 6.01


def test_noise_has_the_ratio_that_was_asked_for():
    for channels in (1, 2):
        windows = np.repeat(TONES, channels, axis=2)
        added = changed(SoundAugment(noise=(10, 20), noise_share=1), windows) - windows
        ratios = 10 * np.log10(windows.var(axis=1) / added.var(axis=1))
        assert 9.9 < ratios.min() < 11 and 19 < ratios.max() < 20.1
        assert np.ptp(ratios, axis=1).max() < 0.1, "the channels of a window have one ratio"
    assert abs(np.corrcoef(added[0].T)[0, 1]) < 0.5, "but each has noise of its own"
    some = changed(SoundAugment(noise=(10, 20), noise_share=0.3), np.repeat(TONES, 5, axis=0))
    share = (some != np.repeat(TONES, 5, axis=0)).any(axis=(1, 2)).mean()
    assert 0.2 < share < 0.4


def test_noise_has_three_colours():
    added = changed(SoundAugment(noise=(0, 0), noise_share=1)) - TONES
    power = np.abs(np.fft.rfft(added[..., 0] * np.hanning(800))) ** 2
    slopes = np.log10(power[:, 200:300].mean(axis=1) / power[:, 10:15].mean(axis=1))
    # White noise has as much power at 20 times the frequency, pink a 20th, brown a 400th.
    for slope in (0, -1.3, -2.6):
        assert (abs(slopes - slope) < 0.5).sum() > 8


def test_half_of_the_noise_is_cut_from_backgrounds():
    background = np.tile(np.array([30000, -30000], np.int16), 50)  # shorter than a window
    augment = SoundAugment(noise=(10, 10), noise_share=1, backgrounds=(background,))
    added = (changed(augment, np.repeat(TONES, 5, axis=0)) - np.repeat(TONES, 5, axis=0))[..., 0]
    recorded = abs(added[:, 1:] + added[:, :-1]).max(axis=1) < 1
    assert 0.4 < recorded.mean() < 0.6
    silent = replace(augment, backgrounds=(np.zeros(50, np.int16),))
    assert np.isfinite(changed(silent)).all()


def test_band_mask_sets_neighbouring_bands_to_their_mean():
    grid = VALUES.reshape(-1, *GRID)
    out = changed_values(SoundAugment(band_mask=4))
    flat = np.ptp(out, axis=1) == 0
    assert (flat[:, 0] == flat[:, 1]).all(), "the same bands of all channels"
    widths = flat[:, 0].sum(axis=1)
    assert set(widths) == {0, 1, 2, 3, 4}
    for row in flat[:, 0]:
        assert np.diff(np.flatnonzero(row)).max(initial=1) == 1
    means = np.rint(grid.mean(axis=1))
    assert (out[:, 0][flat] == means[flat]).all()
    assert (out.transpose(0, 2, 3, 1)[~flat] == grid.transpose(0, 2, 3, 1)[~flat]).all()


def test_band_mask_of_a_summary_sets_bands_to_the_mean_of_all():
    shape = (1, 2, 40)
    grid = VALUES.reshape(-1, *shape)
    out = changed_values(SoundAugment(band_mask=9), shape)
    other = out != grid
    assert 0 < other[:, 0, 0].sum(axis=1).max() <= 9
    means = np.broadcast_to(np.rint(grid.mean(axis=3, keepdims=True)), grid.shape)
    assert (out[other] == means[other]).all()


def test_frame_mask_sets_neighbouring_frames_to_the_windows_mean():
    grid = VALUES.reshape(-1, *GRID)
    out = changed_values(SoundAugment(frame_mask=2))
    masked = (out != grid).any(axis=(2, 3))
    assert set(masked.sum(axis=1)) == {0, 1, 2}
    means = np.broadcast_to(np.rint(grid.mean(axis=1, keepdims=True)), grid.shape)
    assert (out[masked] == means[masked]).all()
    assert (changed_values(SoundAugment(frame_mask=2), (1, 2, 40)).ravel() == VALUES.ravel()).all()


def test_frame_shift_moves_levels_to_neighbouring_frames():
    grid = VALUES.reshape(-1, *GRID)
    out = changed_values(SoundAugment(frame_shift=2))
    framed = np.pad(grid, [(0, 0), (2, 2), (0, 0), (0, 0)], mode="edge")
    moved = [
        [(o == f[m : m + GRID[0]]).all() for m in range(5)]
        for o, f in zip(out, framed, strict=True)
    ]
    assert (np.sum(moved, axis=1) == 1).all() and (np.sum(moved, axis=0) > 20).all()


def test_band_shift_moves_levels_to_neighbouring_bands():
    grid = VALUES.reshape(-1, *GRID)
    out = changed_values(SoundAugment(band_shift=2))
    framed = np.pad(grid, [(0, 0), (0, 0), (0, 0), (2, 2)], mode="edge")
    moved = [
        [(o == f[..., m : m + 8]).all() for m in range(5)] for o, f in zip(out, framed, strict=True)
    ]
    assert (np.sum(moved, axis=1) == 1).all() and (np.sum(moved, axis=0) > 20).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shift": 1.5}, "shift must be 0 to 1, not 1.5"),
        ({"shift": float("nan")}, "shift must be"),
        ({"gain": -1}, "gain must be 0 to 60 dB"),
        ({"speed": 0.6}, r"speed must be 0 to 0\.5"),
        ({"noise_share": -0.1}, "noise_share must be 0 to 1"),
        ({"noise": (20, 10)}, "the lower one first"),
        ({"noise": (5, 100)}, "-30 to 90 dB"),
        ({"band_mask": 1.5}, "band_mask must be a whole number"),
        ({"versions": -1}, "versions must be a whole number, at least 0"),
        ({"backgrounds": (np.zeros(9, np.int16),)}, "backgrounds need noise"),
        ({"noise": (5, 20), "backgrounds": (np.zeros(9),)}, "arrays of int16"),
        ({"noise": (5, 20), "backgrounds": (np.zeros(0, np.int16),)}, "holds no samples"),
    ],
)
def test_numbers_out_of_range(given, message):
    with pytest.raises(DataError, match=message):
        SoundAugment(**given)


def test_what_does_not_fit():
    with pytest.raises(DataError, match="more than one sample"):
        SoundAugment(gain=1).check(1, 1)
    SoundAugment(band_mask=4).check_values((9, 1, 8))
    with pytest.raises(DataError, match="band mask is 5: of 8 bands at most half, 4"):
        SoundAugment(band_mask=5).check_values((9, 1, 8))
    with pytest.raises(DataError, match="frame mask is 5: of 9 frames"):
        SoundAugment(frame_mask=5).check_values((9, 1, 8))
    SoundAugment(frame_mask=5).check_values((1, 2, 8))


def test_backgrounds_tell_augmentations_apart():
    one = SoundAugment(noise=(5, 20), backgrounds=(np.arange(9, dtype=np.int16),))
    other = SoundAugment(noise=(5, 20), backgrounds=(np.arange(8, dtype=np.int16),))
    assert one == replace(one) and one != other and repr(one) != repr(other)
    assert len(repr(one)) < 250 and hash(one) == hash(replace(one))
