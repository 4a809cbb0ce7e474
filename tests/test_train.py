"""The training loop, its augmentation, and what it refuses."""

import io
from dataclasses import replace

import numpy as np
import pytest
from watch import held_out, watch_model
from xnornode.augment import Augment, rotations
from xnornode.data import Windows, cut_windows
from xnornode.datasets import watch
from xnornode.encode import quantile_thermometer
from xnornode.errors import DataError
from xnornode.fileformat import to_bytes
from xnornode.fold import fold
from xnornode.model import Model, Window
from xnornode.train import Epoch, TrainConfig, encode_signs, predict, progress_bar, train

CLASSES = ("slow", "fast", "rest")
CONFIG = TrainConfig(hidden=(32,), bits=2, epochs=8, batch=32, augment=Augment())


def waves(seed: int, groups: str, each: int = 120) -> Windows:
    """Two-channel windows of 32: a slow wave, a fast one, or noise, at phases within 1 radian."""
    rng = np.random.default_rng(seed)
    labels = np.arange(each * len(groups)) % 3
    cycles = np.array([1, 4, 0])[labels]
    phase = rng.uniform(-1, 1, (len(labels), 1))
    angle = 2 * np.pi * cycles[:, None] * np.arange(32) / 32 + phase
    x = np.stack([np.sin(angle), np.cos(angle)], axis=2) * (cycles > 0)[:, None, None]
    x = 800 * x + rng.normal(0, 300, x.shape)
    names = np.repeat(list(groups), each)
    return Windows(x.astype(np.int16), labels, names, CLASSES)


def folded(windows: Windows, config: TrainConfig) -> Model:
    trained = train(windows, config)
    window = Window(("x", "y"), 32, 32, 0, (0, 0))
    return fold(trained.network, trained.encoder, window, CLASSES, "waves")


def accuracy(model: Model, windows: Windows) -> float:
    return float((model.predict(windows.samples) == windows.labels).mean())


def test_learns_and_does_not_learn_shuffled_labels() -> None:
    training, test = waves(1, "abcd"), waves(2, "ef", 300)
    assert accuracy(folded(training, CONFIG), test) > 0.95
    shuffled = np.random.default_rng(3).permutation(training.labels)
    assert accuracy(folded(replace(training, labels=shuffled), CONFIG), test) < 0.5


def test_same_seed_same_bytes() -> None:
    strong = Augment(scale=0.1, rotation=10, triads=(), mirror=(1,))
    config = replace(CONFIG, epochs=2, augment=strong)
    first, second = (to_bytes(folded(waves(1, "ab"), config)) for _ in range(2))
    assert first == second
    assert to_bytes(folded(waves(1, "ab"), replace(config, seed=1))) != first


@pytest.mark.parametrize("batch", [4, 77, 360, 100_000])
def test_every_batch_size_takes_steps(batch: int) -> None:
    trained = train(waves(1, "abc"), replace(CONFIG, batch=batch, epochs=3))
    start = train(waves(1, "abc"), replace(CONFIG, batch=batch, epochs=3, rate=1e-30))
    changed = trained.network.blocks()[0][0].signs() != start.network.blocks()[0][0].signs()
    assert changed.any()


def test_keeps_the_epoch_that_validates_best() -> None:
    # Validation by wrong labels: how well they are hit is chance, and the best epoch not the last.
    training, held = waves(1, "ab"), waves(2, "c")
    held = replace(held, labels=np.random.default_rng(4).permutation(held.labels))
    seen: list[Epoch] = []
    trained = train(training, replace(CONFIG, rate=0.02), held, seen.append)
    assert tuple(seen) == trained.history and len(seen) == CONFIG.epochs
    reached = [epoch.validation for epoch in seen]
    assert reached[trained.best - 1] == max(reached) > reached[-1]
    guess = predict(trained.network, trained.encoder, held.samples)
    assert (guess == held.labels).mean() == max(reached)


@pytest.mark.quick
def test_without_validation_the_last_epoch_stays() -> None:
    trained = train(waves(1, "a"), replace(CONFIG, epochs=2))
    assert trained.best == 2
    assert [epoch.validation for epoch in trained.history] == [None, None]


@pytest.mark.quick
def test_thresholds_come_from_the_training_windows() -> None:
    training, held = waves(1, "a"), waves(2, "b")
    alone = train(training, replace(CONFIG, epochs=1)).encoder
    beside = train(training, replace(CONFIG, epochs=1), held).encoder
    assert (alone.thresholds == quantile_thermometer(training.samples, 2).thresholds).all()
    assert (alone.thresholds == beside.thresholds).all()


