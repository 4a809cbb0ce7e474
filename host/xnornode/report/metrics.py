"""How good a trained model is, and what it costs: the figures behind every form of the report.

`report_text` shows them on a terminal, `report_html` as a page; `to_json` is their stable form,
whose keys docs/guides/training.md describes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode import __version__
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import Estimate, estimate
from xnornode.data.dataset import natural
from xnornode.data.prepare import Splits
from xnornode.model.model import Model
from xnornode.training.trainer import Epoch, Trained

FORMAT = "xnornode-report-1"
MOST_GROUPS = 50  # more are no people or places that one wants to see one by one


@dataclass(frozen=True)
class ClassFigures:
    """A class in the test: windows of it, how many of them were found (recall), and how many of
    those that were called so are (precision); None where there are none."""

    label: str
    windows: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True)
class GroupFigures:
    """A group (person, place, recording) of the test, and the accuracy on it."""

    group: str
    windows: int
    accuracy: float


@dataclass(frozen=True)
class Counts:
    """Windows, images or texts in each part; held_out: the groups that only the test has."""

    training: int
    validation: int
    test: int
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All figures of one training.

    accuracy: of the integer network on the test part, as on the node; interval: where the true one
    lies with a probability of 95 %, if test windows were independent; float_accuracy: of the
    network in float arithmetic on the same; differing: windows that the two put into different
    classes. balanced: mean recall. confusion: [true][predicted] windows of the integer network.
    best_epoch: whose parameters the model has.
    """

    name: str
    labels: tuple[str, ...]
    counts: Counts
    accuracy: float
    interval: tuple[float, float]
    balanced: float
    float_accuracy: float
    differing: int
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[ClassFigures, ...]
    groups: tuple[GroupFigures, ...]
    history: tuple[Epoch, ...]
    best_epoch: int
    layers: tuple[str, ...]
    settings: dict[str, str]
    cost: Estimate
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    version: str = __version__


def make_report(model: Model, trained: Trained, splits: Splits) -> Report:
    """Test `model`, folded from `trained`, on the test part of `splits`."""
    test = splits.tested()
    guess = model.predict(test.items)
    real = trained.predict(test.items)
    table = confusion(test.labels, guess, len(splits.labels))
    figures = per_class(table, splits.labels)
    right = guess == test.labels
    recalls = [c.recall for c in figures if c.recall is not None]
    validation = 0 if splits.validation is None else len(splits.validation)
    return Report(
        name=model.name,
        labels=splits.labels,
        counts=Counts(len(splits.train), validation, len(test), splits.held_out),
        accuracy=float(right.mean()),
        interval=wilson(int(right.sum()), len(right)),
        balanced=float(np.mean(recalls)),
        float_accuracy=float((real == test.labels).mean()),
        differing=int((real != guess).sum()),
        confusion=tuple(tuple(int(n) for n in row) for row in table),
        classes=figures,
        groups=per_group(test.groups, right) if splits.held_out else (),
        history=trained.history,
        best_epoch=trained.best,
        layers=tuple(describe_layers(model)),
        settings=describe_settings(trained.config),
        cost=estimate(model, usage=measure(model, test.items)),
        notes=splits.notes,
        warnings=splits.warnings,
    )


def confusion(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """Counts, int64 (classes, classes): row the true class, column the predicted one."""
    both = np.bincount(true * classes + predicted, minlength=classes * classes)
    return both.reshape(classes, classes).astype(np.int64)


def per_class(table: npt.NDArray[np.int64], labels: Sequence[str]) -> tuple[ClassFigures, ...]:
    """Recall and precision of each class, from the confusion matrix."""
    hit, there, called = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return tuple(
        ClassFigures(
            label,
            int(there[i]),
            float(hit[i] / there[i]) if there[i] else None,
            float(hit[i] / called[i]) if called[i] else None,
        )
        for i, label in enumerate(labels)
    )


def per_group(
    groups: npt.NDArray[np.str_], right: npt.NDArray[np.bool_]
) -> tuple[GroupFigures, ...]:
    """Accuracy on each group; none where there are too many to look at."""
    names = sorted(set(groups.tolist()), key=natural)
    if len(names) > MOST_GROUPS:
        return ()
    masks = [(name, groups == name) for name in names]
    return tuple(GroupFigures(name, int(m.sum()), float(right[m].mean())) for name, m in masks)


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a share `right` of `count` (E. B. Wilson, 1927); z = 1.96 for 95 %."""
    share = right / count
    middle = share + z * z / (2 * count)
    half = z * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def describe_layers(model: Model) -> list[str]:
    """One line per layer of the folded network."""
    lines = []
    for layer in model.layers:
        m, kh, kw, _ = layer.weights.shape
        h, w, c = layer.input_shape
        if (kh, kw) == (h, w) and layer.outputs != "scores":
            text = f"dense {h * w * c} -> {m}"
        elif layer.outputs == "scores":
            text = f"scores {c} -> {m}" + (f", mean of {h} x {w}" if h * w > 1 else "")
        else:
            text = f"conv {kh} x {kw} x {c // layer.groups}, {h} x {w} -> {m} filters"
            if layer.groups > 1:
                text += f", {layer.groups} groups"
            if layer.stride != (1, 1):
                text += f", stride {layer.stride[0]} x {layer.stride[1]}"
            if layer.pool != (1, 1):
                text += f", pool {layer.pool[0]} x {layer.pool[1]}"
        lines.append(f"{text}, {layer.inputs} in")
    return lines


def describe_settings(config: Any) -> dict[str, str]:
    """The settings of a training as short text."""
    given = {key: value for key, value in vars(config).items() if value is not None}
    return {k: type(v).__name__ if k == "features" else str(v) for k, v in given.items()}


def to_json(report: Report) -> str:
    """The report as JSON, its keys in order; numbers are not rounded."""
    content = {"format": FORMAT, **asdict(report)}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
