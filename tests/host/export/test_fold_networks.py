"""Whole networks, folded: layer by layer they are the float networks."""

from dataclasses import replace
from math import prod

import numpy as np
import pytest

from tests.lab.small_waves import split, train_on
from xnornode.data.prepare import prepare
from xnornode.data.windows import Windows
from xnornode.datasets.watch import watch
from xnornode.errors import ModelError
from xnornode.export.fold import fold, selftest_shift
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.model import Model
from xnornode.model.statistics import Statistics
from xnornode.nn.activations import Int8ReLU
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.nn.network import Block
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import make_network, train

NETS: dict[str, TrainConfig] = {
    "dense": TrainConfig(layers=(Dense(31), Dense(33))),
    "one neuron": TrainConfig(layers=(Dense(65), Dense(1))),
    "no hidden layer": TrainConfig(layers=()),
    "bit-planes": TrainConfig(encoding="bit-planes", bits=4, layers=(Dense(33),)),
    "learned-thermometer": TrainConfig(
        encoding="learned-thermometer", bits=5, layers=(Dense(33), Dense(8))
    ),
    "int8 in": TrainConfig(encoding="int8", layers=(Dense(33), Dense(8))),
    "convolution": TrainConfig(layers=(Conv(9, (5, 1), (2, 1), (2, 0), (2, 1)), Dense(8))),
    "groups": TrainConfig(
        layers=(Conv(6, (3, 1), groups=3), Conv(6, (3, 1), groups=6, padding=(1, 0))), bits=1
    ),
    "image": TrainConfig(
        layers=(Conv(8, (3, 2), padding=(1, 1)), Conv(12, (2, 2), pool=(2, 2))), image_shape=(6, 4)
    ),
    "int8 image": TrainConfig(
        layers=(Conv(8, (3, 2), padding=(2, 1), pool=(3, 2)), Conv(12, (2, 2))),
        image_shape=(6, 4),
        encoding="int8",
        global_average_pooling=True,
    ),
    "average": TrainConfig(
        layers=(Conv(9, (5, 1)), Conv(9, (3, 1), pool=(2, 1))), global_average_pooling=True
    ),
    "int8 between": TrainConfig(
        layers=(Conv(8, (3, 1), activation="int8"), Conv(8, (3, 1), activation="int8"), Dense(9)),
    ),
    "int8 pooled": TrainConfig(
        layers=(Conv(8, (3, 1), padding=(2, 0), pool=(2, 1), activation="int8"), Dense(9, "int8")),
        encoding="int8",
        global_average_pooling=True,
    ),
    "features": TrainConfig(features=Statistics(bands=2), layers=(Dense(33),)),
    "statistics as int8": TrainConfig(features=Statistics(), encoding="int8", layers=(Dense(33),)),
    "standardized": TrainConfig(layers=(Dense(31), Dense(33)), standardize=True, weights="ede"),
}
SAMPLES = np.random.default_rng(9).integers(-150, 150, (200, 24, 3)).astype(np.int16)
DATA = Windows(SAMPLES, np.arange(200) % 4, np.repeat("a", 200), tuple("abcd"))


def image_data(config: TrainConfig) -> Windows:
    return replace(DATA, items=SAMPLES[:, :, :1]) if config.image_shape else DATA


def random_trained(config: TrainConfig, seed: int) -> tuple[Trained, Windows]:
    """A network with norms about its sums, of either sign but where a pool forbids it."""
    data = image_data(config)
    rng = np.random.default_rng(seed)
    inputs, network = make_network(data, config, rng)
    x = inputs.floats(inputs.compact(data.items))
    for _ in range(40):
        network.forward(x, training=True)  # settles the running averages
    for b in network.blocks:
        gamma = b.norm.gamma
        gamma.value *= rng.uniform(0.5, 2, gamma.value.shape)
        if gamma.floor is None:
            gamma.value *= rng.choice([-1, 1], gamma.value.shape)
        b.norm.beta.value[:] = rng.normal(0, 0.5, gamma.value.shape)
    if network.before:
        network.before.thresholds.value += rng.normal(0, 0.1, network.before.thresholds.value.shape)
    about = split(data)
    trained = Trained(network, inputs, config, (), 0, 150, "waves", data.classes, about.window)
    return trained, data