@pytest.mark.quick
def test_training_encodes_as_the_encoder_does() -> None:
    windows = waves(1, "a")
    for bits in (1, 3):
        encoder = quantile_thermometer(windows.samples, bits)
        bits01 = encoder.encode(windows.samples).astype(int)
        assert (encode_signs(encoder, windows.samples) == 2 * bits01 - 1).all()


@pytest.mark.quick
def test_windows_that_cannot_be_trained_on() -> None:
    good = waves(1, "a")
    one = replace(good, labels=good.labels * 0, classes=("slow",))
    with pytest.raises(DataError, match="one class"):
        train(one, CONFIG)
    with pytest.raises(DataError, match=r"too little data.*class fast, rest"):
        train(replace(good, labels=good.labels * 0), CONFIG)
    with pytest.raises(DataError, match="group a is both"):
        train(good, CONFIG, waves(2, "ba"))
    wide = np.zeros((6, 400, 82), np.int16)
    with pytest.raises(DataError, match=r"makes 65600 inputs, a layer takes 65534"):
        train(Windows(wide, np.arange(6) % 3, np.repeat("a", 6), CLASSES), CONFIG)
    other = waves(2, "b")
    with pytest.raises(DataError, match="different shapes"):
        train(good, CONFIG, replace(other, samples=other.samples[:, :16]))
    with pytest.raises(DataError, match="different classes"):
        train(good, CONFIG, replace(other, classes=("a", "b", "c")))


@pytest.mark.quick
@pytest.mark.parametrize(
    "wrong",
    [{"hidden": (0,)}, {"bits": 0}, {"bits": 33}, {"epochs": 0}, {"batch": 3}, {"rate": 0.0},
     {"smoothing": 1.0}, {"estimator": "none"}],
)  # fmt: skip
def test_settings_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(DataError, match=f"{next(iter(wrong))}.* must be"):
        TrainConfig(**wrong)


@pytest.mark.quick
def test_augmentation_is_for_the_channels_there_are() -> None:
    for augment in (Augment(mirror=(2,)), Augment(rotation=10, triads=(0,))):
        with pytest.raises(DataError, match="channel"):
            train(waves(1, "a"), replace(CONFIG, augment=augment))


@pytest.mark.quick
def test_mirror_flips_the_named_channels_of_half_of_the_windows() -> None:
    samples = np.full((4000, 2, 3), 7, np.int16)
    out = Augment(mirror=(0, 2)).apply(samples, np.random.default_rng(1))
    assert (out[..., 1] == 7).all()
    assert (out[..., 0] == out[..., 2]).all() and (out[:, 0] == out[:, 1]).all()
    assert 0.45 < (out[:, 0, 0] == -7).mean() < 0.55


@pytest.mark.quick
def test_rotation_turns_triads_alike_and_keeps_lengths() -> None:
    rng = np.random.default_rng(2)
    samples = np.tile(rng.integers(-9999, 9999, (200, 5, 3)), 2).astype(np.int16)
    out = Augment(rotation=30, triads=(0, 3)).apply(samples, rng)
    assert np.allclose(out[..., :3], out[..., 3:])
    before, after = samples[..., :3].astype(float), out[..., :3]
    lengths = np.linalg.norm(before, axis=2)
    assert np.allclose(np.linalg.norm(after, axis=2), lengths, rtol=1e-4)
    cosines = (before * after).sum(axis=2) / lengths**2
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() <= 30.1
    turns = rotations(50, 1.0, rng)
    assert np.allclose(np.linalg.det(turns), 1, atol=1e-5)


@pytest.mark.quick
def test_no_augmentation_changes_nothing() -> None:
    samples = np.arange(24, dtype=np.int16).reshape(2, 4, 3)
    assert (Augment().apply(samples, np.random.default_rng(0)) == samples).all()


@pytest.mark.quick
def test_progress_bar_is_for_terminals() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert progress_bar(io.StringIO()) is None
    screen = Terminal()
    draw = progress_bar(screen)
    assert draw is not None
    draw(Epoch(1, 2, 0.5, 0.75, None))
    draw(Epoch(2, 2, 0.25, 0.875, 0.8))
    first, second = screen.getvalue().split("\r")[1:]
    assert "1/2" in first and "75.0%" in first and "\n" not in first
    assert "2/2" in second and "validation  80.0%" in second and second.endswith("\n")


def test_accuracy_on_people_held_out():
    """The integer network, on raw windows; `make bench` prints three seeds."""
    model = watch_model()
    test = cut_windows(held_out(), model.labels, model.window.length, model.window.hop)
    assert len(test) == 1145 and len(watch().test_groups) == 3
    assert (model.predict(test.samples) == test.labels).mean() > 0.74
