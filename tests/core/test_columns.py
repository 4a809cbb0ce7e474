"""Weights in columns: what the file holds of them, what is refused, and that C agrees."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.core import core
from tests.lab.nets import (
    Spec,
    awkward_models,
    conv_models,
    random_encoding,
    random_model,
    random_network,
    random_windows,
    sealed,
)
from xnornode.errors import ModelError
from xnornode.model.column_weights import strips
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.layers import Thresholds
from xnornode.model.limits import MAX_COLUMNS

pytestmark = pytest.mark.quick

HEADER, COUNTED, LAYER = 32, 21, 24


def first_layer(model):
    """Where the first layer begins, behind header, scales and a thermometer."""
    thresholds = 2 * model.encoding.thresholds.size
    return HEADER + 4 * len(model.window.channels) + 4 + thresholds + -thresholds % 4


def reason(data):
    """What both readers say of a file, its CRC mended."""
    mended = sealed(bytes(data))
    try:
        from_bytes(mended)
        said = "ok"
    except ModelError as error:
        said = error.reason
    assert core().classify(mended).reason == said
    return said


def test_strips():
    """By the words of FORMAT.md, one after the other, for every remainder."""
    for m in range(1, 200):
        left, parts = m, []
        while left >= 17:
            parts.append((min(left, 32), 32))
            left -= parts[-1][0]
        if left:
            assert left <= 16
            parts.append((left, 16))
        assert strips(m) == parts, m


def test_the_random_networks_have_every_strip_with_both_counted_values():
    made = {
        (layer.counted, len(layer.weights))
        for model in awkward_models() + conv_models()
        for layer in model.layers
        if layer.in_columns
    }
    assert {m % 32 for _, m in made} == set(range(32))
    for counted in (0, 1):
        cuts = [tuple(unit for _, unit in strips(m)) for c, m in made if c == counted]
        assert {(16,), (32,), (32, 16), (32, 32)} <= {*cuts}


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("outputs", [3, 41])
def test_the_reference_is_the_specification(counted, outputs):
    """A padded convolution from the file's bytes, in plain integers, by the words of FORMAT.md."""
    spec = Spec(outputs, (5, 6), (2, 3), 1, (2, 1), (1, 2), (1, 2))
    model = random_network(3, 30, 3, random_encoding(3, "thermometer", 3, 1), [spec], 2)
    layer = replace(model.layers[0], counted=counted)
    model = replace(model, layers=(layer, *model.layers[1:]))
    data, n, h, w, c = to_bytes(model), 18, 5, 6, 3
    at = first_layer(model)
    assert data[at : at + 2] == b"\1\1" and data[at + COUNTED] == counted
    at += LAYER
    digits = (n + 1).bit_length() + 1
    columns, bases = [], []  # of each output
    for size, unit in {3: [(3, 16)], 41: [(32, 32), (9, 16)]}[outputs]:
        count = unit // 8

        def units(number, at=at, count=count):
            spans = [data[at + i * count : at + (i + 1) * count] for i in range(number)]
            return [int.from_bytes(span, "little") for span in spans]

        strip = units(n)
        at += n * count + -n * count % 4
        planes = units(digits, at)
        at += digits * count + -digits * count % 4
        for j in range(size):
            columns.append([column >> j & 1 for column in strip])
            base = sum((plane >> j & 1) << i for i, plane in enumerate(planes))
            bases.append(base - (1 << digits if base >> digits - 1 else 0))
    inputs = model.inputs(random_windows(model, 3))
    got, input_shape = layer.forward(inputs), inputs.reshape(3, h, w, c)
    assert got.shape == (3, 3, 4, outputs)  # the convolution is 3 x 8
    both = set()
    for i, y, x in np.ndindex(3, 3, 4):
        fires = [False] * outputs
        for position in (2 * x, 2 * x + 1):
            seen = []  # the columns of the inputs that have the counted value
            for dy, dx, channel in np.ndindex(2, 3, c):
                row, column = 2 * y - 1 + dy, position - 2 + dx
                inside = 0 <= row < h and 0 <= column < w
                bit = int(input_shape[i, row, column, channel] > 0) if inside else 0
                if bit == counted:
                    seen.append((dx * 2 + dy) * c + channel)
            for o in range(outputs):
                ones = sum(columns[o][k] for k in seen)
                fires[o] |= bases[o] + len(seen) - 2 * ones < 0
        assert [bool(bit > 0) for bit in got[i, y, x]] == fires
        both |= set(fires)
    assert both == {False, True}


@pytest.mark.parametrize(
    "model", [awkward_models()[9], *conv_models()[:2], conv_models()[-2]], ids=lambda m: m.name
)
def test_the_counted_value_changes_no_score(model):
    windows = random_windows(model, 20)
    expected = model.scores(windows)
    assert any(layer.in_columns for layer in model.layers)
    for counted in (0, 1):
        layers = [replace(x, counted=counted) if x.in_columns else x for x in model.layers]
        other = replace(model, layers=tuple(layers))
        data = to_bytes(other)
        again = from_bytes(data)
        assert [x.counted for x in again.layers] == [x.counted for x in layers]
        assert (again.scores(windows) == expected).all()
        answer = core().classify(data, windows, len(model.labels))
        assert answer.selftest and (answer.scores == expected).all()


def columns_model(outputs, counted, inputs=7):
    """A dense layer of one strip, with thresholds at both ends."""
    model = random_model(1, inputs, 1, 1, (outputs, 2))
    layer = model.layers[0]
    values = np.arange(outputs) % (inputs + 2)
    values[-2:] = 0, inputs + 1
    layer = replace(layer, counted=counted, output=Thresholds(values))
    return replace(model, layers=(layer, model.layers[1]))


