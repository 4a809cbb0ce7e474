"""The folded integer network decides as the float network does, on every input."""

from dataclasses import replace

import numpy as np
import pytest
from xnornode.binarize import sign
from xnornode.data import cut_windows, split_groups
from xnornode.datasets import watch
from xnornode.encode import Thermometer
from xnornode.errors import ModelError
from xnornode.fileformat import from_bytes, to_bytes
from xnornode.fold import fold, fold_dense, fold_scores, selftest_shift
from xnornode.layers import BatchNorm, BinaryDense
from xnornode.model import INT32_MAX, Window
from xnornode.network import Network
from xnornode.train import TrainConfig, encode_signs, train

WIDTHS = (1, 2, 31, 32, 33, 63, 65, 1000)


def layer(inputs: int, outputs: int, seed: int = 0) -> tuple[BinaryDense, BatchNorm]:
    return BinaryDense(inputs, outputs, np.random.default_rng(seed)), BatchNorm(outputs)


def set_norm(norm: BatchNorm, gamma, beta, mean, var=None) -> None:
    norm.gamma.value[:], norm.beta.value[:], norm.mean[:] = gamma, beta, mean
    norm.var[:] = 1 - norm.EPS if var is None else var


def float_decisions(norm: BatchNorm, inputs: int) -> np.ndarray:
    """Whether each neuron fires, bool (inputs + 1, outputs), at z = inputs, inputs - 2, ..."""
    z = np.arange(inputs, -inputs - 1, -2, dtype=np.float32)
    return sign(norm.infer(np.repeat(z[:, None], len(norm.mean), axis=1))) > 0


def assert_same_at_every_sum(dense: BinaryDense, norm: BatchNorm) -> None:
    """Integer and float decision at each sum that a neuron can meet: all inputs there are."""
    folded = fold_dense(dense, norm)
    inputs = folded.weights.shape[1]
    differing = np.arange(inputs + 1)
    kept = (folded.weights == np.where(dense.weights.value >= 0, 1, -1)).all(axis=1)
    inverted = (folded.weights == np.where(dense.weights.value >= 0, -1, 1)).all(axis=1)
    assert (kept ^ inverted).all()
    # Of an inverted row differ just those inputs that did not differ before.
    counts = np.where(inverted, inputs - differing[:, None], differing[:, None])
    wrong = (counts < folded.limits) != float_decisions(norm, inputs)
    assert not wrong.any(), f"neurons {np.flatnonzero(wrong.any(axis=0))} differ"


@pytest.mark.quick
@pytest.mark.parametrize("inputs", WIDTHS)
def test_random_norms(inputs: int) -> None:
    for seed in range(20):
        rng = np.random.default_rng([inputs, seed])
        dense, norm = layer(inputs, 65, seed)
        spread = np.sqrt(inputs)
        set_norm(
            norm, rng.normal(size=65), rng.normal(size=65), rng.normal(0, spread, 65),
            rng.uniform(0.1, 3, 65) * inputs,
        )  # fmt: skip
        assert_same_at_every_sum(dense, norm)


@pytest.mark.quick
@pytest.mark.parametrize("inputs", WIDTHS)
def test_every_mixture_of_awkward_numbers(inputs: int) -> None:
    least, most = np.finfo(np.float32).smallest_subnormal, np.finfo(np.float32).max
    scales = [0, -0.0, least, 1e-38, 1e-7, 1, 1 / 3, 1e7, most]
    offsets = [0, -0.0, least, -least, 1e-38, 1 / 3, -1 / 3, 1, inputs, -inputs, 1e30, -most]
    means = [0, 0.1, 1, -1, inputs, -inputs, inputs + 0.5, inputs / 3, 3e5, -1e30, most]
    both = [s * scale for scale in scales for s in (1, -1)]
    grid = np.array(np.meshgrid(both, offsets, means)).reshape(3, -1).astype(np.float32)
    dense, norm = layer(inputs, grid.shape[1])
    set_norm(norm, *grid)
    with np.errstate(over="ignore"):
        assert_same_at_every_sum(dense, norm)


@pytest.mark.quick
@pytest.mark.parametrize("gamma", [1.0, -1.0, 0.37, -1e-5, 4096.0])
def test_an_exact_tie_is_plus_one(gamma: float) -> None:
    for inputs in (1, 33, 64):
        sums = np.arange(inputs, -inputs - 1, -2)
        dense, norm = layer(inputs, len(sums))
        set_norm(norm, gamma, 0, sums)
        assert (np.diagonal(float_decisions(norm, inputs))).all()
        assert_same_at_every_sum(dense, norm)
        # It fires with up to as many differing inputs as give the sum at which the result is 0.
        most = (inputs - np.sign(gamma) * sums) // 2
        assert (fold_dense(dense, norm).limits == most + 1).all()


@pytest.mark.quick
def test_gamma_zero_and_means_out_of_reach_are_constants() -> None:
    dense, norm = layer(33, 6)
    set_norm(norm, [0, 0, 1, 1, -1, -1], [0, -1, 0, 0, 0, 0], [5, 5, 40, -40, 40, -40])
    assert fold_dense(dense, norm).limits.tolist() == [34, 0, 0, 34, 34, 0]


