"""What the network is trained on: encodings fitted to values, and learned thresholds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.float64_layers import bi_real, slopes
from xnornode.errors import DataError
from xnornode.model.features import Raw
from xnornode.model.fit_encoding import ENCODINGS, fit_encoding
from xnornode.model.input_encoding import BitPlanes, Int8Encoding, Thermometer
from xnornode.nn.thermometer import LearnedThermometer
from xnornode.training.input_pipeline import InputPipeline

pytestmark = pytest.mark.quick

ALL = np.arange(-(2**15), 2**15).astype(np.int16)


def column(seed: int, low: int, high: int, count: int = 2000) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high + 1, (count, 1)).astype(np.int16)


def ramp(encoding: Int8Encoding | BitPlanes, row: int = 0) -> np.ndarray:
    """What the encoding makes of every int16 in a row: int8, or the number in the planes."""
    values = np.repeat(ALL[:, None], encoding.rows, axis=1)
    out = encoding.encode(values).astype(int).reshape(len(ALL), encoding.rows, -1)[:, row]
    if isinstance(encoding, BitPlanes):
        return ((out > 0) << np.arange(encoding.bits)).sum(axis=1)
    return out[:, 0]


def at(x: int) -> int:
    return x + 2**15


def test_thermometer_cuts_each_row_into_equally_full_parts() -> None:
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(900, 6)) * np.tile([30, 900, 3000], 2)).astype(np.int16)
    encoding = fit_encoding(values, 3, "thermometer", 4)
    assert isinstance(encoding, Thermometer) and encoding.thresholds.shape == (3, 4)
    shares = (encoding.encode(values).reshape(900, 2, 3, 4) > 0).mean(axis=(0, 1))
    assert np.allclose(shares, [0.8, 0.6, 0.4, 0.2], atol=0.03)


def test_thermometer_of_mostly_black_pixels_cuts_the_others() -> None:
    values = np.concatenate([np.zeros((900, 1), np.int16), column(2, 1, 255, 300)])
    thresholds = fit_encoding(values, 1, "thermometer", 3).thresholds[0]
    assert np.allclose(thresholds, [64, 128, 192], atol=12)


def test_thermometer_of_a_constant_row_is_constant() -> None:
    values = np.hstack([np.full((50, 1), 7, np.int16), column(3, -9, 9, 50)])
    encoding = fit_encoding(values, 2, "thermometer", 3)
    assert (encoding.thresholds[0] == 7).all()


def test_bytes_of_signed_values_use_the_whole_range() -> None:
    encoding = fit_encoding(column(4, -3000, 1000), 1, "int8", 8)
    out = ramp(encoding)
    assert out[at(-3000)] in (-127, -128) and out[at(1000)] == 127
    inside = np.arange(-2990, 990)
    expected = -127 + (inside + 3000) * 254 / 4000
    assert abs(out[at(-2990) : at(990)] - expected).max() < 2
    assert (np.diff(out) >= 0).all()


def test_bytes_of_values_that_are_never_negative_keep_zero() -> None:
    for low in (0, 40):
        out = ramp(fit_encoding(column(5, low, 255), 1, "int8", 8))
        assert out[at(0)] == 0 and out[at(255)] == 127
        assert abs(out[at(0) : at(255)] - np.arange(255) * 127 / 255).max() < 1.5


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_bit_planes_count_equal_steps(bits: int) -> None:
    out = ramp(fit_encoding(column(6, -500, 1500), 1, "bit-planes", bits))
    last = 2**bits - 1
    assert out[at(-2000)] == out[at(-500)] == 0 and out[at(1500)] == out[at(3000)] == last
    inside = np.arange(-500, 1500)
    assert abs(out[at(-500) : at(1500)] - (inside + 500) * last / 2000).max() <= 0.5 + 0.01 * last


def test_rare_extremes_do_not_take_the_steps() -> None:
    values = column(7, -100, 100, 5000)
    values[:3] = 32000
    values[3:6] = -32000
    for name in ("int8", "bit-planes"):
        out = ramp(fit_encoding(values, 1, name, 8))
        assert out[at(101)] == out.max() and out[at(-101)] == out.min()


@pytest.mark.parametrize("name", ["int8", "bit-planes"])
def test_a_constant_row_does_not_coarsen_the_others(name: str) -> None:
    values = np.hstack([np.full((2000, 1), 5, np.int16), column(8, -30000, 30000)])
    out = ramp(fit_encoding(values, 2, name, 8), 1)
    first, last = (-127, 127) if name == "int8" else (0, 255)
    inside = np.arange(-29900, 29900)
    expected = first + (inside + 30000) * (last - first) / 60000
    assert abs(out[at(-29900) : at(29900)] - expected).max() < 3


values_of_rows = st.lists(
    st.tuples(st.integers(-(2**15), 2**15 - 1), st.integers(-(2**15), 2**15 - 1)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60)
@given(values_of_rows, st.sampled_from(["bit-planes", "int8"]), st.integers(1, 8))
def test_any_values_have_an_encoding_that_rises(
    ends: list[tuple[int, int]], name, bits: int
) -> None:
    table = np.stack([np.linspace(*end, 50) for end in ends], axis=1).astype(np.int16)
    encoding = fit_encoding(table, len(ends), name, bits)
    for row, (first, last) in enumerate(ends):
        out = ramp(encoding, row)
        assert (np.diff(out) >= 0).all()
        low, high = out[at(min(first, last))], out[at(max(first, last))]
        # Few steps may be left of a row whose range is a small share of another's.
        assert high > low or abs(first - last) < 400 or bits == 1


def test_too_many_bit_planes() -> None:
    with pytest.raises(DataError, match="at most 8, not 9"):
        fit_encoding(column(9, 0, 5), 1, "bit-planes", 9)


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_network_is_given_what_the_node_computes(name: str) -> None:
    windows = np.random.default_rng(10).integers(-900, 900, (30, 8, 2)).astype(np.int16)
    flat = windows.reshape(30, 16)
    encoding = None if name == "learned-thermometer" else fit_encoding(flat, 2, name, 3)
    inputs = InputPipeline(Raw(), encoding)
    compact = inputs.compact(windows)
    floats = inputs.floats(compact)
    assert floats.dtype == np.float32
    if encoding is None:
        assert inputs.kind == "values" and (floats == flat).all()
    elif name == "int8":
        assert inputs.kind == "int8" and (floats * 128 == encoding.encode(flat)).all()
    else:
        assert inputs.kind == "binary" and (floats == encoding.encode(flat)).all()
        assert set(np.unique(floats)) == {-1, 1}


def learned(bits: int = 3) -> LearnedThermometer:
    rng = np.random.default_rng(11)
    values = (rng.normal(size=(400, 4)) * [20, 3000, 20, 3000]).astype(np.int16)
    return LearnedThermometer(values, 2, bits)


def float_bits(layer: LearnedThermometer) -> np.ndarray:
    """The bits of every int16 in each row, (65536, rows * bits), as the float network has them."""
    return layer.forward(np.repeat(ALL[:, None], layer.rows, axis=1).astype(np.float32), False)


def test_learning_starts_at_the_quantiles() -> None:
    rng = np.random.default_rng(11)
    values = (rng.normal(size=(400, 4)) * [20, 3000, 20, 3000]).astype(np.int16)
    fixed = fit_encoding(values, 2, "thermometer", 3).thresholds
    assert abs(LearnedThermometer(values, 2, 3).encoding().thresholds - fixed).max() <= 1


def test_gradient_of_learned_thresholds_is_that_of_bi_reals_curve() -> None:
    layer = learned()
    rng = np.random.default_rng(12)
    x = (rng.normal(size=(9, 6)) * np.tile([20, 3000], 3)).astype(np.int16).astype(np.float32)
    grad = rng.normal(size=(9, 6 * 3)).astype(np.float32)
    layer.forward(x, training=True)

    def loss(thresholds: np.ndarray) -> float:
        scaled = (x * np.tile(layer.inv, 3)).reshape(9, 3, 2, 1)
        return (grad.reshape(9, 3, 2, 3) * bi_real(scaled - thresholds)).sum()

    expected = slopes(loss, layer.thresholds.value)
    assert layer.backward(grad).size == 0
    assert np.allclose(layer.thresholds.grad, expected, atol=1e-4)
    assert abs(expected).max() > 1


def test_learned_thresholds_give_the_same_bits_on_the_node_for_every_sample() -> None:
    rng = np.random.default_rng(13)
    every = np.repeat(ALL[:, None], 2, axis=1)
    for case in range(20):
        layer = learned(5)
        layer.thresholds.value[...] = rng.normal(0, 1.5, (2, 5))
        if case == 0:  # on samples exactly, where rounding decides
            layer.thresholds.value[...] = np.arange(-50, 50, 10).reshape(2, 5) * layer.inv[:, None]
        if case == 1:  # beyond all samples
            layer.thresholds.value[...] = [[-1e6, -1e4, 0, 1e4, 1e6]] * 2
        before = float_bits(layer)
        layer.thresholds.value[...] = layer.thresholds.value[:, ::-1]
        encoding = layer.encoding()  # thresholds that have just crossed are sorted first
        assert (float_bits(layer) == before).all()
        assert (encoding.encode(every) == before).all()


def test_learned_thresholds_of_a_constant_row() -> None:
    layer = LearnedThermometer(np.full((20, 2), 300, np.int16), 2, 4)
    assert (layer.encoding().thresholds == 300).all()
