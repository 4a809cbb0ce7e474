"""What is wrong with a training, as far as its figures say, and what to try.

docs/guides/training.md states the thresholds. A training without fault gets no hint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xnornode._words import few
from xnornode.nn.layer_spec import Dense, Spec, format_layers
from xnornode.report.accuracy import ClassFigures, GroupFigures, wilson
from xnornode.report.baselines import Baseline
from xnornode.training.config import TrainConfig

UNDERFITS = 0.85
"""Training accuracy below which a network has not learned even what it was shown."""
OVERFITS = 0.10
"""How much better the training part is than the test, beyond its interval."""
FEW = 20
"""Training windows of a class; fewer are few."""
CHANCE = 0.10
"""Of the way from guessing to being right: what is below is no better than guessing."""
FAR, SURELY = 0.20, 0.10
"""A group is far below the others: by its accuracy, and by the upper end of its interval."""
LEAST_GROUPS, LEAST_WINDOWS = 3, 10
LEARNED = 0.95
"""Training accuracy from which a model that loses to a simpler method needs no more capacity."""
LONG = 32  # samples of a window that has frequencies
OTHERS = {"raw": "statistics, or spectrum", "statistics": "spectrum, or raw"}
"""Features that may say more."""


@dataclass(frozen=True)
class Hint:
    """What is wrong, and what to try.

    Parameters
    ----------
    kind : str
        "chance", "baseline", "underfits", "overfits", "never predicted", "few windows" or "group".
    text : str
        What is wrong, with its figures.
    tries : tuple of str
        What to try, the most promising first.
    """

    kind: str
    text: str
    tries: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What hints rest on.

    Parameters
    ----------
    accuracy, balanced : float
        On the test part; the mean recall of the classes.
    interval : tuple of float
        Of the accuracy.
    training : float
        Accuracy of the same network on training windows.
    classes : tuple of ClassFigures
        Of the test part.
    windows : tuple of int
        Training windows of each class.
    groups : tuple of GroupFigures
        Held-out groups.
    baselines : tuple of Baseline
        Simpler methods; empty if there are none.
    config : TrainConfig
        How the network was trained.
    length : int
        Samples of a window; 0 of texts.
    image : bool, default False
        Whether windows are images.
    """

    accuracy: float
    balanced: float
    interval: tuple[float, float]
    training: float
    classes: tuple[ClassFigures, ...]
    windows: tuple[int, ...]
    groups: tuple[GroupFigures, ...]
    baselines: tuple[Baseline, ...]
    config: TrainConfig
    length: int
    image: bool = False


def find_hints(facts: Facts) -> tuple[Hint, ...]:
    """What is wrong with a training.

    Parameters
    ----------
    facts : Facts
        Its figures.

    Returns
    -------
    tuple of Hint
        The most important first; empty if nothing is wrong.
    """
    parts = (_chance, _baseline, _underfits, _overfits, _never, _few_windows, _group)
    return tuple(hint for part in parts for hint in part(facts))


def _chance(f: Facts) -> Iterator[Hint]:
    """No better than guessing."""
    there = [c for c in f.classes if c.windows]
    guessing = 1 / max(2, len(there))
    if f.balanced >= guessing + CHANCE * (1 - guessing):
        return
    most = max(c.windows for c in there) / sum(c.windows for c in there)
    text = (
        f"no better than guessing: the mean recall of the classes is {f.balanced:.1%}, of guessing "
        f"{guessing:.1%}; always the most frequent class would be right for {most:.1%}"
    )
    checks = "look at the data: are labels, channels and units right? (xnornode data)"
    yield Hint("chance", text, (checks, *_more_capacity(f)[:2]))


def _baseline(f: Facts) -> Iterator[Hint]:
    """A simpler method is better."""
    better = sorted((b for b in f.baselines if b.better), key=lambda b: b.lead)
    if not better:
        return
    first = better[0]
    low, high = first.lead_interval
    text = (
        f"loses to {few([b.name for b in better])} on the same inputs: {f.accuracy:.1%} against "
        f"{first.accuracy:.1%}, by {-first.lead:.1%} (95 % interval {-high:.1%} to {-low:.1%})"
    )
    tries = _more_capacity(f) if f.training < LEARNED else _less_overfitting(f)
    yield Hint("baseline", text, tries)


