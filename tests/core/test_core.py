"""The C core against the Python reference, bit for bit."""

import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import build_core, core, sanitized
from tests.lab.nets import (
    Spec,
    awkward_models,
    conv_models,
    convolutions,
    random_encoding,
    random_model,
    random_network,
    random_windows,
    sealed,
)
from tools.firmware import c_core
from xnornode.model.features import Raw
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.input_encoding import BitPlanes, Int8Encoding
from xnornode.model.layers import Requantize, Scores, Thresholds, dense
from xnornode.model.model import Model, Window


@pytest.mark.quick
@pytest.mark.parametrize("model", awkward_models() + conv_models(), ids=lambda m: m.name)
def test_scores_of_awkward_networks(model):
    windows = random_windows(model, 40)
    answer = core().classify(to_bytes(model), windows, len(model.labels))
    expected = model.scores(windows)
    assert answer.reason == "ok" and answer.selftest
    assert (answer.scores != expected).sum() == 0
    assert (answer.classes != expected.argmax(axis=1)).sum() == 0


@pytest.mark.quick
@settings(max_examples=100, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    length=st.integers(1, 40),
    channels=st.integers(1, 5),
    encoding=st.sampled_from(["thermometer", "bit-planes", "int8"]),
    bits=st.integers(1, 8),
    widths=st.lists(st.integers(1, 70), min_size=1, max_size=5),
)
def test_scores_of_any_dense_network(seed, length, channels, encoding, bits, widths):
    check_parity(random_model(seed, length, channels, bits, tuple(widths), encoding))


@settings(max_examples=200, derandomize=True)
@given(data=st.data())
def test_scores_of_any_convolution(data):
    seed, length = data.draw(st.integers(0, 2**31)), data.draw(st.integers(1, 48))
    channels, bits = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 8))
    kind = data.draw(st.sampled_from(["thermometer", "bit-planes", "int8"]))
    encoding = random_encoding(seed, kind, channels, bits)
    specs = [data.draw(convolutions(encoding.width(length * channels)))]
    only_first = random_network(seed, length, channels, encoding, specs, 1)
    height, width, depth = only_first.layers[0].output_shape
    specs.append(data.draw(convolutions(height * width * depth)))
    model = random_network(seed, length, channels, encoding, specs, 3)
    input_shape = model.layers[1].output_shape[:2]
    check_parity(random_network(seed, length, channels, encoding, specs, 3, input_shape))


def check_parity(model):
    windows = random_windows(model, 10)
    answer = core().classify(to_bytes(model), windows, len(model.labels))
    assert answer.reason == "ok" and answer.selftest
    assert (answer.scores == model.scores(windows)).all()


@pytest.mark.quick
@pytest.mark.parametrize("encoding", ["thermometer", "bit-planes", "int8"])
def test_the_reference_is_the_specification(encoding):
    """A convolution position by position, in plain integers, by the words of FORMAT.md."""
    spec = Spec(6, (9, 7), (3, 2), 2, (2, 1), (2, 1), (2, 3))
    made = random_encoding(1, encoding, 2, 3)
    model = random_network(1, 63, 2, made, [spec], 2)
    layer, x = model.layers[0], model.inputs(random_windows(model, 3))
    got, outside = layer.forward(x), 0 if encoding == "int8" else -1
    input_shape, n = x.reshape(3, *layer.input_shape).astype(int), layer.weights[0].size
    both = set()
    for i, o, y, q in np.ndindex(got.shape[0], 6, *got.shape[1:3]):
        fires = []
        for py, px in np.ndindex(2, 3):
            z = 0
            for dy, dx, c in np.ndindex(layer.weights.shape[1:]):
                row, column = (2 * y + py) * 2 - 2 + dy, (3 * q + px) - 1 + dx
                inside = 0 <= row < 9 and 0 <= column < 7
                channel = o // 3 * (layer.input_shape[2] // 2) + c
                value = input_shape[i, row, column, channel] if inside else outside
                z += int(layer.weights[o, dy, dx, c]) * int(value)
            threshold = int(layer.output.values[o])
            fires.append(z >= threshold if encoding == "int8" else (n - z) // 2 < threshold)
        assert got[i, y, q, o] == (1 if any(fires) else -1)
        both.add(any(fires))
    assert both == {True, False}


@pytest.mark.quick
def test_a_cpp_program_can_call_it(tmp_path):
    """Without `extern "C"` in the headers this does not link."""
    source, program = tmp_path / "program.cpp", tmp_path / "program"
    source.write_text(
        """
        #include "bnn.h"
        #include "bnn_kernel.h"
        int main() {
            bnn_model_t model;
            return bnn_load(&model, "", 0) == BNN_SIZE && bnn_kernel_name[0] ? 0 : 1;
        }
        """
    )
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *c_core.includes()]
    library = build_core(sanitize=False)
    command = ["g++", *flags, str(source), str(library), f"-Wl,-rpath,{library.parent}"]
    subprocess.run([*command, "-o", str(program)], check=True)
    subprocess.run([str(program)], check=True)


