"""Bytes, operations, RAM and cycles from a model's shapes, against the file and the C core."""

import subprocess

import numpy as np
import pytest

from tests.lab.core import BUILD
from tests.lab.nets import Spec, random_encoding, random_model, random_network
from tools.firmware import c_core
from xnornode.cost.chips import ESP32, RP2040
from xnornode.cost.cycles import cycles
from xnornode.cost.estimate import estimate, operations
from xnornode.cost.ram import scratch_words
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.layers import IntLayer, Scores, dense
from xnornode.model.model import Model, Window
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import Statistics

pytestmark = pytest.mark.quick

NAMES = ("dense", "conv", "image", "int8", "byte image", "groups", "wide", "features", "text")


def model(name: str) -> Model:
    one = random_encoding(52, "thermometer", 1, 1)
    three, four = (random_encoding(50, "thermometer", c, b) for c, b in ((6, 3), (8, 4)))
    byte = random_encoding(54, "int8", 1, 8)
    small = {"padding": (1, 1), "pool": (2, 2)}
    pooled = Spec(64, (62, 1), (5, 1), pool=(2, 1))
    match name:
        case "dense":
            return random_network(0, 128, 6, three, [Spec(64)], 7)
        case "conv":
            specs = [Spec(32, (128, 1), (5, 1), stride=(2, 1)), pooled, Spec(64)]
            return random_network(51, 128, 6, three, specs, 7)
        case "image":
            specs = [Spec(16, (28, 28), (3, 3), **small), Spec(32, (14, 14), (3, 3), **small)]
            return random_network(52, 784, 1, one, [*specs, Spec(64)], 10)
        case "int8":
            return random_network(54, 784, 1, byte, [Spec(64), Spec(64)], 10)
        case "byte image":
            first = Spec(16, (28, 28), (3, 3), pool=(2, 2), kind="int8")
            specs = [first, Spec(16, (13, 13), (3, 3), stride=(2, 2))]
            return random_network(57, 784, 1, byte, specs, 10)
        case "groups":
            specs = [Spec(32, (64, 1), (5, 1), groups=8), Spec(32)]
            return random_network(59, 64, 8, four, specs, 4)
        case "wide":
            specs = [Spec(12, (2, 20), (2, 3)), Spec(20, (1, 18), (1, 5), stride=(1, 2))]
            return random_network(60, 80, 4, random_encoding(60, "bit-planes", 4, 8), specs, 4)
        case "features":
            features = Statistics(bands=5)
            values = features.count(128, 6)
            encoding = Int8Encoding(np.full(values, 10), np.zeros(values, np.int64), 5)
            window = Window(("x",) * 6, 128, 64, 0, (0,) * 6)
            layers = (scores(values, "int8"),)
            return Model("f", ("a", "b"), window, features, encoding, layers)
    window = Window(("text",), 300, 300, 0, (0,))
    features = NGrams("characters", 1, 4, 2048, 300)
    return Model("t", ("a", "b"), window, features, None, (scores(2048, "binary"),))


def scores(inputs: int, kind: str) -> IntLayer:
    """Scores of two classes."""
    zeros = np.zeros(2, np.int64)
    return dense(np.ones((2, inputs), np.int8), kind, Scores(zeros + 1, zeros))


@pytest.fixture(scope="module")
def core_scratch():
    """The words of scratch that the C core asks for."""
    program = BUILD / "scratch"
    BUILD.mkdir(parents=True, exist_ok=True)
    source = """
        #include <stdio.h>
        #include "bnn.h"
        int main(void) {
            static uint32_t data[1 << 18];
            bnn_model_t m;
            size_t size = fread(data, 1, sizeof data, stdin);
            bnn_error_t error = bnn_load(&m, data, size);
            printf("%d %u", (int)error, (unsigned)m.scratch_words);
            return 0;
        }"""
    command = ["gcc", "-std=c99", *c_core.includes(), "-x", "c", "-", "-x", "none"]
    command += [*map(str, c_core.sources()), "-o", str(program)]
    subprocess.run(command, input=source, text=True, check=True)

    def ask(data: bytes) -> int:
        done = subprocess.run([str(program)], input=data, capture_output=True, check=True)
        error, words = done.stdout.split()
        assert error == b"0"
        return int(words)

    return ask