ONE_STRIP = [(outputs, unit, counted)
             for outputs, unit in ((3, 16), (12, 16), (28, 32))
             for counted in (0, 1)]  # fmt: skip


def strip_offsets(model, unit):
    """Where columns, planes and the next layer begin: 7 inputs, thresholds to 8, 5 planes."""
    columns = first_layer(model) + LAYER
    planes = columns + -(-7 * unit // 32) * 4
    return columns, planes, planes + -(-5 * unit // 32) * 4


@pytest.mark.parametrize(("outputs", "unit", "counted"), ONE_STRIP)
def test_bits_without_an_output_and_pad_bytes_must_be_0(outputs, unit, counted):
    model = columns_model(outputs, counted)
    data = to_bytes(model)
    columns, planes, end = strip_offsets(model, unit)
    assert data[end : end + 2] == b"\1\3" and reason(data) == "ok"
    for begin, count, after in ((columns, 7, planes), (planes, 5, end)):
        used = {i * unit + j for i in range(count) for j in range(outputs)}
        for bit in range(8 * (after - begin)):
            changed = bytearray(data)
            changed[begin + bit // 8] ^= 1 << bit % 8
            if bit not in used:
                assert reason(changed) == "layer", (begin, bit)


@pytest.mark.parametrize(("outputs", "unit", "counted"), ONE_STRIP)
def test_limits_beyond_their_range_are_refused(outputs, unit, counted):
    """A base is T - threshold: each output's is moved to both ends and one beyond them."""
    model = columns_model(outputs, counted)
    data = to_bytes(model)
    _, planes, _ = strip_offsets(model, unit)
    weights = model.layers[0].weights.reshape(outputs, -1)
    for o in range(outputs):
        ones = int((weights[o] == 2 * counted - 1).sum())
        for threshold, expected in ((-1, "layer"), (0, "ok"), (8, "ok"), (9, "layer")):
            changed = bytearray(data)
            for digit in range(5):
                at = planes + digit * unit // 8 + o // 8
                wanted = (ones - threshold) >> digit & 1
                changed[at] = changed[at] & ~(1 << o % 8) | wanted << o % 8
            assert reason(changed) == expected, (o, threshold)
            if expected == "ok":
                got = from_bytes(sealed(bytes(changed))).layers[0].output.values
                assert got[o] == threshold


@pytest.mark.parametrize("value", [2, 3, 128, 255])
def test_a_counted_value_is_0_or_1(value):
    model = columns_model(3, 1)
    data = bytearray(to_bytes(model))
    data[first_layer(model) + COUNTED] = value
    assert reason(data) == "layer"


@pytest.mark.parametrize(
    ("encoding", "spec"),
    [
        ("thermometer", None),
        ("thermometer", Spec(4, kind="int8")),
        ("thermometer", Spec(4, (3, 2), (3, 1), groups=2)),
        ("int8", Spec(4)),
    ],
    ids=["scores", "to int8", "groups", "from int8"],
)
def test_weights_in_rows_have_no_counted_value(encoding, spec):
    made = random_encoding(1, encoding, 2, 1)
    model = random_network(1, 6, 2, made, [spec] if spec else [], 2)
    assert not model.layers[0].in_columns and model.layers[0].counted == 1
    data = bytearray(to_bytes(model))
    rows = 12 if encoding == "int8" else 4
    at = HEADER + 8 + 4 + rows
    kinds = {"binary": 1, "int8": 2, "scores": 3}
    layer = model.layers[0]
    assert list(data[at : at + 2]) == [kinds[layer.inputs], kinds[layer.outputs]]
    assert data[at + COUNTED] == 0 and reason(data) == "ok"
    data[at + COUNTED] = 1
    assert reason(data) == "layer"


def test_zero_bytes_behind_the_counted_value():
    model = columns_model(3, 1)
    for i in (22, 23):
        data = bytearray(to_bytes(model))
        data[first_layer(model) + i] = 1
        assert reason(data) == "layer"


@pytest.mark.parametrize("outputs", [3, 12, 28, 51])
def test_short_strips_are_the_end_before_anything_in_them_is_wrong(outputs):
    """51 outputs are strips of 32 and 19: a mistake in the first is not seen before the end."""
    model = columns_model(outputs, 0)
    data = to_bytes(model)
    begin = first_layer(model) + LAYER
    end = begin + sum(4 * (-(-7 * unit // 32) - (-5 * unit // 32)) for _, unit in strips(outputs))
    assert data[end : end + 2] == b"\1\3"
    wrong = bytearray(data)
    wrong[end - 1] ^= 0x80  # the last pad bits of the last strip
    assert reason(wrong) == "layer"
    wrong[begin + 3] ^= 0x80  # of 3, 12 and 28 outputs a pad bit too
    for size in range(begin, end, 4):
        for file in (data, wrong):
            assert reason(file[:size] + bytes(4)) == "end"


@pytest.mark.parametrize("inputs", [MAX_COLUMNS - 1, MAX_COLUMNS, MAX_COLUMNS + 1])
def test_the_longest_columns(inputs):
    model = random_model(7, inputs, 1, 1, (9, 2))
    assert model.layers[0].in_columns == (inputs <= 4095)
    data, windows = to_bytes(model), random_windows(model, 3)
    windows[0], windows[1] = 32767, -32768  # none and all are counted
    assert to_bytes(from_bytes(data)) == data
    answer = core().classify(data, windows, 2)
    assert answer.selftest and (answer.scores == model.scores(windows)).all()
