"""The most accurate network within a budget of bytes, time and RAM, and the Pareto front.

    found = search(splits, Budget(bytes=8000, milliseconds=2), trials=50)
    save_model(found.model, "best.bnn")

Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and
hyperparameter optimization", AISTATS 2016; Li et al., "Hyperband", JMLR 2018): many networks are
trained for a few epochs, the best third of them again for three times as many, and so on. All of
that sees the training part alone; whole groups of it are kept back to choose by. The winner is then
trained on all of it and tested, once, on the test part.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from xnornode.data.split import VALIDATION_SHARE, Wanted, check_groups, choose_groups
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.errors import DataError, ModelError
from xnornode.export.answers import temperature_on
from xnornode.export.fold import fold, score_gain
from xnornode.model.model import Model
from xnornode.model_search.budget import Budget, Candidate, Cost, notes
from xnornode.model_search.space import checked, drawn
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch, Temperature, Trained
from xnornode.training.trainer import train

ETA = 3  # one network of so many goes on to the next round, for so many times the epochs
ROUNDS = 3
TRIALS = 27
WATCHED = "the search's validation part"


@dataclass(frozen=True)
class Trial:
    """A candidate, and the accuracy of its integer network on the validation part.

    epochs: of its last training, which took so many seconds.
    """

    candidate: Candidate
    epochs: int
    accuracy: float
    seconds: float

    @property
    def cost(self) -> Cost:
        return self.candidate.cost


@dataclass(frozen=True)
class Step:
    """How far a search is: given after each epoch, and with `trial` after each training.

    round, rounds: from 1; the winner's final training is round `rounds` + 1. number, of: the
    training within its round, `of` None where only time decides.
    """

    round: int
    rounds: int
    number: int
    of: int | None
    epoch: Epoch | None = None
    trial: Trial | None = None


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was tried, what is best, and the model made of it.

    Parameters
    ----------
    budget : Budget
        What was asked for.
    trials : tuple of Trial
        One per candidate, by its last training, in the order drawn.
    front : tuple of Trial
        The Pareto front: trials that no other beats, smallest first.
    best : Trial
        The most accurate of those that were trained for the most epochs.
    model, trained : Model, Trained
        Of the best trial's settings, trained on the whole training part.
    accuracy : float
        Of the model on the test part, which is asked once, for this model alone.
    held_out : tuple of str
        The groups of the validation part.
    validation : int
        Windows in it.
    failed : tuple of (Candidate, str)
        Candidates whose training diverged, and why.
    refused : int
        How many of the given candidates exceed the budget.
    """

    budget: Budget
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    best: Trial
    model: Model
    trained: Trained
    accuracy: float
    held_out: tuple[str, ...]
    validation: int
    failed: tuple[tuple[Candidate, str], ...]
    refused: int


