"""A budget of bytes, time and RAM, and what a network would take of it, before it is trained.

An untrained network is folded: what it takes on a node depends on shapes alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.chips import RP2040, Chip
from xnornode.config import TrainConfig
from xnornode.cycles import measure
from xnornode.data import Data, Texts, Windows, given
from xnornode.errors import DataError
from xnornode.estimate import estimate
from xnornode.features import Features
from xnornode.fold import fold
from xnornode.layerspec import format_layers
from xnornode.model import Model
from xnornode.recipes import Task
from xnornode.text import Text
from xnornode.train import Trained, make_network

FEW = 16  # windows on which the code is fitted, of a network that is never trained


@dataclass(frozen=True)
class Budget:
    """The most that a model may take; None: as much as it likes.

    bytes: of the model file. milliseconds: estimated for one classification on `chip`. ram: bytes
    on the node, the model among them. Raises DataError for no limit at all, or none above 0.
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
    """A network that could be trained, its number in the order drawn, and what it costs."""

    number: int
    config: TrainConfig
    cost: Cost

    @property
    def encoder(self) -> str:
        """How windows become inputs, as short text."""
        c = self.config
        if isinstance(c.front, Text):
            span = f"{c.front.shortest} to {c.front.longest} {c.front.unit}"
            return f"text, {span}, {c.front.buckets} buckets"
        code = c.code if c.code == "bytes" else f"{c.code} {c.bits}"
        if isinstance(c.front, Features):
            return f"{_features_text(c.front)}, {code}"
        return f"samples, {code}"

    @property
    def network(self) -> str:
        """Encoder and layers in one line."""
        return f"{self.encoder}; {self.layers or 'no hidden layer'}"

    @property
    def layers(self) -> str:
        """The hidden layers, as `xnornode train --layers` takes them."""
        return format_layers(self.config.layers, self.config.average)


def _features_text(front: Features) -> str:
    text = f"{len(front.statistics)} statistics"
    if front.bands:
        text += f", {front.bands} bands"
    return text + (f", {front.parts} x {len(front.part_statistics)}" if front.parts else "")


def select(data: Data, which: npt.NDArray[Any]) -> Data:
    """The windows or texts that an array of indices or of bools chooses."""
    labels, groups = data.labels[which], data.groups[which]
    if isinstance(data, Texts):
        chosen = np.arange(len(data))[which]
        return Texts(tuple(data.lines[i] for i in chosen), labels, groups, data.classes)
    return Windows(data.samples[which], labels, groups, data.classes)


def notes(config: TrainConfig, task: Task) -> str:
    """What the model's file says of how it was made: known before it is trained, as it counts."""
    return (
        f"found by search; trained on {len(task.training)} of {task.name}; {config.epochs} epochs, "
        f"seed {config.seed}"
    )


def untrained(config: TrainConfig, task: Task) -> Model:
    """The model of `config` as it is before training. Raises DataError or ModelError."""
    count = len(task.training)
    few = select(task.training, np.linspace(0, count - 1, min(FEW, count)).astype(int))
    inputs, network = make_network(few, config, np.random.default_rng(config.seed))
    ones = tuple(network.ones(inputs.floats(inputs.compact(given(few)))))
    trained = Trained(network, inputs, config, (), 0, 0, ones=ones)
    return fold(trained, task.window, task.labels, task.name, notes(config, task))


def cost_of(config: TrainConfig, task: Task, chip: Chip) -> Cost:
    """What the model of `config` will take. Raises DataError or ModelError where there is none.

    Hidden layers are taken to count half of their inputs: after training they count no more. So is
    the first one where training moves its thresholds.
    """
    model = untrained(config, task)
    known = 0 if config.code == "learned" else 1
    figures = estimate(model, (chip,), measure(model, given(task.training), known))
    took = figures.times[0].microseconds
    return Cost(figures.file_bytes, took, figures.ram.total)
