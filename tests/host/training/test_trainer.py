"""The training loop: what it learns, by which settings, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.small_waves import (
    CONFIG,
    accuracy,
    labelled_by_epoch,
    train_on,
    trained_and_folded,
    waves,
)
from tests.lab.watch import held_out, watch_model
from xnornode.data.augment import Augment, TextAugment
from xnornode.data.prepare import prepare
from xnornode.data.windows import Texts, cut_windows
from xnornode.datasets.images import digits
from xnornode.datasets.watch import watch
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.model.fit_encoding import fit_encoding
from xnornode.model.input_encoding import Thermometer
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import Statistics
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.nn.optimizers import Adam, learning_rate
from xnornode.nn.workers import Workers
from xnornode.training.batches import Batches
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trained import Epoch
from xnornode.training.trainer import make_network, train


@pytest.mark.quick
def test_learns_and_does_not_learn_shuffled_labels() -> None:
    training, test = waves(1, "abcd"), waves(2, "ef", 300)
    assert accuracy(trained_and_folded(training, CONFIG), test) > 0.95
    shuffled = np.random.default_rng(3).permutation(training.labels)
    model = trained_and_folded(replace(training, labels=shuffled), CONFIG)
    assert accuracy(model, test) < 0.5


def test_learns_digits() -> None:
    images = prepare(digits(), validation=())
    layers = (Conv(16, (3, 3)), Conv(24, (3, 3), pool=(2, 2)), Dense(32))
    config = TrainConfig(
        layers=layers, encoding="int8", image_shape=(8, 8), epochs=10, batch=32, learning_rate=0.01
    )
    trained = train(images, config)
    assert accuracy(trained, images.tested()) > 0.93
    assert trained.history[0].loss > 1.5 * trained.history[-1].loss
    assert trained.history[-1].accuracy > 0.9


OPTIONS: dict[str, dict] = {
    **{f"ste {e}": {"ste": e} for e in ("identity", "clipped", "polynomial", "relu")},
    **{f"weights {w}": {"weights": w} for w in ("sign", "ede", "soft")},
    **{
        f"encoding {c}": {"encoding": c}
        for c in ("thermometer", "learned-thermometer", "bit-planes", "int8")
    },
    "standardize": {"standardize": True},
    "standardized soft weights": {"standardize": True, "weights": "soft"},
    "two stages": {"two_stage": 0.5},
    "bop": {"optimizer": "bop", "epochs": 40},
    "constant rate": {"schedule": "constant"},
    "squared hinge": {"loss": "squared-hinge"},
    "smoothing": {"smoothing": 0.1},
    "balanced": {"class_weights": "balanced"},
    "class weights": {"class_weights": (1.0, 2.0, 0.5)},
    "teacher": {"teacher": Teacher(epochs=4)},
    "teacher of soft weights": {"teacher": Teacher(epochs=3), "weights": "soft"},
    "teacher of learned thresholds": {
        "teacher": Teacher(epochs=3),
        "encoding": "learned-thermometer",
    },
    "augmented": {"augment": Augment(2, 0.1, 0.1, 0.05, (0,))},
    "convolution": {"layers": (Conv(16, (5, 1), padding=(2, 0), pool=(2, 1)), Dense(16))},
    "averaged": {"layers": (Conv(16, (9, 1)), Conv(24, (5, 1))), "global_average_pooling": True},
    "depthwise": {"layers": (Conv(12, (9, 1), groups=4), Dense(16))},
    "int8 between": {"layers": (Conv(8, (9, 1), activation="int8"), Dense(16, "int8"), Dense(8))},
    "image": {"layers": (Conv(16, (3, 3)), Dense(16)), "image_shape": (8, 4)},
    "features": {"features": Statistics()},
    "statistics as int8": {"features": Statistics(bands=3), "encoding": "int8"},
    "no hidden layer": {"layers": ()},
}


@pytest.mark.quick
@pytest.mark.parametrize("name", list(OPTIONS))
def test_every_option_learns_and_folds(name: str) -> None:
    training, test = waves(1, "abc"), waves(2, "d")
    trained = train_on(training, replace(CONFIG, **OPTIONS[name]))
    model = fold(trained)
    # A linear network of 1-bit weights cannot tell a wave from noise, but slow from fast.
    enough = 0.55 if name == "no hidden layer" else 0.85
    assert accuracy(model, test) > enough
    agree = model.predict(test.items) == trained.predict(test.items)
    assert agree.mean() > (0.9 if name == "int8 between" else 0.98)
    assert model.selftest()


@pytest.mark.quick
@pytest.mark.parametrize("augment", [None, TextAugment(0.2)])
def test_learns_texts(augment: TextAugment | None) -> None:
    sounds = ("schinkel", "tellement", "whether")

    def lines(seed: int, group: str) -> Texts:
        rng = np.random.default_rng(seed)
        texts = []
        for i in range(90):
            letters = rng.permutation(list(sounds[i % 3] * 3 + "aeinrst"))
            texts.append("".join(letters).encode() + sounds[i % 3][: rng.integers(1, 7)].encode())
        return Texts(tuple(texts), np.arange(90) % 3, np.repeat(group, 90), ("de", "fr", "en"))

    features = NGrams("characters", 1, 3, 500, 64)
    training, test = lines(1, "a"), lines(2, "b")
    trained = train_on(training, replace(CONFIG, features=features, augment=augment), test)
    model = fold(trained)
    assert (trained.predict(test.items) == test.labels).mean() > 0.9
    assert (model.predict(test.items) == trained.predict(test.items)).mean() > 0.98
    given = trained.inputs.floats(trained.inputs.compact(test.items))
    hidden, _ = trained.network.decisions(given)
    bits, mine = model.activations(test.items)
    assert (bits == given).all() and (mine.reshape(90, -1) == hidden).all()


@pytest.mark.quick
def test_real_weights_train_a_float_network() -> None:
    trained = train_on(waves(1, "abc"), replace(CONFIG, weights="real"))
    assert accuracy(trained, waves(2, "d")) > 0.95
    weights = trained.network.blocks[0].linear.used()
    assert len(np.unique(weights)) > 100


@pytest.mark.quick
@pytest.mark.parametrize(
    "options", [{}, {"augment": Augment(2, 0.1, 0.1, 0.1, (1,))}, {"teacher": Teacher(epochs=1)}]
)
def test_same_seed_same_bytes(options: dict) -> None:
    config = replace(CONFIG, epochs=2, **options)
    first, second = (to_bytes(trained_and_folded(waves(1, "ab"), config)) for _ in range(2))
    assert first == second
    assert to_bytes(trained_and_folded(waves(1, "ab"), replace(config, seed=1))) != first


@pytest.mark.quick
@pytest.mark.parametrize("batch", [4, 77, 360, 100_000])
def test_every_batch_size_takes_steps(batch: int) -> None:
    trained = train_on(waves(1, "abc"), replace(CONFIG, batch=batch, epochs=3))
    start = train_on(waves(1, "abc"), replace(CONFIG, batch=batch, epochs=3, learning_rate=1e-30))
    first, other = (t.network.blocks[0].linear.used() for t in (trained, start))
    assert (first != other).any()


@pytest.mark.quick
@pytest.mark.parametrize("batch", [7, 50, 1000])
@pytest.mark.parametrize("encoding", ["int8", "learned-thermometer"])
def test_batches_go_once_through_all(batch: int, encoding) -> None:
    data = waves(1, "ab")
    config = replace(CONFIG, batch=batch, encoding=encoding)
    rng = np.random.default_rng(0)
    inputs, _ = make_network(data, config, rng)
    feed = Batches(data, inputs, config, rng, Workers())
    everything = inputs.floats(inputs.compact(data.items))
    orders = []
    for _ in range(2):
        seen = []
        for x, part, _ in feed.batches(1):
            assert (x == everything[part]).all()
            assert x.dtype == np.float32 and min(batch, 240) / 2 < len(part) <= batch
            seen += part.tolist()
        assert sorted(seen) == list(range(240))
        orders.append(seen)
    assert orders[0] != orders[1] != sorted(orders[1])


@pytest.mark.quick
def test_augmented_windows_are_encoded_as_the_nodes_samples() -> None:
    # Louder than int16 has room for: a sensor saturates, and does not turn round.
    data = waves(1, "ab")
    data = replace(data, items=np.where(data.items > 0, 32000, -32000).astype(np.int16))
    config = replace(CONFIG, encoding="int8", augment=Augment(scale=0.5))
    rng = np.random.default_rng(0)
    inputs, _ = make_network(data, config, rng)
    for x, part, _ in Batches(data, inputs, config, rng, Workers()).batches(1):
        assert (np.sign(x) == np.sign(data.items[part].reshape(x.shape))).all()
        assert len(np.unique(x)) > 10


@pytest.mark.quick
@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_each_step_has_its_rate(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    monkeypatch.setattr(Adam, "step", lambda self, learning_rate: rates.append(learning_rate))
    train_on(waves(1, "a"), replace(CONFIG, epochs=3, batch=60, schedule=schedule))
    wanted = [learning_rate(schedule, step / 6, CONFIG.learning_rate) for step in range(6)]
    assert np.allclose(rates, wanted)


@pytest.mark.quick
def test_weights_harden_with_the_share_of_training_that_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = []
    inputs, network = make_network(waves(1, "a"), CONFIG, np.random.default_rng(0))
    monkeypatch.setattr(network, "advance", shares.append)
    monkeypatch.setattr("xnornode.training.trainer.make_network", lambda *_: (inputs, network))
    train_on(waves(1, "a"), replace(CONFIG, epochs=3, batch=60))
    assert np.allclose(shares, np.arange(6) / 6)
    monkeypatch.undo()
    network.advance(0.7)
    assert [b.done for b in network.binarizers] == [0.7, 0.7]


@pytest.mark.quick
def test_keeps_the_epoch_that_validates_best() -> None:
    training, config = waves(1, "ab"), replace(CONFIG, learning_rate=0.05, schedule="constant")
    held = labelled_by_epoch(3, training, config)
    seen: list[Epoch] = []
    trained = train_on(training, config, held, seen.append)
    assert tuple(seen) == trained.history and len(seen) == CONFIG.epochs
    assert [epoch.number for epoch in seen] == list(range(1, 9)) and seen[0].of == 8
    reached = [epoch.validation for epoch in seen]
    assert reached[2] == 1 and max(reached[:2] + reached[3:]) < 1
    assert trained.best == 3 and accuracy(trained, held) == 1


@pytest.mark.quick
def test_of_equal_epochs_the_latest_is_kept() -> None:
    # Waves without noise, labelled as the last epoch classifies them; so do those before it.
    training, held = waves(1, "ab"), waves(2, "c", noise=0)
    held = replace(held, labels=train_on(training, CONFIG).predict(held.items))
    trained = train_on(training, CONFIG, held)
    assert [epoch.validation for epoch in trained.history][-2:] == [1, 1]
    assert trained.best == CONFIG.epochs


@pytest.mark.quick
def test_validation_changes_nothing_but_the_choice() -> None:
    alone = train_on(waves(1, "ab"), replace(CONFIG, epochs=3))
    # Of the last epoch all labels are right, so that both end with the same network.
    held = waves(1, "c")
    held = replace(held, labels=alone.predict(held.items))
    watched = train_on(waves(1, "ab"), replace(CONFIG, epochs=3), held)
    assert [e.loss for e in alone.history] == [e.loss for e in watched.history]
    assert watched.best == 3
    # Nor the temperature, which is the validation part's.
    one, other = (to_bytes(replace(fold(t), answers=None)) for t in (alone, watched))
    assert one == other


@pytest.mark.quick
def test_without_validation_the_last_epoch_stays() -> None:
    trained = train_on(waves(1, "a"), replace(CONFIG, epochs=2))
    assert trained.best == 2
    assert [epoch.validation for epoch in trained.history] == [None, None]


@pytest.mark.quick
def test_the_encoding_comes_from_the_training_windows() -> None:
    training, held = waves(1, "a"), waves(2, "b")
    louder = replace(held, items=3 * held.items)
    encoding = train_on(training, replace(CONFIG, epochs=1), louder).inputs.encoding
    fitted = fit_encoding(training.items.reshape(len(training), -1), 2, "thermometer", 2)
    assert isinstance(encoding, Thermometer)
    assert (encoding.thresholds == fitted.thresholds).all()


def test_accuracy_on_people_held_out() -> None:
    """The integer network of the demo; `make bench-training` prints three seeds: 91.4 %."""
    model = watch_model()
    test = cut_windows(held_out(), model.labels, model.window.length, model.window.hop)
    assert len(test) == 1145 and len(watch().test_groups) == 3
    assert accuracy(model, test) > 0.89
