"""Spectra: the C core against the Python twin, and the twin against float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import core, sanitized
from tests.lab.feature_nets import CLASSES, awkward_windows, model_of
from xnornode.errors import ModelError
from xnornode.model import fft
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.model import Window
from xnornode.model.spectrum import SUMMARIES, Spectrum, band_edges, logarithm

pytestmark = pytest.mark.quick

ENCODINGS = ((4, 0), (4, -2048), (0, 0))  # levels from 0, from 128; the low bits of a mean


def jobs(features, windows):
    """Files whose scores differ where a value does, and the model of each."""
    _, length, channels = windows.shape
    rows = features.rows(length, channels)
    names = tuple(f"ch{i}" for i in range(channels))
    window = Window(names, length, length, 0, (0,) * channels)
    for shift, offset in ENCODINGS:
        encoding = Int8Encoding(np.ones(rows, np.int64), np.full(rows, offset), shift)
        model = model_of(features, window, encoding, "int8")
        yield (to_bytes(model), windows, CLASSES), model


def check(features, windows):
    for job, model in jobs(features, windows):
        answer = core().classify(*job)
        assert answer.reason == "ok" and answer.selftest
        np.testing.assert_array_equal(answer.scores, model.scores(windows))
        assert from_bytes(job[0]).features == features


KINDS = (
    {},
    {"centred": False, "floor": 3000},
    {"summary": SUMMARIES, "centred": False},
    {"summary": ("largest",), "centred": False, "floor": 65535},
    {"differences": True, "floor": 700},
    {"differences": True, "reach": 60},
    {"reach": 252, "centred": False},
)


@pytest.mark.parametrize("frame", [64, 128, 256, 512, 1024])
@pytest.mark.parametrize("channels", [1, 3])
def test_awkward_windows(frame, channels):
    for kind, bands, scale in zip(
        KINDS,
        (1, 7, 20, 24, 12, 9, 16),
        ("mel", "log", "linear", "mel", "mel", "mel", "log"),
        strict=True,
    ):
        edges = band_edges(frame, bands, 8000, 60, 4000, scale)
        check(
            Spectrum(frame, frame // 2 + 3, edges, **kind),
            awkward_windows(2 * frame + 17, channels),
        )


@settings(max_examples=40, derandomize=True)
@given(data=st.data())
def test_any_window(data):
    frame = data.draw(st.sampled_from([64, 128, 256]))
    length, channels = data.draw(st.integers(frame, 3 * frame)), data.draw(st.integers(1, 3))
    spare = st.integers(0, 12 * frame)  # between edges that are 32 apart
    spares = sorted(data.draw(st.lists(spare, min_size=3, max_size=frame // 8)))
    edges = [32 * i + x for i, x in enumerate(spares)]
    summary = data.draw(st.sets(st.sampled_from(SUMMARIES)))
    centred, differences = (not summary and data.draw(st.booleans()) for _ in range(2))
    reach = 0 if summary else 4 * data.draw(st.integers(0, 63))
    floor, hop = data.draw(st.integers(0, 9000)), data.draw(st.integers(frame // 4, frame))
    features = Spectrum(
        frame, hop, tuple(edges), floor, tuple(summary), centred, differences, reach
    )
    size = data.draw(st.sampled_from([0, 1, 50, 4000, 32767]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    windows = rng.integers(-size - 1, size + 1, (2, length, channels)).astype(np.int16)
    check(features, windows)


def test_the_sanitizers_are_silent():
    given_jobs = []
    for kind in KINDS:
        features = Spectrum(64, 31, band_edges(64, 12, 8000, 0, 4000), **kind)
        given_jobs += [job for job, _ in jobs(features, awkward_windows(200, 2))]
    for answer, job in zip(sanitized(given_jobs), given_jobs, strict=True):
        assert answer.reason == "ok" and answer.selftest, job


def waves_with_noise(frame, rng):
    t = np.arange(frame)
    return [
        amplitude * np.sin(t * rng.uniform(0, np.pi) + rng.uniform(0, 6))
        + rng.normal(0, noise, frame)
        for amplitude in (0, 3, 100, 5000, 32000)
        for noise in (0.3, 20, 500)
        for _ in range(8)
    ]


def clicks(frame, rng):
    """One sample that is not 0: all frequencies are as strong, and none stronger."""
    waves = np.zeros((16, frame))
    waves[np.arange(16), rng.integers(frame // 8, 7 * frame // 8, 16)] = rng.choice(
        [-32768, 500], 16
    )
    return waves


def squares(frame, rng):
    t = np.arange(frame)
    return [
        32767 * np.sign(np.sin(2 * np.pi * t * cycles / frame + rng.uniform(0, 6)))
        for cycles in (1, 2, 3, frame / 8, frame / 4)
    ]


@pytest.mark.parametrize("frame", [64, 128, 256, 512, 1024])
@pytest.mark.parametrize(
    ("signals", "part"), [(waves_with_noise, 6000), (squares, 6000), (clicks, 3000)]
)
def test_error_of_the_power_spectrum(frame, signals, part):
    """Root mean square over the frequencies, as a part of the strongest (FORMAT.md says so)."""
    t = np.arange(frame)
    waves = signals(frame, np.random.default_rng(frame))
    frames = np.clip(np.rint(waves), -32768, 32767).astype(np.int16)
    spectrum, exponents = fft.power(frames)
    assert spectrum.max() < 2**31
    centred = frames - np.floor(frames.mean(1, keepdims=True))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * t / frame)
    exact = np.abs(np.fft.rfft(centred * hann, axis=1))
    got = np.sqrt(spectrum * 4.0 ** exponents[:, None])
    error = np.sqrt(((got - exact) ** 2).mean(1)) / exact.max(1)
    assert error.max() < 1 / part


def test_error_of_the_logarithm():
    v = np.unique(np.geomspace(1, 2**48, 100_000).astype(np.int64))
    assert np.abs(logarithm(v) - 256 * np.log2(v)).max() < 3.5
    assert logarithm(np.array([0, 1, 2, 256])).tolist() == [0, 0, 256, 2048]


def test_a_tone_is_in_its_band():
    """A tone of 1000 Hz in a band whose peak is there; the loudness goes with the mean."""
    t = np.arange(2000)
    tone = np.rint(8000 * np.sin(2 * np.pi * 1000 * t / 8000)).astype(np.int16)
    edges = band_edges(256, 15, 8000, 0, 4000, "linear")  # peaks 250 Hz apart
    levels = Spectrum(256, 128, edges, 5632).levels(tone[None, :, None])
    assert (levels.argmax(2) == 3).all()
    quiet = Spectrum(256, 128, edges, 5632).levels(tone[None, :, None] // 4)
    assert (levels - quiet)[..., 3].tolist() == [[32] * levels.shape[1]]  # 4 octaves of power


def test_differences_follow_the_levels_of_each_frame():
    rng = np.random.default_rng(3)
    windows = rng.integers(-3000, 3000, (2, 64 * 5, 3)).astype(np.int16)
    plain = Spectrum(64, 64, (0, 100, 300, 900), 700, centred=False)
    both = Spectrum(64, 64, plain.edges, 700, centred=False, differences=True)
    assert both.count(320, 3) == 2 * plain.count(320, 3) and both.rows(320, 3) == 12
    values = both.values(windows).reshape(2, 5, 2, 6)
    levels = plain.values(windows).reshape(2, 5, 6)
    np.testing.assert_array_equal(values[:, :, 0], levels)
    for frame, (before, after) in enumerate([(0, 1), (0, 2), (1, 3), (2, 4), (3, 4)]):
        rise = levels[:, after] - levels[:, before]
        np.testing.assert_array_equal(values[:, frame, 1], rise)


def test_reach_is_counted_from_the_loudest_level():
    rng = np.random.default_rng(4)
    loud = np.array([1, 30, 1000, 30000])[rng.integers(0, 4, (3, 12))].repeat(64, 1)
    windows = (loud * rng.uniform(-1, 1, (3, 768))).astype(np.int16)[..., None]
    plain = Spectrum(64, 64, (0, 100, 300, 900), 700, centred=False)
    near = Spectrum(64, 64, plain.edges, 700, centred=False, reach=80)
    levels = plain.values(windows)
    expected = np.maximum(levels, levels.max(1, keepdims=True) - 16 * 80)
    np.testing.assert_array_equal(near.values(windows), expected)
    assert (expected > levels).any() and (expected == levels).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame": 100},
        {"hop": 0},
        {"hop": 65},
        {"edges": (0, 5)},
        {"edges": (0, 50, 81)},
        {"edges": (0, 50, 1025)},
        {"edges": tuple(range(0, 67 * 32, 32)), "frame": 256},
        {"floor": 65536},
        {"summary": ("median",), "centred": False},
        {"summary": ("mean",)},
        {"summary": ("mean",), "centred": False, "differences": True},
        {"summary": ("mean",), "centred": False, "reach": 80},
        {"reach": 82},
        {"reach": 256},
    ],
)
def test_what_is_refused(wrong):
    with pytest.raises(ModelError):
        Spectrum(**{"frame": 64, "hop": 32, "edges": (0, 100, 200), **wrong})


def test_no_band_is_empty():
    """Low bands of the mel scale would be narrower than the frequencies are apart."""
    edges = band_edges(256, 40, 16000, 20, 8000)
    assert (np.diff(edges) >= 32).all() and edges[-1] == 256 * 16
    with pytest.raises(ModelError, match="do not fit"):
        band_edges(64, 40, 16000, 20, 8000)
