"""Recordings that are shorter than a window, or a little longer: padded, cut, or left out."""

from dataclasses import replace

import numpy as np
import pytest

from xnornode.data.dataset import Dataset
from xnornode.data.padding import background, cut, energy_middle, pad
from xnornode.data.prepare import prepare
from xnornode.data.short_items import pad_short
from xnornode.data.sound import CHANNEL, SCALE, is_sound
from xnornode.data.window_length import sound_length
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
RATE = 8000


def word(size: int, at: int, seed: int = 0, noise: float = 20, long: int = 1500) -> np.ndarray:
    """A recording of `size` samples with an utterance whose middle is at a sample."""
    rng = np.random.default_rng(seed)
    t = np.arange(size)
    loud = np.exp(-(((t - at) / (long / 4)) ** 2))
    sound = 6000 * loud * np.sin(t * 0.5) + rng.normal(0, noise, size)
    return np.rint(sound).astype(np.int16)[:, None]


def recordings(items: list[np.ndarray], channels=(CHANNEL,), rate: int = RATE, **more) -> Dataset:
    count = len(items)
    return Dataset(
        name="words",
        kind="recordings",
        items=items,
        labels=[("yes", "no")[i % 2] for i in range(count)],
        groups=[f"{i // 2}" for i in range(count)],
        names=[f"{i}.wav" for i in range(count)],
        grouping="group",
        channels=channels,
        rate_mhz=1000 * rate,
        **{"scales": (SCALE,) if channels == (CHANNEL,) else None, **more},
    )


def test_what_is_taken_for_sound():
    assert is_sound([CHANNEL], 0) and is_sound(["Audio"], 0) and is_sound(["mic 1 (V)"], 0)
    assert is_sound(["channel 0"], 4_000_000) and not is_sound(["channel 0"], 3_999_000)
    assert not is_sound(["accel x (g)"], 12_000_000) and not is_sound([CHANNEL, CHANNEL], 8_000_000)
    assert not is_sound(["dynamic (g)"], 100_000)


@pytest.mark.parametrize("at", [900, 2000, 3100])
def test_a_short_recording_stands_with_its_energy_in_the_middle(at):
    sound = word(4000, at)
    out = pad(sound, 8192, 1.0)
    assert out.shape == (8192, 1) and out.dtype == np.int16
    (before,) = [i for i in range(4193) if (out[i : i + 4000] == sound).all()]
    assert abs(before + at - 4096) < 200
    rest = np.delete(out, slice(before, before + 4000))
    assert 10 < rest.std() < 30, "as quiet as the quietest part"
    assert (np.abs(rest.reshape(-1, 16)).max(axis=1) > 0).all()
    assert (pad(sound, 8192, 1.0) == out).all(), "the same each time"
    assert (pad(word(4000, at, 1), 8192, 1.0) != out).any()


def test_energy_at_the_edge_keeps_the_whole_recording():
    sound = word(4000, 100)
    assert (pad(sound, 5000, 1.0)[1000:] == sound).all()
    assert abs(energy_middle(word(9000, 7000)[:, 0]) - 7000) < 200


def test_noise_has_the_colour_of_the_background():
    rng = np.random.default_rng(0)
    hum = 300 * np.sin(np.arange(6000) * 2 * np.pi / 16) + rng.normal(0, 10, 6000) + 1000
    sound = hum + np.where(np.arange(6000) < 3000, 8000, 0) * np.sin(np.arange(6000))
    made = background(sound, 4096, 1.0)
    power = np.abs(np.fft.rfft((made - made.mean()) * np.hanning(4096))) ** 2
    assert power[224:288].sum() > 0.8 * power.sum(), "around 4096 / 16"
    assert 150 < made.std() < 300 and 950 < made.mean() < 1050


@pytest.mark.parametrize("dtype", [np.int16, np.float64, np.uint8])
def test_digital_silence_gets_the_least_noise(dtype):
    sound = np.zeros((3000, 1), dtype)
    sound[1400:1500, 0] = np.arange(100)
    out = pad(sound, 8000, 1.0)
    assert out.dtype == dtype
    if dtype != np.uint8:  # a negative count is none there
        assert (np.abs(out[:2500].reshape(-1, 50)).max(axis=1) > 0).all()
        assert out[:2500].std() < 40
    silent = pad(np.zeros((100, 1), np.int16), 8000, 1.0)
    assert 0.8 < silent[:3000].std() < 1.2


def test_a_longer_utterance_is_cut_around_its_energy():
    sound = word(12000, 9000)
    out = cut(sound, 8192)
    assert out is not None and len(out) == 8192
    assert (out == sound[3808:]).all(), "as near as its end allows"
    assert abs(energy_middle(cut(word(16000, 7000), 8192)[:, 0]) - 4096) < 200


