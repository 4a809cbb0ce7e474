"""How far a search is: for a person in a bar, for another program network by network."""

from typing import Any

from xnornode.cli.output import Progress, tell_candidate, tell_epoch
from xnornode.model_search.budget import Candidate
from xnornode.model_search.trial import Step, Trial
from xnornode.report.units import time


def about(candidate: Candidate, step: Step | None = None) -> dict[str, Any]:
    """What another program learns of a network before it is trained."""
    at = {"of": step.of, "round": step.round, "rounds": step.rounds} if step else {}
    return at | {
        "number": candidate.number + 1,
        "network": candidate.network,
        "default": candidate.kept,
        "bytes": candidate.cost.bytes,
        "milliseconds": candidate.cost.microseconds / 1000,
        "ram": candidate.cost.ram,
    }


def result(trial: Trial) -> dict[str, Any]:
    """What it learns after that."""
    return {
        "round": trial.round,
        "epochs": trial.epochs,
        "accuracy": trial.accuracy,
        "seconds": trial.seconds,
    }


class Display:
    """Shows how far a search is; keeps the trials.

    trials: the last of each candidate, by its number.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.trials: dict[int, Trial] = {}
        self._best: Trial | None = None  # of the last round that has any
        self._shown = 0  # the round that the bar is of
        self._told: set[tuple[int, int]] = set()  # networks that another program was told of
        self._parts: dict[int, dict[int, float]] = {}  # of each network of the round, by fold
        self._done: set[int] = set()  # networks of the round

    def __call__(self, step: Step) -> None:
        """Take the next step."""
        self._tell(step)
        if step.epoch and step.round > step.rounds:
            tell_epoch(step.epoch)
        if trial := step.trial:
            self.trials[trial.candidate.number] = trial
            best = self._best
            if not best or (trial.round, trial.accuracy) > (best.round, best.accuracy):
                self._best = trial
        if self._shown != step.round:
            if self._shown:
                self._progress.end()
            self._parts.clear()
            self._done.clear()
        self._shown = step.round
        if step.said:
            self._progress.say(step.said)
        self._progress(self._position(step), step.of, self._line(step))

    def _position(self, step: Step) -> float:
        """How many networks of the round are done; of each that is not, the part that is."""
        folds = self._parts.setdefault(step.number, {})
        if step.trial or step.error:
            self._done.add(step.number)
        folds[step.fold] = step.epoch.number / step.epoch.of if step.epoch else 0.0
        for earlier in range(1, step.fold):  # each begins before the next, and may end after it
            folds.setdefault(earlier, 1.0)
        open = (sum(f.values()) / step.folds for n, f in self._parts.items() if n not in self._done)
        return len(self._done) + sum(open)

    def _tell(self, step: Step) -> None:
        """Tell another program what is tried, when that begins and when it is done."""
        if not step.candidate:
            return
        known = about(step.candidate, step)
        if step.error:
            tell_candidate(**known, state="left out", why=step.error)
        elif step.trial:
            tell_candidate(**known | result(step.trial), state="tried")
        elif (step.round, step.number) not in self._told:
            tell_candidate(**known, state="trying")
        self._told.add((step.round, step.number))

    def _line(self, step: Step) -> str:
        if step.round > step.rounds:
            text = "final training"
        elif step.at_once > 1:
            of = "" if step.of is None else f" of {step.of}"
            text = f"round {step.round}/{step.rounds}, {len(self._done)}{of} networks done"
            text += f", {step.at_once} trainings at once"
        else:
            of = "" if step.of is None else f"/{step.of}"
            text = f"round {step.round}/{step.rounds}, network {step.number}{of}"
        if step.at_once == 1 and step.folds > 1:
            text += f", fold {step.fold}/{step.folds}"
        if step.at_once == 1 and step.epoch:
            text += f", epoch {step.epoch.number}/{step.epoch.of}"
        if self._best:
            cost = self._best.cost
            text += f"; best {self._best.accuracy:.1%}, {cost.bytes:,} bytes"
            text += f", {time(cost.microseconds)}"
        return text