@pytest.mark.quick
def test_the_kernels_include_nothing_of_the_core():
    kernels = c_core.MODULE / "kernels"
    command = ["gcc", "-fsyntax-only", f"-I{kernels}", *map(str, kernels.glob("*.c"))]
    subprocess.run(command, check=True)


@pytest.mark.quick
def test_the_windows_exercise_both_outcomes():
    """Parity of constants would say nothing: neurons and classes must vary over the windows."""
    model = random_model(3, 20, 2, 4, (64, 32, 5))
    windows = random_windows(model, 200)
    *_, hidden = model.activations(windows)
    assert ((hidden == 1).any(axis=0) & (hidden == -1).any(axis=0)).mean() > 0.8
    assert len(set(model.predict(windows))) == 5


def test_awkward_networks_under_sanitizers():
    models = awkward_models() + conv_models()
    jobs = [(to_bytes(m), random_windows(m, 5), len(m.labels)) for m in models]
    for model, job, answer in zip(models, jobs, sanitized(jobs), strict=True):
        assert answer.reason == "ok" and answer.selftest, model.name
        assert (answer.scores == model.scores(job[1])).all(), model.name


@pytest.mark.quick
def test_ties_go_to_the_first_class():
    model = random_model(5, 4, 1, 1, (3,))
    head = model.layers[-1]
    head.weights[1] = head.weights[2]
    head.output.scales[1:] = 50
    head.output.offsets[1:] = 9000
    windows = random_windows(model, 50)
    assert (model.scores(windows)[:, 1] == model.scores(windows)[:, 2]).all()
    answer = core().classify(to_bytes(model), windows, 3)
    assert (answer.classes == 1).all() and (model.predict(windows) == 1).all()


@pytest.mark.quick
def test_extreme_scores_stay_in_int32():
    model = random_model(6, 2047, 1, 32, (2,))
    head, inputs = model.layers[-1], 2047 * 32
    head.weights[:] = 1
    head.output.scales[:] = (-32768, 32767)
    head.output.offsets[:] = (-(2**31 - 1 - 32768 * inputs), 2**31 - 1 - 32767 * inputs)
    windows = np.full((2, 2047, 1), 32767, np.int16)
    windows[1] = -32768
    model.encoding.thresholds[:] = 0
    answer = core().classify(to_bytes(model), windows, 2)
    assert answer.scores[0].tolist() == [-(2**31 - 1), 2**31 - 1]
    assert (answer.scores == model.scores(windows)).all()


@pytest.mark.quick
def test_extreme_bytes_stay_in_int32():
    """The longest row of int8 inputs at both ends of their range, through every kind of output."""
    n, top = 65534, 2**31 - 1
    encoding = Int8Encoding(np.array([1]), np.array([0]), 0)
    weights = np.ones((2, n), np.int8)
    weights[1] = -1
    factor, room = 255, top - 255 * 128 * n
    outputs = (
        Thresholds(np.array([-128 * n, 127 * n])),
        Requantize(np.array([factor, factor]), np.array([room, -room]), 24),
        Scores(np.array([factor, -factor]), np.array([-room, -room])),
    )
    windows = np.full((2, n, 1), 32767, np.int16)
    windows[1] = -32768
    for output in outputs:
        layers = [dense(weights, "int8", output)]
        if not isinstance(output, Scores):
            sign = np.array([[1, 1], [1, -1]], np.int8)
            given = "binary" if isinstance(output, Thresholds) else "int8"
            layers.append(dense(sign, given, Scores(np.array([1, 1]), np.array([0, 0]))))
        model = Model(
            "n", ("a", "b"), Window(("x",), n, n, 0, (0,)), Raw(), encoding, tuple(layers)
        )
        answer = core().classify(to_bytes(model), windows, 2)
        assert answer.selftest and (answer.scores == model.scores(windows)).all()
    assert answer.scores[1].tolist() == [-top, -top]


@pytest.mark.quick
def test_values_saturate():
    for encoding in (
        BitPlanes(np.array([-32768, 32767]), np.array([-(2**30) + 1, 2**30]), 0, 8),
        BitPlanes(np.array([-32768, 32767]), np.array([2**30 - 1, 0]), 31, 1),
        Int8Encoding(np.array([32767, -32768]), np.array([2**30, 1 - 2**30]), 23),
        Int8Encoding(np.array([0, 1]), np.array([-(2**31 - 1), 0]), 31),
    ):
        model = random_network(3, 3, 2, encoding, [Spec(40), Spec(33, kind="int8")], 9)
        check_parity(model)


@pytest.mark.quick
def test_a_wrong_selftest_is_noticed():
    model = random_model(8, 6, 2, 3, (40, 4))
    data = bytearray(to_bytes(model))
    at = data.index(np.asarray(model.selftest_scores(), "<i4").tobytes())
    data[at] ^= 1
    wrong = sealed(bytes(data))
    assert not from_bytes(wrong).selftest()
    answer = core().classify(wrong)
    assert answer.reason == "ok" and not answer.selftest


@pytest.mark.quick
def test_the_file_must_lie_at_a_multiple_of_4():
    data = to_bytes(random_model(9, 6, 2, 3, (4,)))
    reasons = [core().load_at(data, offset) for offset in range(5)]
    assert reasons == ["ok", "size", "size", "size", "ok"]
