"""What the network is trained on: codes fitted to values, and thresholds that are learned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow import bi_real, slopes
from xnornode.encode import BitPlanes, ByteCode, Thermometer
from xnornode.errors import DataError
from xnornode.fronts import Samples
from xnornode.inputs import CODES, Inputs, LearnedThermometer, fit_code

pytestmark = pytest.mark.quick

ALL = np.arange(-(2**15), 2**15).astype(np.int16)


def column(seed: int, low: int, high: int, count: int = 2000) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high + 1, (count, 1)).astype(np.int16)


def ramp(code: ByteCode | BitPlanes, row: int = 0) -> np.ndarray:
    """What the code makes of every int16 in a row: bytes, or the number in the planes."""
    values = np.repeat(ALL[:, None], code.rows, axis=1)
    out = code.encode(values).astype(int).reshape(len(ALL), code.rows, -1)[:, row]
    if isinstance(code, BitPlanes):
        return ((out > 0) << np.arange(code.bits)).sum(axis=1)
    return out[:, 0]


def at(x: int) -> int:
    return x + 2**15


def test_thermometer_cuts_each_row_into_equally_full_parts() -> None:
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(900, 6)) * np.tile([30, 900, 3000], 2)).astype(np.int16)
    code = fit_code(values, 3, "thermometer", 4)
    assert isinstance(code, Thermometer) and code.thresholds.shape == (3, 4)
    shares = (code.encode(values).reshape(900, 2, 3, 4) > 0).mean(axis=(0, 1))
    assert np.allclose(shares, [0.8, 0.6, 0.4, 0.2], atol=0.03)


def test_thermometer_of_mostly_black_pixels_cuts_the_others() -> None:
    values = np.concatenate([np.zeros((900, 1), np.int16), column(2, 1, 255, 300)])
    thresholds = fit_code(values, 1, "thermometer", 3).thresholds[0]
    assert np.allclose(thresholds, [64, 128, 192], atol=12)


def test_thermometer_of_a_constant_row_is_constant() -> None:
    values = np.hstack([np.full((50, 1), 7, np.int16), column(3, -9, 9, 50)])
    code = fit_code(values, 2, "thermometer", 3)
    assert (code.thresholds[0] == 7).all()


def test_bytes_of_signed_values_use_the_whole_range() -> None:
    code = fit_code(column(4, -3000, 1000), 1, "bytes", 8)
    out = ramp(code)
    assert out[at(-3000)] in (-127, -128) and out[at(1000)] == 127
    inside = np.arange(-2990, 990)
    expected = -127 + (inside + 3000) * 254 / 4000
    assert abs(out[at(-2990) : at(990)] - expected).max() < 2
    assert (np.diff(out) >= 0).all()


def test_bytes_of_values_that_are_never_negative_keep_zero() -> None:
    for low in (0, 40):
        out = ramp(fit_code(column(5, low, 255), 1, "bytes", 8))
        assert out[at(0)] == 0 and out[at(255)] == 127
        assert abs(out[at(0) : at(255)] - np.arange(255) * 127 / 255).max() < 1.5


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_bit_planes_count_equal_steps(bits: int) -> None:
    out = ramp(fit_code(column(6, -500, 1500), 1, "planes", bits))
    last = 2**bits - 1
    assert out[at(-2000)] == out[at(-500)] == 0 and out[at(1500)] == out[at(3000)] == last
    inside = np.arange(-500, 1500)
    assert abs(out[at(-500) : at(1500)] - (inside + 500) * last / 2000).max() <= 0.5 + 0.01 * last


def test_rare_extremes_do_not_take_the_steps() -> None:
    values = column(7, -100, 100, 5000)
    values[:3] = 32000
    values[3:6] = -32000
    for name in ("bytes", "planes"):
        out = ramp(fit_code(values, 1, name, 8))
        assert out[at(101)] == out.max() and out[at(-101)] == out.min()


@pytest.mark.parametrize("name", ["bytes", "planes"])
def test_a_constant_row_does_not_coarsen_the_others(name: str) -> None:
    values = np.hstack([np.full((2000, 1), 5, np.int16), column(8, -30000, 30000)])
    out = ramp(fit_code(values, 2, name, 8), 1)
    first, last = (-127, 127) if name == "bytes" else (0, 255)
    inside = np.arange(-29900, 29900)
    expected = first + (inside + 30000) * (last - first) / 60000
    assert abs(out[at(-29900) : at(29900)] - expected).max() < 3


values_of_rows = st.lists(
    st.tuples(st.integers(-(2**15), 2**15 - 1), st.integers(-(2**15), 2**15 - 1)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60)
@given(values_of_rows, st.sampled_from(["planes", "bytes"]), st.integers(1, 8))
def test_any_values_have_a_code_that_rises(ends: list[tuple[int, int]], name, bits: int) -> None:
    table = np.stack([np.linspace(*end, 50) for end in ends], axis=1).astype(np.int16)
    code = fit_code(table, len(ends), name, bits)
    for row, (first, last) in enumerate(ends):
        out = ramp(code, row)
        assert (np.diff(out) >= 0).all()
        low, high = out[at(min(first, last))], out[at(max(first, last))]
        # Few steps may be left of a row whose range is a small share of another's.
        assert high > low or abs(first - last) < 400 or bits == 1


def test_too_many_bit_planes() -> None:
    with pytest.raises(DataError, match="at most 8, not 9"):
        fit_code(column(9, 0, 5), 1, "planes", 9)


@pytest.mark.parametrize("name", CODES)
def test_the_network_is_given_what_the_node_computes(name: str) -> None:
    windows = np.random.default_rng(10).integers(-900, 900, (30, 8, 2)).astype(np.int16)
    flat = windows.reshape(30, 16)
    code = None if name == "learned" else fit_code(flat, 2, name, 3)
    inputs = Inputs(Samples(), code)
    compact = inputs.compact(windows)
    floats = inputs.floats(compact)
    assert floats.dtype == np.float32
    if code is None:
        assert inputs.kind == "values" and (floats == flat).all()
    elif name == "bytes":
        assert inputs.kind == "bytes" and (floats * 128 == code.encode(flat)).all()
    else:
        assert inputs.kind == "bits" and (floats == code.encode(flat)).all()
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
    fixed = fit_code(values, 2, "thermometer", 3).thresholds
    assert abs(LearnedThermometer(values, 2, 3).code().thresholds - fixed).max() <= 1


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
        code = layer.code()  # thresholds that have just changed places are set right first
        assert (float_bits(layer) == before).all()
        assert (code.encode(every) == before).all()


def test_learned_thresholds_of_a_constant_row() -> None:
    layer = LearnedThermometer(np.full((20, 2), 300, np.int16), 2, 4)
    assert (layer.code().thresholds == 300).all()