@pytest.mark.parametrize("name", NAMES)
def test_scratch_is_what_the_core_asks_for(name, core_scratch):
    assert scratch_words(model(name)) == core_scratch(to_bytes(model(name)))


def test_bytes_and_operations():
    net = model("dense")
    cost = estimate(net)
    assert cost.file_bytes == len(to_bytes(net)) == cost.ram.model
    assert cost.weight_bytes == 64 * 2304 // 8 + 7 * 64 // 8
    assert cost.operations.binary_macs == 64 * 2304 + 7 * 64 and cost.operations.int8_macs == 0
    assert (cost.operations.decisions, cost.operations.encoded) == (64 + 7, 2304)
    assert cost.ram.window == 2 * 129 * 6  # one sample more than a window
    parts = (cost.ram.model, cost.ram.scratch, cost.ram.window, cost.ram.objects)
    assert cost.ram.total == sum(parts) and cost.ram.total % 16 == 0


def test_the_list_of_columns_is_counted():
    """By the words of FORMAT.md, "Memory on the node", number by number."""
    # 28 places of 3 x 1, 14 of 3 x 16, one of 7 x 7 x 32: the last list is the longest.
    assert [28 * 28 / 32, 14 * 14 * 16 / 32, 7 * 7 * 32 / 32] == [24.5, 98, 49]
    assert scratch_words(model("image")) == 49 + 98 + (1568 + 2) // 2 + 10
    # 6 places of 2 x 64, whose 8 columns are 1024 inputs; 7 of 1 x 12 in 17 columns.
    assert scratch_words(model("wide")) == 2560 // 32 + 7 + (1024 + 9 + 1) // 2 + 4


def test_the_bytes_of_columns():
    # Of 16, 32 and 64 outputs, then 10 rows of scores; columns of 9 u16 have 2 zero bytes.
    columns = 9 * 2 + 2 + 9 * 16 * 4 + 1568 * 4 * 2
    assert estimate(model("image")).weight_bytes == columns + 10 * 64 // 8


def test_operations_of_convolutions():
    ops = operations(model("byte image"))
    assert ops.int8_macs == 16 * 9 * 26 * 26 + 6 * 6 * 16 * 9 * 16
    assert ops.binary_macs == 10 * 6 * 6 * 16
    assert ops.decisions == 26 * 26 * 16 + 6 * 6 * 16 + 10


def test_the_same_network_in_other_numbers():
    cost = estimate(model("dense"))
    weights, neurons = 64 * 2304 + 7 * 64, 64 + 7
    ours, int8, real = cost.variants
    assert (ours.bytes, int8.bytes, real.bytes) == (
        cost.file_bytes,
        weights + 4 * neurons,
        4 * (weights + neurons),
    )
    assert ours.macs == int8.macs == real.macs == weights
    assert ours.nanojoules < int8.nanojoules < real.nanojoules
    # 3.7 + 0.9 pJ and 32 bits read at 10 pJ for 64.
    assert real.nanojoules == pytest.approx(weights * 9.6 / 1000)
    assert "Horowitz" in cost.energy_basis


def test_a_smaller_network_takes_less():
    for chip in (RP2040, ESP32):
        small, large = (random_model(0, 64, 2, 3, (m, 4)) for m in (16, 64))
        assert cycles(small, chip) < cycles(large, chip) < 4 * cycles(small, chip)


def test_every_time_names_its_basis():
    for time in estimate(model("int8")).times:
        chip = RP2040 if time.chip == "RP2040" else ESP32
        took = chip.call + cycles(model("int8"), chip)
        assert time.microseconds == pytest.approx(took / time.megahertz)
        assert "not in it" in time.basis or "no ESP32 was measured" in time.basis
