"""Every kernel on every instruction set against plain integers, and networks of random shapes."""

from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab import kernel_calls
from tests.lab.kernel_calls import MAX_COLUMNS, UNITS, Buffer, Call
from tests.lab.kernel_targets import TARGETS, Runner
from tests.lab.nets import (
    Spec,
    awkward_models,
    conv_models,
    convolutions,
    random_encoding,
    random_model,
    random_network,
    random_windows,
)
from xnornode.cost.ram import scratch_words
from xnornode.model.file_format import to_bytes

SEEDS = st.integers(0, 2**31)
DENSITIES = st.sampled_from([0.0, 0.05, 0.5, 1.0])


@cache
def shapes() -> list[Call]:
    return list(kernel_calls.every_shape(Random(0)))


@pytest.fixture(scope="module", params=TARGETS)
def runner(request):
    one = Runner(request.param)
    yield one
    one.close()


def test_every_shape(runner):
    for call in shapes():
        if runner.name == "armv6m" or not call.armv6m:
            try:
                runner.check(call)
            except Exception as error:
                error.add_note(str(call))
                raise


@pytest.mark.quick
def test_the_shapes_are_those_that_matter():
    """Of the strips: every remainder of their blocks, and all and none listed for all planes."""
    for unit in UNITS:
        given = [call.arguments for call in shapes() if call.function == f"bnn_kernel_strip{unit}"]
        assert {listed % 16 for _, _, listed, *_ in given if listed > 200} == set(range(16))
        assert {listed for _, _, listed, *_ in given} >= set(range(34))
        ends = {(planes, listed > 0) for columns, _, listed, _, planes in given
                if listed in (0, 8 * len(columns.data) // unit)}  # fmt: skip
        assert ends == {(planes, some) for planes in range(3, 15) for some in (False, True)}


@pytest.mark.quick
def test_a_write_outside_of_a_buffer_is_noticed(runner):
    word = Buffer(bytes(4), 0)
    rows = (Buffer(bytes(4), 0), Buffer(bytes(8), 0), 1, 2)
    with pytest.raises(AssertionError, match="behind a buffer"):
        runner.check(Call("bnn_kernel_differing", "", (*rows, word), None, 0))
    samples = (Buffer(bytes(4), 0), 1, 0xFFFFFFFF, 0)
    with pytest.raises(AssertionError, match="behind a buffer"):
        runner.check(Call("bnn_kernel_list", "", (*samples, word), None, 0))


@st.composite
def calls(draw):
    """Any call of a kernel; its bytes follow from a seed."""
    kind = draw(st.sampled_from(["at_least", "list", "strip", "strip", "differing", "signed"]))
    rng = Random(draw(SEEDS))
    if kind == "at_least":
        return kernel_calls.at_least(rng, draw(st.integers(-32768, 32767)))
    if kind == "list":
        count = draw(st.integers(0, 40))
        first = draw(st.integers(0, MAX_COLUMNS + 1 - 32 * count))
        flip = draw(st.sampled_from([0, 0xFFFFFFFF]))
        return kernel_calls.listing(rng, count, draw(DENSITIES), flip, first)
    if kind == "strip":
        unit, inputs = draw(st.sampled_from(UNITS)), draw(st.integers(1, 700))
        listed, outputs = draw(st.integers(0, inputs)), draw(st.integers(1, unit))
        first = draw(st.integers(0, MAX_COLUMNS - inputs))
        return kernel_calls.strip(rng, unit, inputs, listed, first, draw(DENSITIES), outputs)
    count = draw(st.integers(1, 64))
    if kind == "differing":
        bits = draw(st.integers(1, 3000))
        return kernel_calls.differing(rng, bits, count, draw(DENSITIES), draw(DENSITIES))
    values = draw(st.sampled_from([(), (-128,), (127,), (-128, 127)]))
    return kernel_calls.signed_sums(rng, draw(st.integers(1, 300)), count, values)


@settings(max_examples=300, derandomize=True)
@given(call=calls())
def test_any_shape(runner, call):
    runner.check(call)


def check_scores(runner, model):
    """Windows at every offset from a multiple of 4, and at the end of memory."""
    file, room = to_bytes(model), 4 * scratch_words(model)
    windows = random_windows(model, 5)
    expected = model.scores(windows)
    for window, scores, place in zip(windows, expected, ("end", 0, 1, 2, 3), strict=True):
        given = Buffer(window.astype("<i2").tobytes(), place)
        best, got = runner.classify(file, room, given, len(scores))
        assert got == scores.astype("<i4").tobytes() and best == scores.argmax(), place


@pytest.mark.parametrize("nth", range(6))
def test_awkward_networks(runner, nth):
    for model in (awkward_models() + conv_models())[nth::6]:
        check_scores(runner, model)


KINDS = st.sampled_from(["thermometer", "bit-planes", "int8"])


@st.composite
def dense_models(draw):
    """Dense layers with binary inputs, of any encoding."""
    shape = draw(st.integers(1, 60)), draw(st.integers(1, 5)), draw(st.integers(1, 8))
    widths = draw(st.lists(st.integers(1, 70), min_size=1, max_size=4))
    return random_model(draw(SEEDS), *shape, tuple(widths), draw(KINDS))


@st.composite
def convolved_models(draw):
    """Two convolutions, one on the other, of any options, and an average."""
    seed, length, channels = draw(SEEDS), draw(st.integers(1, 48)), draw(st.integers(1, 4))
    encoding = random_encoding(seed, draw(KINDS), channels, draw(st.integers(1, 8)))
    shape, specs = (seed, length, channels, encoding), []
    size = encoding.width(length * channels)
    for _ in range(2):
        specs.append(draw(convolutions(size)))
        input_shape = random_network(*shape, specs, 1).layers[-2].output_shape
        size = input_shape[0] * input_shape[1] * input_shape[2]
    return random_network(*shape, specs, draw(st.integers(1, 4)), input_shape[:2])


@st.composite
def wide_models(draw):
    """A binary convolution with up to three times the positions in a row that share a list, or as
    many in a column."""
    channels = draw(st.sampled_from([1, 2, 8, 9, 16, 31, 32, 33, 64]))
    high, wide = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    size = (draw(st.integers(high, 3)), draw(st.integers(wide, wide + 3072 // (high * channels))))
    kernel, stride = (high, wide), (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    padding, pool, input_shape = [], [], []
    for side, k, step in zip(size, kernel, stride, strict=True):
        padding.append(draw(st.integers(0, k - 1)))
        positions = (side + 2 * padding[-1] - k) // step + 1
        pool.append(draw(st.integers(1, min(3, positions))))
        input_shape.append(positions // pool[-1])
    turn = draw(st.sampled_from([1, 1, -1]))
    options = (tuple(option[::turn]) for option in (stride, padding, pool))
    spec = Spec(draw(st.integers(1, 50)), size[::turn], kernel[::turn], 1, *options)
    seed, length = draw(SEEDS), size[0] * size[1] * channels
    encoding = random_encoding(seed, "thermometer", 1, 1)
    return random_network(seed, length, 1, encoding, [spec], 2, tuple(input_shape[::turn]))


@settings(max_examples=100, derandomize=True)
@given(model=st.one_of(dense_models(), convolved_models(), wide_models()))
def test_any_network(runner, model):
    check_scores(runner, model)


@pytest.mark.quick
def test_a_read_beyond_the_end_is_noticed(runner):
    short = Call("bnn_kernel_at_least", "", (Buffer(bytes(60), "end"), 0), None, 0)
    with pytest.raises(Exception, match=r"stopped|READ_UNMAPPED"):
        runner.check(short)