def _underfits(f: Facts) -> Iterator[Hint]:
    """Not even what was learned from is known."""
    if f.training >= UNDERFITS:
        return
    text = (
        f"underfits: of the training windows themselves it has {f.training:.1%} right. The network "
        "is too small or too shortly trained, or its inputs do not tell the classes apart"
    )
    yield Hint("underfits", text, _more_capacity(f))


def _overfits(f: Facts) -> Iterator[Hint]:
    """What was learned does not hold elsewhere."""
    if f.training < f.accuracy + OVERFITS or f.training <= f.interval[1]:
        return
    text = (
        f"overfits: {f.training:.1%} of the training windows are right, {f.accuracy:.1%} of the "
        "test. What it has learned does not hold for what it has not seen"
    )
    yield Hint("overfits", text, _less_overfitting(f))


def _never(f: Facts) -> Iterator[Hint]:
    """Classes that the test has are given to no window."""
    never = [c.label for c in f.classes if c.windows and not c.given]
    if never:
        tries = (
            "record more of it",
            "let all classes count alike (--balanced)",
            f"train longer (--epochs {2 * f.config.epochs})",
        )
        yield Hint("never predicted", f"never predicted: {few(never)}", tries)


def _few_windows(f: Facts) -> Iterator[Hint]:
    """Little to learn from."""
    short = [f"{c.label} ({n:,})" for c, n in zip(f.classes, f.windows, strict=True) if 0 < n < FEW]
    if short:
        text = f"few training windows, fewer than {FEW}: {few(short)}"
        tries = ["record more of it"]
        if f.length > 1 and not f.image:
            tries.append("cut more windows from the recordings (--training-hop, --window)")
        yield Hint("few windows", text, tries=tuple(tries))


def _group(f: Facts) -> Iterator[Hint]:
    """One group is far below the others."""
    counted = [g for g in f.groups if g.windows >= LEAST_WINDOWS]
    if len(counted) < LEAST_GROUPS:
        return
    low = []
    for g in counted:
        others = float(np.median([o.accuracy for o in counted if o is not g]))
        most = wilson(round(g.accuracy * g.windows), g.windows)[1]
        if g.accuracy < others - FAR and most < others - SURELY:
            low.append((g, others))
    if not low:
        return
    low.sort(key=lambda pair: pair[0].accuracy)
    names = few([f"{g.group} ({g.accuracy:.1%})" for g, _ in low])
    text = f"far below the other groups, whose median is {low[0][1]:.1%}: {names}"
    tries = (
        "compare it with the others: place and direction of the sensor, units, labels",
        "record more people or places like it",
    )
    yield Hint("group", text, tries)


def _more_capacity(f: Facts) -> tuple[str, ...]:
    """What lets a network learn more."""
    config, tries = f.config, list[str]()
    features = config.features.NAME
    if features in OTHERS and f.length >= LONG and not f.image:
        tries.append(f"other features (--features {OTHERS[features]})")
    binary = [x for x in config.layers if isinstance(x, Dense) and x.activation == "binary"]
    if binary and len(config.layers) > 1:
        layers = tuple(replace(x, activation="int8") for x in config.layers)
        tries.append(f'int8 activations (--layers "{_text(layers, config)}")')
    if features != "ngrams" and config.encoding != "int8":
        tries.append("int8 inputs (--encoding int8)")
    wider = tuple(replace(x, outputs=2 * x.outputs) for x in config.layers)
    tries.append(f'wider layers (--layers "{_text(wider, config) or "dense 64"}")')
    if not config.teacher:
        tries.append("a float network as teacher (--teacher 0.7)")
    tries.append(f"more epochs (--epochs {2 * config.epochs})")
    return tuple(tries)


def _less_overfitting(f: Facts) -> tuple[str, ...]:
    """What lets a network learn what holds."""
    config = f.config
    tries = ["record more people, places or devices (--group names them)"]
    features = config.features.NAME
    if features == "raw" and f.length >= LONG and not f.image:
        tries.append("features that say less of single samples (--features statistics or spectrum)")
    if f.length > 1:
        more = "stronger" if config.augment else "some"
        tries.append(f"{more} random changes of the training data (--augment CHANGES)")
    narrower = tuple(replace(x, outputs=max(1, x.outputs // 2)) for x in config.layers)
    if narrower and f.training >= UNDERFITS:
        tries.append(f'narrower layers (--layers "{_text(narrower, config)}")')
    if not config.smoothing:
        tries.append("label smoothing (--smoothing 0.1)")
    return tuple(tries)


def _text(layers: Sequence[Spec], config: TrainConfig) -> str:
    return format_layers(layers, config.global_average_pooling)
