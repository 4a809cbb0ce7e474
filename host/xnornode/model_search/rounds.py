"""Successive halving: rounds of trainings, each with fewer candidates, more epochs, more folds."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xnornode.data.splits import Splits
from xnornode.export.fold import fold
from xnornode.model.model import Model
from xnornode.model_search.budget import Candidate, notes
from xnornode.model_search.journal import Journal, Outcome, key_of
from xnornode.model_search.one_training import WATCHED, Training
from xnornode.model_search.pool import News, Pool
from xnornode.model_search.trial import Step, Trial, choose, promote
from xnornode.training.trained import Epoch, Temperature, Trained

ETA = 3  # one network of so many goes on to the next round, for so many times the epochs
ROUNDS = 3
MIDDLE_FOLDS = 2  # of rounds between the first, which has one, and the last, which has all


@dataclass(eq=False)
class Attempt:
    """A candidate in a round.

    step: what is told of it. outcomes: those that are there, by their fold from 0.
    """

    candidate: Candidate
    epochs: int
    step: Step
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    over: bool = False  # it is told that it is done

    @property
    def failed(self) -> bool:
        """Whether a training of it has failed: then none begins."""
        return any(outcome.error for outcome in self.outcomes.values())

    def result(self) -> list[Outcome] | None:
        """The outcomes up to the first that failed; None as long as one of these is missing.

        So the result does not depend on which training ends first.
        """
        found = []
        for k in range(self.step.folds):
            if k not in self.outcomes:
                return None
            found.append(self.outcomes[k])
            if found[-1].error:
                break
        return found


class Rounds:
    """The rounds of a search. What comes of them does not depend on how many trainings `pool`
    carries out at once, nor on which of them ends first.

    Attributes: `latest`, the last trial of each candidate by its number; `temperatures`, those of
    its logits; `failed`, candidates whose training failed, and why.
    """

    def __init__(
        self,
        folds: int,
        count: int,
        journal: Journal,
        pool: Pool,
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        self._folds, self._count = folds, count
        self._journal, self._pool = journal, pool
        self._progress = progress or (lambda step: None)
        self.latest: dict[int, Trial] = {}
        self.temperatures: dict[int, Temperature] = {}
        self.failed: list[tuple[Candidate, str]] = []
        self.before = 0.0  # seconds that this run was spared by trainings of an earlier one
        self._running: dict[str, Attempt] = {}  # by the training's key
        self._done: list[Trial] = []  # of this round

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
            done = self._round(self._attempts(candidates, k, count, over))
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

    def _attempts(
        self,
        candidates: Iterable[Candidate],
        k: int,
        count: int | None,
        over: Callable[[int], bool],
    ) -> Iterator[Attempt]:
        """The candidates of round k, from 0, each when it is asked for."""
        folds = round_folds(self._folds, k, self._count)
        for number, candidate in enumerate(candidates, 1):
            if number > 1 and not candidate.kept and over(k):
                if k:  # a default may follow; among those that are drawn they are the first
                    continue
                break
            epochs = round_epochs(candidate.config.epochs, k, self._count)
            step = Step(k + 1, self._count, number, count, 1, folds, candidate=candidate)
            yield Attempt(candidate, epochs, step)

    def _round(self, attempts: Iterator[Attempt]) -> list[Trial]:
        """The trials of a round, in the order of its candidates."""
        self._done, failed = [], len(self.failed)
        trainings = self._trainings(attempts)
        while True:
            while len(self._running) < self._pool.size():
                found = next(trainings, None)
                if not found:
                    break
                attempt, training = found
                self._running[training.key] = attempt
                self._tell(attempt, training.fold)
                self._pool.start(training)
            if not self._running:
                break
            self._pool.wait(self._take)
        self.failed[failed:] = sorted(self.failed[failed:], key=lambda entry: entry[0].number)
        return sorted(self._done, key=lambda trial: trial.candidate.number)

    def _trainings(self, attempts: Iterator[Attempt]) -> Iterator[tuple[Attempt, Training]]:
        """What is to be trained; what an earlier run has done is taken from the journal."""
        for attempt in attempts:
            candidate = attempt.candidate
            for k in range(attempt.step.folds):
                if attempt.failed:
                    break
                key = key_of(candidate, attempt.epochs, k)
                known = self._journal.get(key)
                if known:
                    self.before += known.seconds / self._pool.size()
                    self._add(attempt, k, known)
                    continue
                config = replace(candidate.config, epochs=attempt.epochs)
                yield attempt, Training(key, f"network {candidate.number + 1}", config, k)

    def _take(self, news: News) -> None:
        """Take what the pool tells."""
        training = news.training
        attempt = self._running[training.key]
        if news.outcome is None:
            self._tell(attempt, training.fold, epoch=news.epoch, said=news.said)
            return
        if not news.lost:
            self._journal.add(training.key, news.outcome)
        del self._running[training.key]
        self._add(attempt, training.fold, news.outcome)

    def _add(self, attempt: Attempt, k: int, outcome: Outcome) -> None:
        """Take an outcome; tell of the candidate when it is the last one."""
        attempt.outcomes[k] = outcome
        outcomes = attempt.result()
        if outcomes is None or attempt.over:
            return
        attempt.over = True
        candidate, last = attempt.candidate, outcomes[-1]
        if last.error:
            self.failed.append((candidate, last.error))
            self._tell(attempt, len(outcomes) - 1, error=last.error)
            return
        counts = tuple(entry for outcome in outcomes for entry in outcome.counts)
        accuracy = sum(right for _, right, _ in counts) / sum(n for _, _, n in counts)
        seconds = sum(outcome.seconds for outcome in outcomes)
        round = attempt.step.round
        trial = Trial(candidate, attempt.epochs, accuracy, seconds, round, counts)
        self._done.append(trial)
        self.latest[candidate.number] = trial
        self.temperatures[candidate.number] = _mean_temperature(outcomes)
        self._tell(attempt, len(outcomes) - 1, trial=trial)

    def _tell(
        self,
        attempt: Attempt,
        k: int,
        epoch: Epoch | None = None,
        trial: Trial | None = None,
        error: str = "",
        said: str = "",
    ) -> None:
        at_once = self._pool.size()
        known = replace(attempt.step, fold=k + 1, epoch=epoch, trial=trial, error=error)
        self._progress(replace(known, at_once=at_once, said=said))


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
