"""Successive halving: rounds of trainings, each with fewer candidates, more epochs, more folds."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.errors import DataError, ModelError
from xnornode.export.answers import temperature_on
from xnornode.export.fold import fold, score_gain
from xnornode.model.model import Model
from xnornode.model_search.budget import Candidate, notes
from xnornode.model_search.journal import Journal, Outcome, key_of
from xnornode.model_search.parts import Fold
from xnornode.model_search.trial import Counts, Step, Trial, choose, promote
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch, Temperature, Trained
from xnornode.training.trainer import train

ETA = 3  # one network of so many goes on to the next round, for so many times the epochs
ROUNDS = 3
MIDDLE_FOLDS = 2  # of rounds between the first, which has one, and the last, which has all
WATCHED = "the search's validation part"
DIVERGED = "training diverged"  # how the message of a training begins that did


class Rounds:
    """The rounds of a search.

    Attributes: `latest`, the last trial of each candidate by its number; `temperatures`, those of
    its logits; `failed`, candidates whose training diverged, and why.
    """

    def __init__(
        self,
        splits: Splits,
        folds: Sequence[Fold],
        count: int,
        journal: Journal,
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        self._splits, self._folds, self._count = splits, folds, count
        self._journal, self._progress = journal, progress
        self.latest: dict[int, Trial] = {}
        self.temperatures: dict[int, Temperature] = {}
        self.failed: list[tuple[Candidate, str]] = []
        self.before = 0.0  # seconds of trainings that were done by an earlier run

    def run(
        self,
        candidates: Iterable[Candidate],
        count: int | None,
        over: Callable[[int], bool] = lambda k: False,
    ) -> None:
        """Try `candidates`, the best of them again, and so on.

        count: how many there are; None where only time decides. over(k): whether the time of round
        k, from 0, is up.
        """
        for k in range(self._count):
            done: list[Trial] = []
            for number, candidate in enumerate(candidates, 1):
                if number > 1 and not candidate.kept and over(k):
                    if k:  # a default may follow; among those that are drawn they are the first
                        continue
                    break
                trial = self._try(candidate, k, number, count)
                done += [trial] if trial else []
            if not done:
                return
            rivals = sum(not trial.candidate.kept for trial in done)
            best = promote(done, -(-rivals // ETA))
            candidates, count = [trial.candidate for trial in best], len(best)

    def best(self) -> tuple[Trial, str] | None:
        """The best trial of the last round that has any, and why; None without one."""
        last = max((trial.round for trial in self.latest.values()), default=0)
        trials = [trial for trial in self.latest.values() if trial.round == last]
        return choose(trials) if trials else None

    def _try(self, candidate: Candidate, k: int, number: int, of: int | None) -> Trial | None:
        epochs = round_epochs(candidate.config.epochs, k, self._count)
        folds = self._folds[: round_folds(len(self._folds), k, self._count)]
        outcomes = []
        step = Step(k + 1, self._count, number, of, 1, len(folds), candidate=candidate)
        for at, part in enumerate(folds):
            outcome = self._outcome(candidate, epochs, at, part, replace(step, fold=at + 1))
            if outcome.error:
                self.failed.append((candidate, outcome.error))
                if self._progress:
                    self._progress(replace(step, fold=at + 1, error=outcome.error))
                return None
            outcomes.append(outcome)
        counts = tuple(entry for outcome in outcomes for entry in outcome.counts)
        accuracy = sum(right for _, right, _ in counts) / sum(n for _, _, n in counts)
        seconds = sum(outcome.seconds for outcome in outcomes)
        trial = Trial(candidate, epochs, accuracy, seconds, k + 1, counts)
        self.latest[candidate.number] = trial
        self.temperatures[candidate.number] = _mean_temperature(outcomes)
        if self._progress:
            self._progress(replace(step, fold=len(folds), trial=trial))
        return trial

    def _outcome(
        self, candidate: Candidate, epochs: int, at: int, part: Fold, step: Step
    ) -> Outcome:
        """That of one training; of an earlier run, if it was done there."""
        key = key_of(candidate, epochs, at)
        known = self._journal.get(key)
        if known:
            self.before += known.seconds
            return known
        outcome = self._train(replace(candidate.config, epochs=epochs), part, step)
        self._journal.add(key, outcome)
        return outcome

    def _train(self, config: TrainConfig, part: Fold, step: Step) -> Outcome:
        start = time.perf_counter()
        splits = replace(self._splits, train=part.training, validation=None)
        try:
            trained = train(splits, config, progress=teller(self._progress, step))
            model = folded(trained, self._splits)
            gain = score_gain(trained.network.blocks[-1])
        except (DataError, ModelError) as error:
            if isinstance(error, DataError) and not str(error).startswith(DIVERGED):
                raise
            return Outcome(time.perf_counter() - start, error=str(error))
        counts = counts_on(model, part.held)
        temperature = temperature_on(model, gain, part.held, WATCHED)
        seconds = time.perf_counter() - start
        return Outcome(seconds, counts, temperature.value, temperature.windows)


def round_count(epochs: int) -> int:
    """How many rounds of different lengths so many epochs allow."""
    return len({max(1, epochs // ETA**k) for k in range(ROUNDS)})


def round_epochs(epochs: int, k: int, rounds: int) -> int:
    """Epochs in round k, from 0; the last round has all of them."""
    return max(1, epochs // ETA ** (rounds - 1 - k))


def round_folds(folds: int, k: int, rounds: int) -> int:
    """Folds in round k, from 0; the last round has all of them."""
    if k == rounds - 1:
        return folds
    return 1 if k == 0 else min(MIDDLE_FOLDS, folds)


def folded(trained: Trained, splits: Splits, stopped: bool = False) -> Model:
    """The model of a training, with the notes of a search."""
    return fold(trained, notes=notes(trained.config, splits, stopped))


def counts_on(model: Model, data: Data) -> Counts:
    """How many windows of each group a model has right, and has."""
    right = model.predict(data.items) == data.labels
    names, which = np.unique(data.groups, return_inverse=True)
    each = np.bincount(which, minlength=len(names))
    good = np.bincount(which, weights=right, minlength=len(names))
    return tuple((str(n), int(g), int(e)) for n, g, e in zip(names, good, each, strict=True))


def teller(progress: Callable[[Step], None] | None, step: Step) -> Callable[[Epoch], None] | None:
    """The progress callback of one training within a search."""
    if progress is None:
        return None
    return lambda epoch: progress(replace(step, epoch=epoch))


def _mean_temperature(outcomes: Sequence[Outcome]) -> Temperature:
    """The geometric mean of the folds' temperatures, by their windows."""
    windows = sum(outcome.fitted for outcome in outcomes)
    if len(outcomes) == 1:
        return Temperature(outcomes[0].temperature, windows, WATCHED)
    total = sum(outcome.fitted * math.log(outcome.temperature) for outcome in outcomes)
    return Temperature(math.exp(total / windows), windows, WATCHED)
