"""The folded integer network decides as the float network does, on every input."""

import numpy as np
import pytest

from xnornode.errors import ModelError
from xnornode.export.fold import fold_block
from xnornode.model.layers import IntLayer
from xnornode.model.limits import INT32_MAX
from xnornode.nn.activations import Int8ReLU
from xnornode.nn.conv import BinaryConv
from xnornode.nn.layer_spec import Activation, Conv
from xnornode.nn.layers import BatchNorm, BinaryDense
from xnornode.nn.network import Block
from xnornode.nn.quantizers import sign

WIDTHS = (1, 2, 31, 32, 33, 63, 65, 1000)
UNITS = {"binary": 1.0, "int8": 1 / 128}


def block(
    inputs: int,
    outputs: int,
    seed: int = 0,
    kind: Activation = "binary",
    output="binary",
    unit: float = 0,
) -> Block:
    dense = BinaryDense(inputs, outputs, np.random.default_rng(seed))
    return Block(dense, BatchNorm(outputs), (1, 1, inputs), kind, output, unit or UNITS[kind])


def set_norm(norm: BatchNorm, gamma, beta, mean, var=None) -> None:
    norm.gamma.value[:], norm.beta.value[:], norm.mean[:] = gamma, beta, mean
    norm.var[:] = 1 - norm.EPS if var is None else var


def sums(b: Block) -> np.ndarray:
    """Every number that a neuron can meet, as the integer network has it."""
    inputs = b.linear.weights.value.shape[1]
    if b.inputs == "binary":
        return np.arange(inputs, -inputs - 1, -2)
    return np.arange(-128 * inputs, 128 * inputs + 1)


def inferred(b: Block) -> np.ndarray:
    """What the float network's batch norm gives at each of `sums`, float32 (sums, outputs)."""
    z = (sums(b) * b.unit).astype(np.float32)
    return b.norm.infer(np.repeat(z[:, None], len(b.norm.mean), axis=1))


def assert_same_at_every_sum(b: Block) -> IntLayer:
    """Integer and float decision at each sum that a neuron can meet: all inputs there are."""
    folded = fold_block(b)
    rows = folded.weights.reshape(b.linear.weights.value.shape)
    inputs, signs = rows.shape[1], np.where(b.linear.weights.value >= 0, 1, -1)
    kept, inverted = (rows == signs).all(axis=1), (rows == -signs).all(axis=1)
    assert (kept ^ inverted).all()
    z = np.where(inverted, -1, 1) * sums(b)[:, None]
    if b.inputs == "binary":
        fires = (inputs - z) // 2 < folded.output.values
    else:
        fires = z >= folded.output.values
    wrong = fires != (sign(inferred(b)) > 0)
    assert not wrong.any(), f"neurons {np.flatnonzero(wrong.any(axis=0))} differ"
    return folded


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["binary", "int8"])
@pytest.mark.parametrize("inputs", WIDTHS)
def test_random_norms(inputs: int, kind: Activation) -> None:
    outputs, seeds = (65, 20) if kind == "binary" else (9, 2)
    for seed in range(seeds):
        rng = np.random.default_rng([inputs, seed])
        b = block(inputs, outputs, seed, kind)
        spread = np.sqrt(inputs)
        set_norm(
            b.norm,
            rng.normal(size=outputs),
            rng.normal(size=outputs),
            rng.normal(0, spread, outputs),
            rng.uniform(0.1, 3, outputs) * inputs,
        )
        assert_same_at_every_sum(b)


@pytest.mark.quick
@pytest.mark.parametrize("unit", [1 / 128, 1 / 64])
@pytest.mark.parametrize("inputs", [1, 2, 3, 33])
def test_every_mixture_of_awkward_numbers_over_bytes(inputs: int, unit: float) -> None:
    awkward(inputs, "int8", unit)


@pytest.mark.quick
@pytest.mark.parametrize("inputs", WIDTHS)
def test_every_mixture_of_awkward_numbers(inputs: int) -> None:
    awkward(inputs, "binary", 1)


