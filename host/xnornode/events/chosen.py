"""A model's answers and events, chosen by what a user wants of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xnornode._words import few
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.events.choose import Choice, choose
from xnornode.events.counting import Outcome
from xnornode.events.cross_validate import cross_validate, folds_of
from xnornode.events.streams import Streams, make_streams
from xnornode.events.wish import Wish
from xnornode.export.answers import VALIDATION, guess_background
from xnornode.export.fold import score_gain
from xnornode.model.answers import UNKNOWN, Answers, AnswerStream
from xnornode.model.model import Model
from xnornode.training.trained import Epoch, Temperature, Trained


@dataclass(frozen=True)
class Chosen:
    """What was chosen of a model's answers, and by what.

    Parameters
    ----------
    wish : Wish
        What was wanted.
    choice : Choice
        The settings, and what they come to on the validation recordings.
    part : str
        Which recordings those are.
    """

    wish: Wish
    choice: Choice
    part: str


def find_background(labels: Sequence[str], named: Sequence[str] | None) -> tuple[int, ...]:
    """The classes that make no events.

    Parameters
    ----------
    labels : sequence of str
        The classes.
    named : sequence of str or None
        Those that the user names, "" for none at all. None: by their names.

    Returns
    -------
    tuple of int
        Their indexes, rising.

    Raises
    ------
    DataError
        There is no such class, or all are background.
    """
    if named is None:
        found = guess_background(labels)
        return found if len(found) < len(labels) else ()
    wanted = {name for name in named if name}
    if missing := sorted(wanted - {*labels}):
        raise DataError(
            f"--background {missing[0]}: there is no such class. The classes are {few(labels)}"
        )
    if wanted == {*labels}:
        raise DataError("--background names all classes: leave one that makes events")
    return tuple(i for i, label in enumerate(labels) if label in wanted)


def check_wish(wish: Wish, splits: Splits) -> None:
    """Find limits that these data cannot tell of, before the training. Raises DataError."""
    part = splits.validation or splits.train
    ordered = part.data_kind == "windows" and getattr(part, "places", None) is not None
    if wish.of_events and not ordered:
        raise DataError(
            f"--events {str(wish)!r} needs recordings, and {splits.name} has {part.data_kind} "
            "that do not follow each other: limit what is unknown or right, as 'at most 5 % "
            "unknown'"
        )
    if not splits.window.rate_mhz and (wish.false_per_hour, wish.late) != (None, None):
        raise DataError(
            f"--events {str(wish)!r} needs the sample rate, which is unknown: give it with --rate"
        )
    if splits.validation is None:
        folds_of(splits.train)


def choose_answers(
    model: Model,
    trained: Trained,
    splits: Splits,
    wish: Wish,
    background: Sequence[int] = (),
    progress: Callable[[int, int, Epoch], None] | None = None,
    processes: int = 1,
) -> tuple[Model, Chosen]:
    """Choose a model's temperature, mean, threshold and hold-off.

    Parameters
    ----------
    model : Model
        The folded network.
    trained : Trained
        What it was folded from.
    splits : Splits
        Its data. Without a validation part, networks are trained without some groups of the
        training part each, at most 8.
    wish : Wish
        What is wanted.
    background : sequence of int, default ()
        Classes that make no events.
    progress : callable, optional
        Is given the number of such a network, how many there are, and each epoch.
    processes : int, default 1
        As of `train`.

    Returns
    -------
    model : Model
        With its answers.
    chosen : Chosen
        What the settings come to.

    Raises
    ------
    DataError
        The data cannot tell what is wanted.
    """
    check_wish(wish, splits)
    gain = score_gain(trained.network.blocks[-1])
    if splits.validation is not None:
        streams, part = make_streams(model, gain, splits.validation), VALIDATION
    else:
        streams = cross_validate(splits, trained.config, progress, processes)
        count = len({*streams.gains.tolist()})
        part = f"{count} networks that each left out other groups of the training part"
    choice = choose(streams, wish, background)
    s = choice.settings
    scaled = Answers.scaled(1 / (s.temperature * gain))
    answers = Answers(*scaled, s.windows, s.threshold, s.hold_off, tuple(background))
    return replace(model, answers=answers), Chosen(wish, choice, part)


def with_temperature(trained: Trained, chosen: Chosen) -> Trained:
    """`trained` with the temperature that was chosen, for its report."""
    value, windows = chosen.choice.settings.temperature, chosen.choice.outcome.windows
    return replace(trained, temperature=Temperature(value, windows, chosen.part))


def follow(answers: Answers, streams: Streams) -> Outcome:
    """What answers come to on recordings, window by window as on a node."""
    classes = streams.scores.shape[1]
    right = answered = false = repeated = missed = events = 0
    late = []
    ends = streams.ends.tolist()
    for last, first in zip(streams.lasts, streams.first[streams.lasts], strict=True):
        label = int(streams.labels[first])
        silent, found = label in answers.background, False
        stream = AnswerStream(answers, classes)
        for at in range(first, last + 1):
            answer = stream.add(streams.scores[at])
            answered += answer.index != UNKNOWN
            right += answer.index == label
            if not answer.detected:
                continue
            if silent or answer.index != label:
                false += 1
            elif found:
                repeated += 1
            else:
                found = True
                late.append(ends[at])
        events += not silent
        missed += not silent and not found
    middle = float(np.median(late)) if late and streams.hours else None
    return Outcome(
        len(streams), answered, right, streams.hours, events, missed, false, repeated, middle
    )