@pytest.mark.quick
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_not_finite_is_refused(bad: float) -> None:
    for field in ("gamma", "beta", "mean"):
        dense, norm = layer(8, 3)
        values = {"gamma": 1.0, "beta": 0.0, "mean": 0.0} | {field: bad}
        set_norm(norm, **values)
        for f in (fold_dense, fold_scores):
            with pytest.raises(ModelError, match="diverged"):
                f(dense, norm)


@pytest.mark.quick
def test_scores_keep_the_order_of_the_logits() -> None:
    for inputs in WIDTHS:
        rng = np.random.default_rng(inputs)
        dense, norm = layer(inputs, 9)
        set_norm(
            norm, rng.normal(size=9), rng.normal(size=9), rng.normal(0, 9, 9), rng.uniform(1, 99, 9)
        )
        x = rng.choice(np.array([-1, 1], np.int8), (500, inputs))
        logits = norm.infer(dense.forward(x.astype(np.float32), training=False))
        head = fold_scores(dense, norm)
        scores = head.forward(x).astype(np.float64)
        # Scores are the logits times one factor, but for the rounding of scale and offset.
        factor = np.abs(head.scales).max() / np.abs(norm.scale()).max()
        assert np.abs(scores / factor - logits).max() < (inputs + 2) / factor


@pytest.mark.quick
@pytest.mark.parametrize("inputs", [1, 33, 65534])
def test_scores_fit_int32(inputs: int) -> None:
    cases = [(1, 0, 0), (0, 0, 0), (0, 1e30, 0), (1e-3, 1e9, 0), (1, 0, 1e9), (1e30, 5, 2)]
    for gamma, beta, mean in cases:
        dense, norm = layer(inputs, 2)
        set_norm(norm, [gamma, -gamma], [beta, -beta], mean)
        head = fold_scores(dense, norm)  # the model refuses what leaves int32
        reach = np.abs(head.offsets) + inputs * np.abs(head.scales)
        assert reach.max() <= INT32_MAX
        if gamma or beta:
            assert max(np.abs(head.scales).max(), np.abs(head.offsets).max()) > 1000


@pytest.mark.quick
def test_random_networks_agree_layer_by_layer() -> None:
    for hidden in ((1,), (31, 33), (65, 1, 32), ()):
        rng = np.random.default_rng(len(hidden))
        encoder = Thermometer(np.sort(rng.integers(-99, 99, (3, 5)), axis=1).astype(np.int16))
        network = Network(7 * 3 * 5, hidden, 4, "clipped", rng)
        for _, norm in network.blocks():
            width = len(norm.mean)
            set_norm(norm, rng.normal(size=width), 0.1, rng.integers(-5, 5, width))
        window = Window(("x", "y", "z"), 7, 7, 0, (0, 0, 0))
        model = fold(network, encoder, window, "abcd", "random")
        samples = rng.integers(-150, 150, (300, 7, 3)).astype(np.int16)
        signs = encode_signs(encoder, samples)
        mine, theirs = list(model.activations(samples)), list(network.decisions(signs))
        assert (mine[0] == signs).all()
        for integer, real in zip(mine[1:], theirs, strict=False):
            assert (integer == real).all()
        agree = (model.predict(samples) == theirs[-1].argmax(axis=1)).mean()
        assert agree > 0.98  # all but ties, and rounded ties, of the logits
        assert (from_bytes(to_bytes(model)).scores(samples) == model.scores(samples)).all()


@pytest.mark.quick
def test_selftest_passes_and_misses_every_threshold() -> None:
    for low, high, shift in ((-1, 0, 14), (-4000, 4095, 3), (0, 100, 8), (-(2**15), 9, 0)):
        assert selftest_shift(Thermometer(np.array([[low, high]], np.int16))) == shift


def test_watch_test_windows() -> None:
    data = watch()
    training, test = (
        cut_windows(part, data.labels) for part in split_groups(data.recordings, data.test_groups)
    )
    config = replace(TrainConfig(), hidden=(65, 33), epochs=2)
    trained = train(training, config)
    window = Window(data.channels, 128, 64, data.rate_mhz, data.scales)
    model = fold(trained.network, trained.encoder, window, data.labels, data.name)
    signs = encode_signs(trained.encoder, test.samples)
    theirs = list(trained.network.decisions(signs))
    mine = list(model.activations(test.samples))
    for integer, real in zip(mine, (signs, *theirs[:-1]), strict=True):
        assert integer.shape == real.shape
        assert (integer != real).sum() == 0
    assert (model.predict(test.samples) == theirs[-1].argmax(axis=1)).mean() > 0.999
    bits = model.encoder.encode(model.selftest_window())[0].reshape(128, 6, -1)
    assert (bits.min(axis=0) == 0).all() and (bits.max(axis=0) == 1).all()
    assert model.selftest()