def awkward(inputs: int, kind: Activation, unit: float) -> None:
    least, most = np.finfo(np.float32).smallest_subnormal, np.finfo(np.float32).max
    scales = [0, -0.0, least, 1e-38, 1e-7, 1, 1 / 3, 1e7, most]
    offsets = [0, -0.0, least, -least, 1e-38, 1 / 3, -1 / 3, 1, inputs, -inputs, 1e30, -most]
    means = [0, 0.1, 1, -1, inputs, -inputs, inputs + 0.5, inputs / 3, 3e5, -1e30, most]
    both = [s * scale for scale in scales for s in (1, -1)]
    input_shape = np.array(np.meshgrid(both, offsets, means)).reshape(3, -1).astype(np.float32)
    step = 1 if kind == "binary" else 7 if inputs < 9 else 101  # int8 inputs have many sums
    input_shape = input_shape[:, ::step]
    b = block(inputs, input_shape.shape[1], kind=kind, unit=unit)
    set_norm(b.norm, *input_shape)
    with np.errstate(over="ignore"):
        assert_same_at_every_sum(b)


@pytest.mark.quick
@pytest.mark.parametrize("gamma", [1.0, -1.0, 0.37, -1e-5, 4096.0])
def test_an_exact_tie_is_plus_one(gamma: float) -> None:
    for inputs in (1, 33, 64):
        z = np.arange(inputs, -inputs - 1, -2)
        b = block(inputs, len(z))
        set_norm(b.norm, gamma, 0, z)
        assert (np.diagonal(inferred(b)) == 0).all()
        folded = assert_same_at_every_sum(b)
        # It fires with up to as many differing inputs as give the sum at which the result is 0.
        most = (inputs - np.sign(gamma) * z) // 2
        assert (folded.output.values == most + 1).all()


@pytest.mark.quick
def test_constants_have_limits_at_both_ends() -> None:
    norm = ([0, 0, 1, 1, -1, -1], [0, -1, 0, 0, 0, 0], [5, 5, 40, -40, 40, -40])
    bits, of_int8 = block(33, 6), block(33, 6, kind="int8")
    set_norm(bits.norm, *norm)
    assert assert_same_at_every_sum(bits).output.values.tolist() == [34, 0, 0, 34, 34, 0]
    set_norm(of_int8.norm, *norm)
    always, never = -128 * 33, 128 * 33 + 1
    thresholds = assert_same_at_every_sum(of_int8).output.values
    assert thresholds.tolist() == [always, never, never, always, always, never]


@pytest.mark.quick
@pytest.mark.parametrize("output", ["binary", "int8", "scores"])
@pytest.mark.parametrize("field", ["gamma", "beta", "mean", "var"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_not_finite_is_refused(bad: float, field: str, output: str) -> None:
    b = block(8, 3, output=output)
    set_norm(b.norm, **{"gamma": 1.0, "beta": 0.0, "mean": 0.0} | {field: bad})
    if (field, bad) == ("var", np.inf):
        fold_block(b)  # an infinite variance is a scale of 0
    else:
        with pytest.raises(ModelError, match="training diverged, lower the learning rate"):
            fold_block(b)


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["binary", "int8"])
@pytest.mark.parametrize("inputs", [1, 9, 33, 144])
def test_bytes_differ_by_at_most_a_step(inputs: int, kind: Activation) -> None:
    for unit in (1,) if kind == "binary" else (1 / 128, 1 / 64):
        rng = np.random.default_rng(inputs)
        b = block(inputs, 20, kind=kind, output="int8", unit=unit)
        spread = np.sqrt(inputs)  # of the sums
        set_norm(
            b.norm,
            rng.choice([-1, 1], 20) * rng.uniform(0.3, 2, 20),
            rng.normal(size=20),
            rng.normal(0, spread, 20),
            rng.uniform(0.3, 2, 20) * inputs,
        )
        folded = fold_block(b).output
        z = sums(b)[:, None]
        mine = np.clip((z * folded.factors + folded.offsets) >> folded.shift, 0, 127)
        theirs = Int8ReLU().forward(inferred(b), training=False) * 64
        assert abs(mine - theirs).max() <= 1
        assert (mine != theirs).mean() < 0.01
        assert len(np.unique(theirs)) > min(10, inputs)


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["binary", "int8"])
def test_a_neuron_that_never_varies_does_not_coarsen_the_bytes_of_others(kind: Activation) -> None:
    b = block(144, 20, kind=kind, output="int8")
    rng = np.random.default_rng(1)
    var = np.full(20, 144.0 if kind == "binary" else 30)
    var[:2] = 0
    mean = np.append([20, -20], rng.normal(0, 9, 18))
    beta = np.append([0.7, 5], rng.normal(0, 0.3, 18))
    set_norm(b.norm, 1, beta, mean, var)
    folded, z = fold_block(b).output, sums(b)[:, None]
    mine = np.clip((z * folded.factors + folded.offsets) >> folded.shift, 0, 127)
    theirs = Int8ReLU().forward(inferred(b), training=False) * 64
    assert abs(mine - theirs)[:, 2:].max() <= 1
    constant = z[:, 0] == np.array([[20], [-20]]) / b.unit
    assert abs(mine - theirs)[constant[0], 0] <= 1 and abs(mine - theirs)[constant[1], 1] <= 1


