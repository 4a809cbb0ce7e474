"""What a model will cost on a node: bytes, operations, RAM, time, energy.

Bytes, operations and RAM are exact. Times and energies are estimates: none was measured on a board.
Each says what it rests on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from xnornode.cost.chips import CHIPS, Chip
from xnornode.cost.cycles import Usage, cycles, known_cycles, output_positions
from xnornode.cost.ram import Ram, ram_of
from xnornode.model.column_weights import columns_size
from xnornode.model.file_format import to_bytes
from xnornode.model.layers import IntLayer, Scores
from xnornode.model.model import Model

# M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9:
# picojoules in a 45 nm process at 0.9 V.
ADD_FLOAT32, MULTIPLY_FLOAT32 = 0.9, 3.7
ADD_INT32, MULTIPLY_INT8 = 0.1, 0.2
READ_BIT = 10 / 64  # of a cache of 8 kB, which is read 64 bits at a time
ENERGY_BASIS = (
    "arithmetic and reading each weight from a memory of 8 kB, 45 nm at 0.9 V: M. Horowitz, "
    '"Computing\'s energy problem", ISSCC 2014; 32 binary multiply-accumulates are taken as two '
    "32-bit additions, though inputs of the commoner value take none; fetching instructions is not "
    "in it"
)
# Picojoules of one multiply-accumulate with the reading of its weight.
FLOAT32_MAC = MULTIPLY_FLOAT32 + ADD_FLOAT32 + 32 * READ_BIT
INT8_MAC = MULTIPLY_INT8 + ADD_INT32 + 8 * READ_BIT
INPUT_INT8_MAC = ADD_INT32 + READ_BIT  # of an int8 activation with a binary weight
BINARY_MAC = 2 * ADD_INT32 / 32 + READ_BIT  # counting serves 32 inputs or outputs at once


@dataclass(frozen=True)
class Operations:
    """Operations of one classification.

    Parameters
    ----------
    binary_macs : int
        XNOR and popcount: a binary activation by a binary weight.
    int8_macs : int
        An int8 activation added or subtracted by a binary weight.
    decisions : int
        Sums compared with a threshold, requantized or scaled to a score.
    encoded : int
        Inputs that the input encoding makes of values.
    """

    binary_macs: int
    int8_macs: int
    decisions: int
    encoded: int

    @property
    def macs(self) -> int:
        """All multiply-accumulates."""
        return self.binary_macs + self.int8_macs


@dataclass(frozen=True)
class Time:
    """Estimated time of one classification on a chip.

    Parameters
    ----------
    chip : str
        The chip's name.
    megahertz : int
        Its clock.
    microseconds : float
        The time of one call of `predict`.
    basis : str
        What the estimate rests on.
    """

    chip: str
    megahertz: int
    microseconds: float
    basis: str


@dataclass(frozen=True)
class Variant:
    """The same network with numbers of another kind.

    Parameters
    ----------
    kind : str
        The numbers.
    bytes : int
        Of its parameters.
    macs : int
        Multiply-accumulates of one classification.
    nanojoules : float
        Estimated energy of one classification.
    """

    kind: str
    bytes: int
    macs: int
    nanojoules: float


@dataclass(frozen=True)
class Estimate:
    """What a model costs.

    Parameters
    ----------
    file_bytes, weight_bytes : int
        Of the model file, and of the weights in it.
    operations : Operations
        Of one classification.
    ram : Ram
        Bytes on the node.
    times : tuple of Time
        One per chip.
    variants : tuple of Variant
        This model first, then the same network in int8 and float32.
    energy_basis : str
        What the energies rest on.
    """

    file_bytes: int
    weight_bytes: int
    operations: Operations
    ram: Ram
    times: tuple[Time, ...]
    variants: tuple[Variant, ...]
    energy_basis: str = ENERGY_BASIS


def estimate(model: Model, chips: Sequence[Chip] = CHIPS, usage: Usage | None = None) -> Estimate:
    """What a model will cost on a node.

    Bytes, operations and RAM are exact. Times and energies are estimates; each says what it rests
    on.

    Parameters
    ----------
    model : Model
        The model.
    chips : sequence of Chip, optional
        The chips that times are estimated for. Default: RP2040 and ESP32.
    usage : Usage, optional
        Of its data, by `xnornode.cost.cycles.measure`. Default: data that take the most time.

    Returns
    -------
    Estimate
        All figures.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Dense, TrainConfig, estimate, fold, from_windows, prepare, train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> config = TrainConfig(layers=(Dense(16),), bits=2, epochs=1, batch=16)
    >>> cost = estimate(fold(train(prepare(dataset), config)))
    >>> cost.operations.binary_macs, cost.ram.window
    (1056, 68)
    """
    size = len(to_bytes(model))
    ops = operations(model)
    weights = sum(layer.weights.size for layer in model.layers)
    biases = sum(len(layer.weights) for layer in model.layers)
    energy = ops.binary_macs * BINARY_MAC + ops.int8_macs * INPUT_INT8_MAC
    return Estimate(
        file_bytes=size,
        weight_bytes=sum(_weight_bytes(layer) for layer in model.layers),
        operations=ops,
        ram=ram_of(model, size),
        times=tuple(
            Time(c.name, c.hertz // 10**6, microseconds(model, c, usage), c.basis) for c in chips
        ),
        variants=(
            Variant("this model", size, ops.macs, energy / 1000),
            Variant("int8", weights + 4 * biases, ops.macs, ops.macs * INT8_MAC / 1000),
            Variant("float32", 4 * weights + 4 * biases, ops.macs, ops.macs * FLOAT32_MAC / 1000),
        ),
    )


def microseconds(model: Model, chip: Chip, usage: Usage | None = None) -> float:
    """Estimated time of a call of `predict`."""
    return 1e6 * (chip.call + cycles(model, chip, usage)) / chip.hertz


def hop_microseconds(model: Model, chip: Chip) -> float:
    """Estimated time of a hop of a stream, in which frames of spectra are computed once."""
    return microseconds(model, chip) - 1e6 * known_cycles(model, chip) / chip.hertz


def _weight_bytes(layer: IntLayer) -> int:
    outputs, inputs = len(layer.weights), layer.geometry.inputs
    if layer.in_columns:
        return columns_size(outputs, inputs)
    return 4 * outputs * ceil(inputs / 32)


def operations(model: Model) -> Operations:
    """The operations of one classification, counted."""
    macs = {"binary": 0, "int8": 0}
    decisions = 0
    for layer in model.layers:
        macs[layer.inputs] += layer.operations()
        decisions += len(layer.weights) * (
            1 if isinstance(layer.output, Scores) else output_positions(layer)
        )
    return Operations(macs["binary"], macs["int8"], decisions, model.width if model.encoding else 0)
