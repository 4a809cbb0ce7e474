"""How good a trained model is, and what it costs: the figures behind every form of the report.

`text.to_text` shows them on a terminal, `html.to_html` as a page. `to_json` is their stable form;
docs/guides/training.md describes its keys.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from xnornode import __version__
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import Estimate, estimate
from xnornode.data.splits import Splits
from xnornode.data.understood import Understood
from xnornode.events.chosen import Chosen
from xnornode.model.model import Model
from xnornode.report.accuracy import (
    ClassFigures,
    GroupFigures,
    confusion,
    per_class,
    per_group,
)
from xnornode.report.answers import (
    AnswerFigures,
    answer_figures,
    answer_notes,
    answer_warnings,
)
from xnornode.report.baselines import Baseline, Fitted, compare
from xnornode.report.choice import ChoiceFigures, ChoiceLike, choice_figures
from xnornode.report.hints import Facts, Hint, find_hints
from xnornode.report.intervals import accuracy_interval, clusters_of
from xnornode.report.layer_words import describe_layers
from xnornode.report.settings import describe_settings
from xnornode.training.trained import Epoch, Trained

FORMAT = "xnornode-report-1"
MOST_MISTAKES = 100
MOST_SEEN = 2000  # training windows that are classified


@dataclass(frozen=True)
class Counts:
    """Sizes of the parts.

    Parameters
    ----------
    training, validation, test : int
        Windows, images or texts in each part.
    held_out : tuple of str
        The groups that only the test part has.
    """

    training: int
    validation: int
    test: int
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Mistake:
    """A test window that was given another class than its own.

    Parameters
    ----------
    window : int
        Its index in the test part.
    group : str
        Its group; "" where nothing names groups.
    true, predicted : str
        Its class, and the class it was given.
    """

    window: int
    group: str
    true: str
    predicted: str


@dataclass(frozen=True)
class Report:
    """All figures of one training.

    Parameters
    ----------
    understood : Understood or None
        What was understood of the data.
    name : str
        The model's name.
    labels : tuple of str
        The classes in the order of the network's outputs.
    counts : Counts
        Sizes of the parts.
    accuracy : float
        Accuracy of the integer network on the test part, as on the node.
    interval : tuple of float
        Its 95 % interval (`accuracy_interval`).
    interval_how : str
        What the interval rests on.
    balanced : float
        Mean recall of the classes.
    training_accuracy : float
        Accuracy of the integer network on training windows, at most 2,000, as they are.
    float_accuracy : float
        Accuracy of the network in float arithmetic on the test part.
    differing : int
        Test windows that the two networks classify differently.
    confusion : tuple of tuple of int
        `[true][predicted]`: test windows, classified by the integer network.
    classes : tuple of ClassFigures
        Figures of each class.
    groups : tuple of GroupFigures
        Figures of each held-out group; empty if there are more than 50.
    history : tuple of Epoch
        The epochs.
    best_epoch : int
        Number of the epoch whose parameters the model has.
    layers : tuple of str
        Each layer in words.
    settings : dict of str
        Values by the names of `TrainConfig`.
    cost : Estimate
        Bytes, RAM, operations, time and energy.
    notes, warnings : tuple of str
        What was chosen; what makes the figures doubtful.
    mistakes : tuple of Mistake
        The first 100 test windows that were classified wrongly.
    answers : AnswerFigures or None
        Confidence, answers and events.
    baselines : tuple of Baseline
        Simpler methods on the same inputs; empty if none was asked for.
    hints : tuple of Hint
        What is wrong, and what to try.
    choice : ChoiceFigures or None
        What was tried before; None if nothing was.
    command, date : str
        The command of the training, and when it was given; "" where there was none.
    version : str
        Version of xnornode.
    """

    understood: Understood | None
    name: str
    labels: tuple[str, ...]
    counts: Counts
    accuracy: float
    interval: tuple[float, float]
    interval_how: str
    balanced: float
    training_accuracy: float
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
    mistakes: tuple[Mistake, ...]
    answers: AnswerFigures | None = None
    baselines: tuple[Baseline, ...] = ()
    hints: tuple[Hint, ...] = ()
    choice: ChoiceFigures | None = None
    command: str = ""
    date: str = ""
    version: str = __version__


def make_report(
    model: Model,
    trained: Trained,
    splits: Splits,
    command: str = "",
    date: str = "",
    chosen: Chosen | None = None,
    *,
    baselines: Sequence[Fitted] = (),
    choice: ChoiceLike | None = None,
) -> Report:
    """Test a model on the test part.

    Parameters
    ----------
    model : Model
        The integer network.
    trained : Trained
        The float network that `model` was folded from.
    splits : Splits
        The data of the training.
    command, date : str, default ""
        The command of the training, and when it was given.
    chosen : Chosen, optional
        What the model's answers were chosen by.
    baselines : sequence of Fitted, default ()
        What simpler methods say of the test part (`fit_baselines`).
    choice : ChoiceLike, optional
        What was tried before the training.

    Returns
    -------
    Report
        All figures.

    Raises
    ------
    DataError
        There is no test part.
    """
    test = splits.tested()
    guess = model.predict(test.items)
    real = trained.predict(test.items)
    table = confusion(test.labels, guess, len(splits.labels))
    figures = per_class(table, splits.labels)
    right = guess == test.labels
    clusters = clusters_of(splits)
    low, high, how = accuracy_interval(right, clusters.names, clusters.what, clusters.of)
    recalls = [c.recall for c in figures if c.recall is not None]
    validation = 0 if splits.validation is None else len(splits.validation)
    wrong = np.flatnonzero(~right)[:MOST_MISTAKES]
    answers = answer_figures(model, trained, splits, chosen)
    few = splits.train.select(np.arange(0, len(splits.train), -(-len(splits.train) // MOST_SEEN)))
    known = float((model.predict(few.items) == few.labels).mean())
    beside = tuple(compare(f, test.labels, right, clusters) for f in baselines)
    groups = per_group(test.groups, right) if splits.held_out else ()
    facts = Facts(
        accuracy=float(right.mean()),
        balanced=float(np.mean(recalls)),
        interval=(low, high),
        training=known,
        classes=figures,
        windows=tuple(np.bincount(splits.train.labels, minlength=len(splits.labels)).tolist()),
        groups=groups,
        baselines=beside,
        config=trained.config,
        length=splits.train.shape[0],
        image=splits.image_shape is not None,
    )
    return Report(
        understood=splits.understood,
        name=model.name,
        labels=splits.labels,
        counts=Counts(len(splits.train), validation, len(test), splits.held_out),
        accuracy=facts.accuracy,
        interval=(low, high),
        interval_how=how,
        balanced=facts.balanced,
        training_accuracy=known,
        float_accuracy=float((real == test.labels).mean()),
        differing=int((real != guess).sum()),
        confusion=tuple(tuple(int(n) for n in row) for row in table),
        classes=figures,
        groups=groups,
        history=trained.history,
        best_epoch=trained.best,
        layers=tuple(describe_layers(model)),
        settings=describe_settings(trained.config),
        cost=estimate(model, usage=measure(model, test.items)),
        notes=(*splits.notes, *answer_notes(answers)),
        warnings=(*splits.warnings, *answer_warnings(answers)),
        mistakes=tuple(
            Mistake(
                int(i),
                str(test.groups[i]) if splits.held_out else "",
                splits.labels[test.labels[i]],
                splits.labels[guess[i]],
            )
            for i in wrong
        ),
        answers=answers,
        baselines=beside,
        hints=find_hints(facts),
        choice=choice_figures(choice),
        command=command,
        date=date,
    )


def to_json(report: Report) -> str:
    """The report as JSON.

    Parameters
    ----------
    report : Report
        The figures.

    Returns
    -------
    str
        Keys in the order of docs/guides/training.md; numbers are not rounded.
    """
    content = {"format": FORMAT, **asdict(report)}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