def as_integers(b: Block, real: np.ndarray) -> np.ndarray:
    scale = Int8ReLU.STEPS if b.output == "int8" else 1
    return (real * scale).astype(np.int8)


def assert_equal_networks(trained: Trained, model: Model, data: Windows) -> None:
    """Each layer, given what the float network's has, gives the same; and so does the whole."""
    x = model.inputs(data.items)
    given = trained.inputs.floats(trained.inputs.compact(data.items))
    *hidden, logits = trained.network.decisions(given)
    exact = True
    mine = list(model.activations(data.items))[1:]
    for b, layer, real, chained in zip(
        trained.network.blocks, model.layers, hidden, mine, strict=False
    ):
        wanted = as_integers(b, real).reshape(-1, *layer.output_shape)
        got = layer.forward(x)
        if b.output == "binary":
            assert (got != wanted).sum() == 0
            assert not exact or (chained == wanted).all()
            assert (wanted.max(axis=0) == 1).any() and (wanted.min(axis=0) == -1).any()
        else:
            assert abs(got.astype(int) - wanted).max() <= 1
            exact = False
        x = wanted
    scores = model.layers[-1].forward(x).astype(np.float64)
    factor = (
        np.abs(model.layers[-1].output.scales).max()
        / np.abs(trained.network.blocks[-1].norm.scale() * trained.network.blocks[-1].unit).max()
    )
    reach = prod(model.layers[-1].input_shape) * (128 if model.layers[-1].inputs == "int8" else 1)
    assert np.abs(scores / factor - logits).max() < (reach + 2) / factor + 1e-3


@pytest.mark.parametrize("name", list(NETS))
def test_networks_agree_layer_by_layer(name: str) -> None:
    for seed in range(3):
        trained, data = random_trained(NETS[name], seed)
        model = fold(trained, "random", "of numbers")
        assert_equal_networks(trained, model, data)
        again = from_bytes(to_bytes(model))
        assert (again.scores(data.items) == model.scores(data.items)).all()
        assert (again.name, again.notes) == ("random", "of numbers") and again.selftest()


@pytest.mark.quick
@pytest.mark.parametrize("name", ["image", "int8 image", "learned-thermometer", "int8 between"])
def test_trained_networks_agree_layer_by_layer(name: str) -> None:
    config = replace(NETS[name], epochs=4, batch=20, learning_rate=0.02)
    data = image_data(config)
    trained = train_on(data, config)
    plain = fold(replace(trained, ones=()), "trained")
    assert_equal_networks(trained, plain, data)
    model = fold(trained, "turned round")
    assert (model.scores(data.items) == plain.scores(data.items)).all()


@pytest.mark.quick
@pytest.mark.parametrize(
    "name", ["image", "learned-thermometer", "int8 between", "no hidden layer"]
)
def test_the_share_of_ones_is_that_of_the_integer_network(name: str) -> None:
    """Measured on every second of 300 windows: at most 256."""
    config = replace(NETS[name], epochs=2, batch=20)
    data = image_data(config)
    data = data.select(np.arange(300) % 200)
    trained = train_on(data, config)
    model = fold(replace(trained, ones=()), "ones")
    assert len(trained.ones) == len(model.layers)
    exact = True
    for layer, x, shares in zip(
        model.layers, model.activations(data.items[::2]), trained.ones, strict=True
    ):
        wanted = (x.reshape(150, -1, len(shares)) > 0).mean(axis=(0, 1))
        assert not exact or layer.inputs == "int8" or shares == pytest.approx(wanted, abs=1e-5)
        exact &= layer.outputs == "binary"  # int8 may be a step off
    again = train_on(data, config).ones
    assert all((a == b).all() for a, b in zip(again, trained.ones, strict=True))


