"""What a model will cost on a node, from its shapes alone: bytes, operations, RAM, time, energy.

Bytes and operations are exact, and so is the scratch that the C core will ask for. Times and
energies are estimates, of which none was measured on a board; each says what it rests on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log2, prod

from xnornode.cost.chips import CHIPS, Chip, FeatureCosts
from xnornode.model.column_weights import columns_size, planes, strips
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Thermometer
from xnornode.model.layers import Geometry, IntLayer, Scores
from xnornode.model.model import Model
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import COVARIANCE, SORTED, Statistics

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
BYTE_MAC = ADD_INT32 + READ_BIT
BINARY_MAC = 2 * ADD_INT32 / 32 + READ_BIT  # counting serves 32 inputs or outputs at once
TABLE_ROWS = 64
NARROW = 8  # channels and rows of a kernel that are listed by rows
LISTED = 1024  # inputs that a list of counted inputs is of at most, or one field of view


@dataclass(frozen=True)
class Operations:
    """Operations of one classification.

    binary_macs: XNOR and count, bits with bits. byte_macs: a byte added or subtracted by a 1-bit
    weight. decisions: sums compared with a limit, requantized or scaled to a score. encoded: bits
    or bytes that the code makes of values.
    """

    binary_macs: int
    byte_macs: int
    decisions: int
    encoded: int

    @property
    def macs(self) -> int:
        return self.binary_macs + self.byte_macs


@dataclass(frozen=True)
class Ram:
    """Bytes on the node. model: its file, where it is loaded and does not lie in ROM. scratch: of
    the C core. window: the samples that are being collected, or the text."""

    model: int
    scratch: int
    window: int

    @property
    def total(self) -> int:
        return self.model + self.scratch + self.window


@dataclass(frozen=True)
class Time:
    """Estimated microseconds of one classification on a chip, and on what that rests."""

    chip: str
    megahertz: int
    microseconds: float
    basis: str


@dataclass(frozen=True)
class Variant:
    """The same network with numbers of another kind: bytes of its parameters, multiply-accumulates,
    estimated nanojoules of one classification."""

    kind: str
    bytes: int
    macs: int
    nanojoules: float


@dataclass(frozen=True)
class Estimate:
    """All of it. variants: this model first, then int8 and float32. left_out: of the times."""

    file_bytes: int
    weight_bytes: int
    operations: Operations
    ram: Ram
    times: tuple[Time, ...]
    variants: tuple[Variant, ...]
    left_out: str = ""
    energy_basis: str = ENERGY_BASIS


def estimate(model: Model, chips: Sequence[Chip] = CHIPS) -> Estimate:
    """What `model` costs on each of `chips`."""
    size = len(to_bytes(model))
    ops = operations(model)
    weights = sum(layer.weights.size for layer in model.layers)
    biases = sum(len(layer.weights) for layer in model.layers)
    energy = ops.binary_macs * BINARY_MAC + ops.byte_macs * BYTE_MAC
    return Estimate(
        file_bytes=size,
        weight_bytes=sum(_weight_bytes(layer) for layer in model.layers),
        operations=ops,
        ram=Ram(size, 4 * scratch_words(model), _window_bytes(model)),
        times=tuple(
            Time(c.name, c.hertz // 10**6, 1e6 * cycles(model, c) / c.hertz, c.basis) for c in chips
        ),
        variants=(
            Variant("this model", size, ops.macs, energy / 1000),
            Variant("int8", weights + 4 * biases, ops.macs, ops.macs * INT8_MAC / 1000),
            Variant("float32", 4 * weights + 4 * biases, ops.macs, ops.macs * FLOAT32_MAC / 1000),
        ),
    )


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
        decisions += len(layer.weights) * (1 if isinstance(layer.output, Scores) else places(layer))
    return Operations(macs["binary"], macs["int8"], decisions, model.width if model.encoding else 0)


def places(layer: IntLayer) -> int:
    """Places of the convolution whose outputs are used."""
    return layer.operations() // layer.weights.size


def scratch_words(model: Model) -> int:
    """Words of scratch by FORMAT.md, "Memory on the node", as `bnn_load` lays it out."""
    most, field = [0, 0], 0
    for i, layer in enumerate(model.layers):
        unit = 8 if layer.inputs == "int8" else 1
        most[i % 2] = max(most[i % 2], ceil(prod(layer.input_shape) * unit / 32))
        if layer.in_columns:
            field = max(field, _list_words(layer))
        elif _gathers(layer):
            field = max(field, ceil(layer.geometry.inputs * unit / 32))
    words = sum(most) + field + len(model.labels)
    if isinstance(model.features, Statistics):
        w = model.window
        words = max(words, most[0] + model.features.scratch_words(w.length, len(w.channels)))
    return words


def cycles(model: Model, chip: Chip, shares: Sequence[float] = ()) -> float:
    """Estimated cycles of one classification.

    shares: of each layer's inputs those that have the counted value; without, half of them.
    """
    total = chip.call + _preprocessing_cycles(model, chip.features) + _encoding_cycles(model, chip)
    for layer, share in zip(model.layers, shares or [0.5] * len(model.layers), strict=True):
        if layer.in_columns:
            total += _columns_cycles(layer, chip, share)
            continue
        words, at = ceil(layer.geometry.inputs / 32), places(layer)
        rows = at * len(layer.weights)
        total += at * layer.groups * chip.place
        if layer.inputs == "int8":
            # Tables of the sums of 4 bytes are made for a field of view, and serve 64 rows.
            fours, groups = ceil(layer.geometry.inputs / 4), layer.groups
            tables = at * groups * ceil(len(layer.weights) / groups / TABLE_ROWS)
            total += tables * fours * chip.table + rows * (chip.byte_row + fours * chip.four)
        else:
            blocks, rest = divmod(words, 8)
            total += rows * (chip.row + blocks * chip.block + rest * chip.word)
        if _gathers(layer):
            total += at * layer.groups * _pieces(layer) * chip.piece
    return total


def _list_words(layer: IntLayer) -> int:
    """Words of the list of counted inputs, with where in it each input column starts."""
    g = _lying(layer.geometry)
    columns = (_span(g) - 1) * g.stride[1] + g.kernel[1]
    return ceil((g.kernel[0] * g.input_shape[2] * columns + columns + 1) / 2)


def _lying(g: Geometry) -> Geometry:
    """Grid and kernel of width 1, as columns see them: of height 1."""
    if g.input_shape[1] > 1 or g.kernel[1] > 1:
        return g
    height, width, channels = g.input_shape
    sides = {name: getattr(g, name)[::-1] for name in ("kernel", "stride", "padding", "pool")}
    return replace(g, input_shape=(width, height, channels), **sides)


def _span(g: Geometry) -> int:
    """Neighbouring places of the convolution that one list serves."""
    fit = max(g.inputs, LISTED) // (g.kernel[0] * g.input_shape[2])
    return min((fit - g.kernel[1]) // g.stride[1] + 1, g.output_shape[1] * g.pool[1])


def _columns_cycles(layer: IntLayer, chip: Chip, share: float) -> float:
    g, at = _lying(layer.geometry), places(layer)
    rows, width = g.output_shape[0] * g.pool[0], g.output_shape[1] * g.pool[1]
    lists = ceil(width / _span(g))
    columns = rows * ((width - lists) * g.stride[1] + lists * g.kernel[1])
    runs, bits = (
        columns * g.kernel[0] * ceil(g.input_shape[2] / 32),
        columns * g.kernel[0] * g.input_shape[2],
    )
    if max(g.input_shape[2], g.kernel[0]) <= NARROW:
        total = columns * g.kernel[0] * chip.list_row + share * bits * chip.list_narrow
    else:
        total = bits * chip.list_bit + runs * (
            chip.list_odd if g.input_shape[2] % 32 else chip.list_run
        )
    of_strip = chip.strip + planes(g.inputs) * chip.plane + share * g.inputs * chip.listed
    return total + at * (chip.place + len(strips(g.outputs)) * of_strip)


def _gathers(layer: IntLayer) -> bool:
    """Whether fields of view are gathered: the only one is the whole input elsewhere."""
    return layer.geometry.inputs != prod(layer.input_shape) or layer.padding != (0, 0)


def _pieces(layer: IntLayer) -> int:
    """Runs of inputs that lie together in a field of view."""
    height, width = layer.geometry.kernel
    if layer.groups > 1:
        return height * width
    return 1 if width == layer.input_shape[1] else height


def _encoding_cycles(model: Model, chip: Chip) -> float:
    values = model.features.count(model.window.length, len(model.window.channels))
    if isinstance(model.encoding, Thermometer):
        if len(model.encoding.thresholds) == 1 and isinstance(model.features, Raw):
            bits = model.encoding.bits
            of_value = chip.reached + chip.threshold * bits / 2 if bits > 1 else 0
            return ceil(values / 32) * chip.values + values * of_value
        # A value is compared until a threshold is above it: half of them, where they are quantiles.
        return values * (chip.value + chip.threshold * model.encoding.bits / 2)
    return values * chip.affine_value if model.encoding else 0.0


def _preprocessing_cycles(model: Model, costs: FeatureCosts) -> float:
    """Cycles of the front; a text is taken to be as long as is read."""
    features, length = model.features, model.window.length
    if isinstance(features, NGrams):
        if features.unit == "words":
            return length * costs.word_byte
        return length * (costs.byte + (features.longest - features.shortest + 1) * costs.gram)
    if isinstance(features, Statistics):
        return _features_cycles(features, length, len(model.window.channels), costs)
    return 0.0


def _features_cycles(f: Statistics, length: int, channels: int, costs: FeatureCosts) -> float:
    whole = [name for name in f.statistics if name != COVARIANCE]
    total = channels * _statistics_cycles(whole, 1, length, costs)
    total += channels * _statistics_cycles(f.part_statistics, f.parts, length, costs)
    if f.bands:
        left = sum(length - 2 * (2 ** (k + 1) - 1) for k in range(f.bands))
        per_channel = length * costs.band_read + left * costs.band + f.bands * costs.log
        total += channels * per_channel
    if COVARIANCE in f.statistics:
        pairs = channels * (channels - 1) // 2
        total += channels * length * costs.pair_read + pairs * (length * costs.pair + costs.root)
    return total


def _statistics_cycles(names: Sequence[str], parts: int, length: int, costs: FeatureCosts) -> float:
    """Statistics of one channel, cut into so many parts."""
    if not names:
        return 0.0
    logs = sum(name.startswith("log") for name in names)
    total = length * costs.sample + parts * (costs.run + logs * costs.log)
    if "deviation" in names:
        total += parts * costs.root
    if SORTED & {*names}:
        total += length * log2(max(2, length / parts)) * costs.sorting
    return total


def _window_bytes(model: Model) -> int:
    return model.features.item_bytes(model.window.length, len(model.window.channels))
