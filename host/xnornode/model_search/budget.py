"""A budget of bytes, time and RAM, and what a network would take of it, before it is trained.

An untrained network is folded: what it takes on a node depends on shapes alone.
"""

from dataclasses import dataclass

import numpy as np

from xnornode.cost.chips import RP2040, Chip
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import estimate
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.model import Model
from xnornode.nn.layer_spec import format_layers
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import make_network

FEW = 16  # windows on which the encoding is fitted, of a network that is never trained


@dataclass(frozen=True)
class Budget:
    """The most that a model may take. None: no limit.

    Parameters
    ----------
    bytes : int, optional
        Of the model file.
    milliseconds : float, optional
        Estimated for one classification on `chip`.
    ram : int, optional
        Bytes on the node, the model included.
    chip : Chip, default RP2040
        The chip that times are estimated for.

    Raises
    ------
    DataError
        There is no limit at all, or one that is not above 0.

    Examples
    --------
    >>> from xnornode import Budget
    >>> print(Budget(bytes=8000, milliseconds=2))
    8,000 bytes, 2 ms on RP2040
    """

    bytes: int | None = None
    milliseconds: float | None = None
    ram: int | None = None
    chip: Chip = RP2040

    def __post_init__(self) -> None:
        limits = [x for x in (self.bytes, self.milliseconds, self.ram) if x is not None]
        if not limits:
            raise DataError("a search needs a budget: bytes, milliseconds or ram")
        if not all(x > 0 for x in limits):
            raise DataError("a budget must be above 0")

    def __str__(self) -> str:
        parts = []
        if self.bytes is not None:
            parts.append(f"{self.bytes:,} bytes")
        if self.milliseconds is not None:
            parts.append(f"{self.milliseconds:g} ms on {self.chip.name}")
        if self.ram is not None:
            parts.append(f"{self.ram:,} bytes of RAM")
        return ", ".join(parts)


@dataclass(frozen=True)
class Cost:
    """What a model takes: bytes of its file, estimated microseconds on the budget's chip,
    bytes of RAM."""

    bytes: int
    microseconds: float
    ram: int

    def within(self, budget: Budget) -> bool:
        """Whether the budget is kept."""
        pairs = (
            (self.bytes, budget.bytes),
            (self.microseconds / 1000, budget.milliseconds),
            (self.ram, budget.ram),
        )
        return all(most is None or cost <= most for cost, most in pairs)


@dataclass(frozen=True)
class Candidate:
    """A network that could be trained.

    Parameters
    ----------
    number : int
        In the order drawn, from 0.
    config : TrainConfig
        Its settings.
    cost : Cost
        What it takes on a node.
    kept : bool, default False
        It takes part to the last round, as the defaults do.
    training : str, default ""
        How its training differs from that of the shared settings, as short text.
    """

    number: int
    config: TrainConfig
    cost: Cost
    kept: bool = False
    training: str = ""

    @property
    def input(self) -> str:
        """Features and input encoding, as short text."""
        c = self.config
        text = c.features.describe()
        if c.features.data_kind == "texts":
            return text
        return f"{text}, {c.encoding}" + ("" if c.encoding == "int8" else f" {c.bits}")

    @property
    def network(self) -> str:
        """Input, layers and what is special in the training, in one line."""
        parts = [self.input, self.layers or "no hidden layer", self.training]
        return "; ".join(filter(None, parts))

    @property
    def layers(self) -> str:
        """The hidden layers, as `xnornode train --layers` takes them."""
        return format_layers(self.config.layers, self.config.global_average_pooling)


def notes(config: TrainConfig, splits: Splits, stopped: bool = False) -> str:
    """What the model's file says of how it was made: known before it is trained, as it counts.

    Both cases are of the same length.
    """
    how = "search, stopped" if stopped else "found by search"
    return (
        f"{how}; trained on {len(splits.train)} of {splits.name}; "
        f"{config.epochs} epochs, seed {config.seed}"
    )


def untrained(config: TrainConfig, splits: Splits) -> Model:
    """The model of `config` as it is before training. Raises DataError or ModelError."""
    count = len(splits.train)
    few = splits.train.select(np.linspace(0, count - 1, min(FEW, count)).astype(int))
    inputs, network = make_network(few, config, np.random.default_rng(config.seed))
    ones = network.ones(inputs.floats(inputs.compact(few.items)))
    about = (splits.name, splits.labels, splits.window)
    trained = Trained(network, inputs, config, (), 0, 0, *about, ones=ones)
    return fold(trained, notes=notes(config, splits))


def cost_of(config: TrainConfig, splits: Splits, chip: Chip) -> Cost:
    """What the model of `config` will take. Raises DataError or ModelError where there is none.

    Hidden layers are taken to count half of their inputs: after training they count no more. So is
    the first one where training moves its thresholds.
    """
    model = untrained(config, splits)
    known = 0 if config.encoding == "learned-thermometer" else 1
    figures = estimate(model, (chip,), measure(model, splits.train.items, known))
    took = figures.times[0].microseconds
    return Cost(figures.file_bytes, took, figures.ram.total)