@pytest.mark.quick
@pytest.mark.parametrize("encoding", ["thermometer", "int8"])
def test_neurons_that_mostly_fire_are_turned_round(encoding: str) -> None:
    """Before a convolution and before a dense layer; never behind a pool or before padding."""
    layers = (
        Conv(9, (2, 2)),
        Conv(7, (2, 1), pool=(1, 2)),
        Conv(8, (2, 1)),
        Conv(6, (2, 1), padding=(1, 0)),
        Conv(5, (2, 1)),
        Dense(33),
    )
    config = replace(NETS["image"], layers=layers, encoding=encoding, global_average_pooling=False)
    trained, data = random_trained(config, 6)
    for b in trained.network.blocks[:-1]:
        b.norm.beta.value[::2] += 1.5
        b.norm.beta.value[1::2] -= 1.5
    given = trained.inputs.floats(trained.inputs.compact(data.items))
    ones = trained.network.ones(given)
    plain = fold(trained, "plain")
    turned = fold(replace(trained, ones=ones), "turned")
    assert (turned.scores(data.items) == plain.scores(data.items)).all()
    before, after = plain.activations(data.items), turned.activations(data.items)
    changed, counted = [], []
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        changed.append(bool((old != new).any()))
        if i and turned.layers[i].in_columns:
            share = (new == (1 if turned.layers[i].counted else -1)).mean()
            counted.append(share <= 0.5 or turned.layers[i].padding != (0, 0))
    assert changed == [False, True, False, False, True, True, False]
    assert all(counted)


@pytest.mark.quick
def test_the_less_frequent_value_is_counted_behind_a_pool() -> None:
    """Pooled neurons that nearly always fire, or nearly never: no score changes by the choice."""
    config = replace(NETS["image"], layers=(*NETS["image"].layers, Dense(9)))
    trained, data = random_trained(config, 4)
    beta = trained.network.blocks[1].norm.beta.value  # of the pooled layer
    given = trained.inputs.floats(trained.inputs.compact(data.items))
    for shift, counted in ((4, 0), (-8, 1)):
        beta += shift
        ones = trained.network.ones(given)
        assert (ones[2].mean() > 0.9) if shift > 0 else (ones[2].mean() < 0.1)
        model = fold(replace(trained, ones=ones), "counted")
        assert model.layers[2].in_columns and model.layers[2].counted == counted
        unknown = fold(trained, "unknown")
        assert [layer.counted for layer in unknown.layers] == [1] * 4
        assert (model.scores(data.items) == unknown.scores(data.items)).all()
        assert from_bytes(to_bytes(model)).layers[2].counted == counted


@pytest.mark.quick
def test_a_float_network_is_refused() -> None:
    trained, _ = random_trained(TrainConfig(weights="real"), 0)
    with pytest.raises(ModelError, match="train with binary weights"):
        fold(trained, "float")


@pytest.mark.quick
def test_a_diverged_network_is_refused() -> None:
    trained, _ = random_trained(TrainConfig(), 0)
    trained.network.blocks[0].norm.mean[3] = np.nan
    with pytest.raises(ModelError, match="training diverged, lower the learning rate") as refused:
        fold(trained, "diverged")
    assert refused.value.reason == "layer"


@pytest.mark.quick
def test_selftest_samples_are_as_loud_as_those_trained_on() -> None:
    amplitude = {0: 15, 1: 14, 100: 8, 4095: 3, 4096: 2, 20000: 0, 32768: 0}
    assert {n: selftest_shift(n) for n in amplitude} == amplitude


def test_watch_test_windows() -> None:
    splits = prepare(watch(), validation=(), training_hop=64)
    test = splits.tested()
    trained = train(splits, TrainConfig(layers=(Dense(65), Dense(33)), epochs=2))
    assert_equal_networks(trained, fold(replace(trained, ones=())), test)
    model = fold(trained)
    assert (model.predict(test.items) == trained.predict(test.items)).mean() > 0.999
    bits = model.inputs(model.selftest_window())[0].reshape(128, 6, -1)
    assert (bits.min(axis=0) == -1).all() and (bits.max(axis=0) == 1).all()
    assert model.selftest()