def test_what_is_no_single_utterance_is_not_cut():
    two = np.concatenate([word(8000, 2000), word(8000, 6000, 1)])
    assert cut(two, 8192) is None
    rng = np.random.default_rng(0)
    for size in (9000, 16000):
        assert cut(rng.normal(0, 500, (size, 1)).astype(np.int16), 8192) is None
    assert cut(np.zeros((16000, 1), np.int16), 8192) is None


def test_sound_is_padded_and_cut_and_this_is_shown():
    hour = np.random.default_rng(2).normal(0, 900, (40000, 1)).astype(np.int16)
    items = [word(4000 + 10 * i, 2000, i) for i in range(24)]
    items += [word(11000, 5000, i) for i in range(4)] + [hour, -hour]
    splits = prepare(recordings(items), length=8192, test=("14",), validation=())
    assert splits.padded and splits.understood
    assert splits.understood.lengths == (4000, 4145, 40000), "as they were read"
    told = "24 of 30 recordings are shorter than a window and are padded: centred, in noise"
    assert any(note.startswith(told) and note.endswith("(--short)") for note in splits.notes)
    assert any("4 of 30 recordings are cut to the window" in note for note in splits.notes)
    settled = {g.option for g in splits.understood.guesses if "padded" in g.text or "cut" in g.text}
    assert settled == {"--short drop, --window"}
    assert len(splits.train) == 28 and len(splits.tested()) == 2 * 8
    dropped = prepare(recordings(items), length=8192, test=("14",), validation=(), short="drop")
    assert not dropped.padded and len(dropped.train) == 4 * 3
    assert any("left out, as shorter than a window" in note for note in dropped.notes)


def test_a_click_says_too_little_to_be_padded():
    items = [word(4000, 2000, i) for i in range(16)] + [word(80, 40, 1), word(80, 40, 2)]
    splits = prepare(recordings(items), length=8192, test=("0",))
    assert splits.understood and splits.understood.items == 16
    assert any("shorter than 5% of a window (409 samples): 2 rec" in n for n in splits.notes)
    assert prepare(recordings(items), length=8192, test=("0",), short="pad").understood.items == 18
    # A class of clicks alone is kept.
    labels = ["click" if len(item) == 80 else "yes" for item in items]
    clicks = replace(recordings(items), labels=labels, groups=list("abcdefghijklmnopqr"))
    assert prepare(clicks, length=8192, test=("a", "q")).understood.items == 18


def test_sound_of_other_files_is_padded_in_its_own_numbers():
    items = [word(3000, 1500, i) / 32768 for i in range(8)]
    padded = pad_short(recordings(items, ("value",)), 4096).items
    assert all(item.dtype == np.float64 and len(item) == 4096 for item in padded)
    assert all(0 < np.abs(item[:300]).max() < 0.01 for item in padded)


def test_other_recordings_are_padded_by_their_ends_where_asked():
    items = [np.arange(60 * 3).reshape(60, 3).astype(np.int16) + i for i in range(8)]
    motion = recordings(items + [np.tile(i, (2, 1)) for i in items], ("x", "y", "z"), 50)
    splits = prepare(motion, length=100, test=("4",))
    assert not splits.padded and splits.understood.items == 8
    splits = prepare(motion, length=100, test=("4",), short="pad")
    assert splits.padded and splits.understood.items == 16
    short = pad_short(motion, 100).items[0]
    assert (short[:20] == items[0][0]).all() and (short[80:] == items[0][-1]).all()
    assert (short[20:80] == items[0]).all()
    assert any("padded: by their ends" in note for note in splits.notes)


def test_windows_are_not_short():
    windows = replace(
        recordings([word(800, 400)] * 4), kind="windows", items=np.zeros((4, 800, 1), np.int16)
    )
    with pytest.raises(DataError, match="omit --short"):
        prepare(windows, short="pad")


@pytest.mark.parametrize(
    ("rate", "seconds", "length"),
    [
        (8000, 0.8, 8192),
        (16000, 1.0, 16384),
        (44100, 3.0, 44032),
        (48000, 30.0, 48128),
        (96000, 2.0, 64512),
        (8000, 0.3, 3072),
        (16000, 0.01, 1024),
    ],
)
def test_windows_of_sound_are_a_second_or_less(rate, seconds, length):
    sizes = [int(seconds * rate)] * 40
    assert sound_length(rate, sizes)[0] == length
    assert sound_length(rate, [*sizes, 10 * rate])[0] == length, "one that is long does not decide"