def search(
    splits: Splits,
    budget: Budget,
    base: TrainConfig | None = None,
    *,
    trials: int = TRIALS,
    minutes: float | None = None,
    validation: Wanted = None,
    candidates: Sequence[TrainConfig] | None = None,
    progress: Callable[[Step], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> SearchResult:
    """Find the most accurate network within a budget.

    The same arguments give the same result on the same processor (see `train`), but for `minutes`.

    Parameters
    ----------
    splits : Splits
        What is learned; the test part is used once, for the result.
    budget : Budget
        The most that the model may take.
    base : TrainConfig, optional
        Settings that all candidates share: augmentation, seed, image shape, and the epochs of the
        last round and of the final training. Its own input encoding and layers are the first
        candidate. Default: `TrainConfig()`.
    trials : int, default 27
        Candidates in the first round.
    minutes : float, optional
        Instead of `trials`: each round has a third of this time, and at least one training. The
        final training comes after that.
    validation : tuple of str or float, optional
        Groups of the training part to choose by, or a share of it. Default: the validation part of
        `splits`, or a fifth of the training part.
    candidates : sequence of TrainConfig, optional
        These and no others.
    progress : callable, optional
        Is given each `Step`.
    clock : callable, optional
        Seconds, for `minutes`. Default: `time.monotonic`.

    Returns
    -------
    SearchResult
        The model, and all that was tried.

    Raises
    ------
    DataError
        Nothing fits the budget, or no group can be spared to choose by.

    References
    ----------
    Successive halving: Jamieson and Talwalkar, AISTATS 2016; Li et al., "Hyperband", JMLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Budget, Dense, TrainConfig, from_windows, prepare, search
    >>> samples = np.random.default_rng(0).normal(0, 100, (120, 16, 2)).astype(np.int16)
    >>> samples[::2] += 300
    >>> people = [f"person {i % 6}" for i in range(120)]
    >>> dataset = from_windows("demo", samples, ["high", "low"] * 60, people)
    >>> base = TrainConfig(layers=(Dense(8),), bits=2, epochs=3, batch=16)
    >>> found = search(prepare(dataset), Budget(bytes=1000), base, trials=3)
    >>> found.best.cost.bytes <= 1000, len(found.trials)
    (True, 3)
    """
    base = base or TrainConfig()
    if trials < 1 or (minutes is not None and not minutes > 0):
        raise DataError("a search needs at least one trial, and minutes above 0")
    training, watched = splits.train, splits.validation
    if watched is None or validation is not None:
        training, watched = split_validation(training, validation)
    refused = 0
    if candidates is None:
        source = drawn(splits, budget, base)
    else:
        source, refused = checked(candidates, splits, budget)
    halving = _Halving(splits, training, watched, progress)
    lengths = round_lengths(base.epochs)
    if minutes is None:
        halving.run(islice(source, trials), trials, lengths)
    else:
        start, share = clock(), 60 * minutes / len(lengths)
        halving.run(source, None, lengths, lambda k: clock() - start >= (k + 1) * share)
    best = halving.best
    if best is None:
        raise DataError(f"every training diverged, lower the learning rate: {halving.failed[0][1]}")
    final = Step(len(lengths) + 1, len(lengths), 1, 1)
    whole = replace(splits, validation=None)
    trained = train(whole, best.candidate.config, progress=_teller(progress, final))
    # The final network has learned from all; its validation part is that of the best trial.
    trained = replace(trained, temperature=halving.temperatures[best.candidate.number])
    model = _fold(trained, splits)
    found = tuple(halving.latest[number] for number in sorted(halving.latest))
    return SearchResult(
        budget=budget,
        trials=found,
        front=pareto(found),
        best=best,
        model=model,
        trained=trained,
        accuracy=_accuracy(model, splits.tested()),
        held_out=tuple(sorted(set(watched.groups.tolist()))),
        validation=len(watched),
        failed=tuple(halving.failed),
        refused=refused,
    )


class _Halving:
    """Rounds of trainings, each with fewer candidates and more epochs than the one before."""

    def __init__(
        self,
        splits: Splits,
        training: Data,
        watched: Data,
        progress: Callable[[Step], None] | None,
    ) -> None:
        self.splits, self.training, self.watched = splits, training, watched
        self.progress = progress
        self.latest: dict[int, Trial] = {}
        self.temperatures: dict[int, Temperature] = {}
        self.failed: list[tuple[Candidate, str]] = []
        self.best: Trial | None = None

    def run(
        self,
        candidates: Iterable[Candidate],
        count: int | None,
        lengths: Sequence[int],
        over: Callable[[int], bool] = lambda k: False,
    ) -> None:
        """Train `candidates` for lengths[0] epochs, the best of them for lengths[1], and so on.

        over(k): whether the time of round k, from 0, is up.
        """
        for k, epochs in enumerate(lengths):
            done: list[Trial] = []
            for number, candidate in enumerate(candidates, 1):
                trial = self._try(candidate, epochs, Step(k + 1, len(lengths), number, count))
                done += [trial] if trial else []
                if over(k):
                    break
            if not done:
                return
            self.best = max(done, key=_merit)
            best = promote(done, -(-len(done) // ETA))
            candidates, count = [trial.candidate for trial in best], len(best)

    def _try(self, candidate: Candidate, epochs: int, step: Step) -> Trial | None:
        config = replace(candidate.config, epochs=epochs)
        start = time.perf_counter()
        part = replace(self.splits, train=self.training, validation=None)
        trained = train(part, config, progress=_teller(self.progress, step))
        try:
            model = _fold(trained, self.splits)
            accuracy = _accuracy(model, self.watched)
            gain = score_gain(trained.network.blocks[-1])
        except ModelError as error:  # training diverged
            self.failed.append((candidate, str(error)))
            return None
        trial = Trial(candidate, epochs, accuracy, time.perf_counter() - start)
        self.latest[candidate.number] = trial
        self.temperatures[candidate.number] = temperature_on(model, gain, self.watched, WATCHED)
        if self.progress:
            self.progress(replace(step, trial=trial))
        return trial


def split_validation(data: Data, wanted: Wanted = None) -> tuple[Data, Data]:
    """(the rest, the validation part): groups by name, or whole groups of about a share.

    Raises DataError for groups that do not exist, and where none can be spared.
    """
    if isinstance(wanted, tuple):
        check_groups(wanted, data.groups.tolist(), "validation")
        groups = wanted
    else:
        labels = [data.classes[i] for i in data.labels]
        share = VALIDATION_SHARE if wanted is None else wanted
        groups = choose_groups(data.groups.tolist(), labels, [1] * len(data), share)
    if not groups:
        raise DataError(
            "a search needs a validation part to choose by, and for that training data of every "
            "class from at least two people, places or recordings: record each class again, or "
            "split each recording in time (--split time)"
        )
    held = np.isin(data.groups, groups)
    return data.select(~held), data.select(held)


def round_lengths(epochs: int) -> list[int]:
    """Epochs of each round; the last round has all of them."""
    return sorted({max(1, epochs // ETA**k) for k in range(ROUNDS)})


def promote(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The `count` that go on: half of them the most accurate, then those of the Pareto front, so
    that small networks stay in; best first."""
    ranked = sorted(trials, key=_merit, reverse=True)
    front = sorted(pareto(trials), key=_merit, reverse=True)
    order = {t.candidate.number: t for t in (*ranked[: -(-count // 2)], *front, *ranked)}
    return sorted(islice(order.values(), count), key=_merit, reverse=True)


def pareto(
    trials: Sequence[Trial],
    costs: Callable[[Trial], tuple[float, ...]] = lambda t: (t.cost.bytes, t.cost.microseconds),
) -> tuple[Trial, ...]:
    """The trials that no other is as good as in accuracy and every cost, and better in one.

    Of equal ones all are given. Sorted by their first cost.
    """
    points = [(-t.accuracy, *costs(t)) for t in trials]
    front = [
        trial
        for trial, p in zip(trials, points, strict=True)
        if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)
    ]
    return tuple(sorted(front, key=costs))


def _merit(trial: Trial) -> tuple[float, ...]:
    """What to sort by: accuracy, and of equals the smallest."""
    cost = trial.cost
    return (trial.accuracy, -cost.bytes, -cost.microseconds, -trial.candidate.number)


def _fold(trained: Trained, splits: Splits) -> Model:
    return fold(trained, notes=notes(trained.config, splits))


def _accuracy(model: Model, data: Data) -> float:
    return float((model.predict(data.items) == data.labels).mean())


def _teller(progress: Callable[[Step], None] | None, step: Step) -> Callable[[Epoch], None] | None:
    """The progress callback of one training within a search."""
    if progress is None:
        return None
    return lambda epoch: progress(replace(step, epoch=epoch))
