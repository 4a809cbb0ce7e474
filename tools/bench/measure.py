"""Counts of kernels, layers and networks on an emulated core, each result checked."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tools.bench import cases
from tools.bench.cases import Wanted
from tools.bench.fit_networks import Case
from tools.emulators.qemu_xtensa import XtensaMachine
from tools.emulators.unicorn_core import (
    FILE,
    INPUT,
    MODEL,
    SCORES,
    SCRATCH,
    Architecture,
    Emulated,
    Machine,
    classify,
    load,
)
from tools.firmware.c_core import sources
from tools.firmware.xtensa_toolchain import PREFIX
from xnornode.model.column_weights import columns_size, pack_strips, planes
from xnornode.model.file_format import to_bytes
from xnornode.model.spectrum import Spectrum

BENCH = Path(__file__).parent
INPUTS = 1024  # of the kernels that are called directly; half of them have the counted value
ROWS = 32
ZERO_POINT = 5
XTENSA = Architecture("Xtensa LX6", PREFIX, (), "instructions")


@dataclass(frozen=True)
class Figure:
    """What something took: cycles or instructions. macs: multiply-accumulates in it; neurons:
    outputs at all positions, 0 where there is no use in it. Of spectra: samples, and frames."""

    section: str
    name: str
    count: int
    macs: int
    neurons: int = 0


def measure(architecture: Architecture, wanted: Wanted = lambda name: True) -> Iterator[Figure]:
    """All figures whose names are wanted. Raises RuntimeError for a wrong result."""
    files = [path for path in sources() if path.name != "bnn_run.c"]  # parts.c includes it
    with emulated(architecture, [*files, *sorted(BENCH.glob("*.c"))]) as machine:
        for name, figure in KERNELS.items():
            if wanted(name):
                yield figure(machine, name)
        for case in cases.layers(wanted):
            yield _layer(machine, case)
        for case in cases.spectra(wanted):
            yield _frame(machine, case)
    models = list(cases.models(wanted))
    if models:
        with emulated(architecture, sources()) as machine:
            for case in models:
                yield _model(machine, case)


@contextmanager
def emulated(architecture: Architecture, files: Sequence[Path]) -> Iterator[Emulated]:
    """A machine with these files in it."""
    if architecture is XTENSA:
        with XtensaMachine(files) as machine:
            yield machine
    else:
        yield Machine(architecture, files)


def _check(ok: bool, name: str) -> None:
    if not ok:
        raise RuntimeError(f"{name}: wrong result, so its speed means nothing")


def _words(bits: np.ndarray) -> bytes:
    """Rows of bits as words."""
    return np.packbits(bits, axis=-1, bitorder="little").tobytes()


def _random_bits(inputs: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """An input, half of it 1, and rows."""
    rng = np.random.default_rng(0)
    return rng.permutation(np.arange(inputs) % 2), rng.integers(0, 2, (rows, inputs))


def _list(machine: Emulated, name: str) -> Figure:
    x, _ = _random_bits(INPUTS, 0)
    machine.write(INPUT, _words(x))
    end = machine.call("bnn_kernel_list", INPUT, INPUTS // 32, 0, 0, SCRATCH)
    entries = np.frombuffer(machine.read(SCRATCH, end - SCRATCH), "<u2")
    _check(np.array_equal(np.sort(entries), _entries(x)), name)
    return Figure("kernels", name, machine.count, INPUTS)


def _entries(x: np.ndarray) -> np.ndarray:
    return (4 * np.flatnonzero(x)).astype("<u2")


def _strip(machine: Emulated, name: str, unit: int) -> Figure:
    x, rows = _random_bits(INPUTS, unit)
    differing = (rows != x).sum(axis=1)
    thresholds = differing + np.arange(unit) % 2
    machine.write(SCRATCH, _entries(x).tobytes())
    machine.write(FILE, pack_strips((2 * rows - 1).astype(np.int8), thresholds, 1))
    bases = FILE + columns_size(unit, INPUTS)
    given = (FILE, SCRATCH, INPUTS // 2, bases, planes(INPUTS))
    got = machine.call(f"bnn_kernel_strip{unit}", *given) & 0xFFFFFFFF
    _check(got == int.from_bytes(_words(differing < thresholds), "little"), name)
    return Figure("kernels", name, machine.count, INPUTS * unit, unit)


def _differing(machine: Emulated, name: str, function: str, section: str, inputs: int) -> Figure:
    x, rows = _random_bits(inputs, ROWS)
    machine.write(INPUT, _words(x))
    machine.write(FILE, _words(rows))
    machine.call(function, INPUT, FILE, inputs // 32, ROWS, SCORES)
    expected = (rows != x).sum(axis=1).astype("<i4").tobytes()
    _check(machine.read(SCORES, len(expected)) == expected, name)
    return Figure(section, name, machine.count, inputs * ROWS, ROWS)


def _signed(machine: Emulated, name: str) -> Figure:
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, 784).astype(np.int8)
    rows = rng.integers(0, 2, (ROWS, 800))
    rows[:, 784:] = 0
    machine.write(INPUT, x.tobytes() + bytes(16))
    machine.write(FILE, _words(rows))
    machine.call("bnn_kernel_signed_sums", INPUT, 784, FILE, 25, ROWS, SCORES)
    expected = (2 * rows[:, :784] - 1) @ x.astype(np.int64)
    _check(machine.read(SCORES, 4 * ROWS) == expected.astype("<i4").tobytes(), name)
    return Figure("kernels", name, machine.count, 784 * ROWS, ROWS)


def _int8(machine: Emulated, name: str, inputs: int) -> Figure:
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, inputs).astype(np.int8)
    rows = rng.integers(-128, 128, (ROWS, inputs)).astype(np.int8)
    machine.write(INPUT, x.tobytes())
    machine.write(FILE, rows.tobytes())
    machine.call("peer_int8", INPUT, FILE, inputs, ROWS, ZERO_POINT, SCORES)
    expected = rows.astype(np.int64) @ (x.astype(np.int64) + ZERO_POINT)
    _check(machine.read(SCORES, 4 * ROWS) == expected.astype("<i4").tobytes(), name)
    return Figure("peers", name, machine.count, rows.size, ROWS)


KERNELS: dict[str, Callable[[Emulated, str], Figure]] = {
    f"list of {INPUTS} bits": _list,
    **{f"strip of {unit}, {INPUTS}": partial(_strip, unit=unit) for unit in (32, 16)},
    **{f"rows of {inputs}": partial(_differing, function="bnn_kernel_differing",
                                    section="kernels", inputs=inputs)
       for inputs in (1024, 256, 64)},
    "signed sums of 784 int8": _signed,
    **{f"__builtin_popcount, {inputs}": partial(_differing, function="peer_popcount",
                                                section="peers", inputs=inputs)
       for inputs in (1024, 256, 64)},
    **{f"int8 by int8, {inputs}": partial(_int8, inputs=inputs) for inputs in (1024, 784)},
}  # fmt: skip


def _layer(machine: Emulated, case: Case) -> Figure:
    model = case.model
    load(machine, to_bytes(model))
    (given,), layer = case.inputs, model.layers[0]
    machine.write(INPUT, given)
    machine.call("bench_encode", MODEL, INPUT, len(given), SCRATCH)
    at = machine.call("bench_layer", MODEL, SCRATCH)
    x = model.inputs(case.given)
    y = layer.forward(x).ravel()
    if layer.outputs == "binary":
        expected = _words(y > 0)
    elif layer.outputs == "int8":
        expected = y.tobytes()
    else:  # the runner leaves the sums of inputs that differ
        expected = ((x.size - y) // 2).astype("<i4").tobytes()
    _check(machine.read(at, len(expected)) == expected, case.name)
    neurons = layer.operations() // layer.weights[0].size
    return Figure("layers", case.name, machine.count, layer.operations(), neurons)


def _frame(machine: Emulated, case: Case) -> Figure:
    features = case.model.features
    assert isinstance(features, Spectrum)
    load(machine, to_bytes(case.model))
    machine.write(INPUT, case.inputs[0])
    machine.call("bnn_spectrum_frame", MODEL, INPUT, SCRATCH, SCORES)
    levels = features.levels(case.given).astype(np.uint8).tobytes()
    _check(machine.read(SCORES, len(levels)) == levels, case.name)
    return Figure("spectra", case.name, machine.count, features.frame, 1)


def _model(machine: Emulated, case: Case) -> Figure:
    model = case.model
    load(machine, to_bytes(model))
    (scores,) = model.scores(case.given)
    got = classify(machine, case.inputs[0], len(scores))
    _check(got == scores.astype("<i4").tobytes(), case.name)
    return Figure("models", case.name, machine.count, sum(x.operations() for x in model.layers))