@pytest.mark.quick
def test_a_norm_too_steep_for_bytes_is_refused() -> None:
    b = block(8, 3, output="int8")
    set_norm(b.norm, [1e9, 1e9, 1e9], 0, 0)
    with pytest.raises(ModelError, match="too steep for int8"):
        fold_block(b)


@pytest.mark.quick
def test_scores_keep_the_order_of_the_logits() -> None:
    for inputs in WIDTHS:
        rng = np.random.default_rng(inputs)
        b = block(inputs, 9, output="scores")
        set_norm(
            b.norm,
            rng.normal(size=9),
            rng.normal(size=9),
            rng.normal(0, 9, 9),
            rng.uniform(1, 99, 9),
        )
        x = rng.choice(np.array([-1, 1], np.int8), (500, inputs))
        logits = b.norm.infer(b.linear.forward(x.astype(np.float32), training=False))
        head = fold_block(b)
        scores = head.forward(x).astype(np.float64)
        # Scores are the logits times one factor, but for the rounding of scale and offset.
        factor = np.abs(head.output.scales).max() / np.abs(b.norm.scale()).max()
        assert np.abs(scores / factor - logits).max() < (inputs + 2) / factor


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["binary", "int8"])
@pytest.mark.parametrize("inputs", [1, 33, 65534])
def test_scores_fit_int32(inputs: int, kind: Activation) -> None:
    cases = [(1, 0, 0), (0, 0, 0), (0, 1e30, 0), (1e-3, 1e9, 0), (1, 0, 1e9), (1e30, 5, 2)]
    for gamma, beta, mean in cases:
        b = block(inputs, 2, kind=kind, output="scores")
        set_norm(b.norm, [gamma, -gamma], [beta, -beta], mean)
        out = fold_block(b).output  # the layer refuses what leaves int32
        reach = np.abs(out.offsets) + inputs * (128 if kind == "int8" else 1) * abs(out.scales)
        assert reach.max() <= INT32_MAX
        if gamma or beta:
            assert max(np.abs(out.scales).max(), np.abs(out.offsets).max()) > 200


@pytest.mark.quick
def test_padding_of_an_inverted_neuron() -> None:
    conv = BinaryConv((3, 3, 1), Conv(2, padding=(2, 2)), np.random.default_rng(0))
    b = Block(conv, BatchNorm(2), (3, 3, 1), "binary", "binary", 1)
    set_norm(b.norm, [1, -1], [0.3, 0.3], [2, 2])
    x = np.where(np.random.default_rng(1).random((50, 3, 3, 1)) < 0.5, -1, 1)
    real = sign(b.norm.infer(conv.forward(x.astype(np.float32), training=False)))
    assert (fold_block(b).forward(x.astype(np.int8)) == real).all()
