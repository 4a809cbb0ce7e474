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
        self._told = (0, 0)  # the last network that another program was told of

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
        if self._shown not in (0, step.round):
            self._progress.end()
        self._shown = step.round
        within = step.epoch.number / step.epoch.of if step.epoch else 0.0
        done = 1.0 if trial or step.error else (step.fold - 1 + within) / step.folds
        self._progress(step.number - 1 + done, step.of, self._line(step))

    def _tell(self, step: Step) -> None:
        """Tell another program what is tried, when that begins and when it is done."""
        if not step.candidate:
            return
        known = about(step.candidate, step)
        if step.error:
            tell_candidate(**known, state="left out", why=step.error)
        elif step.trial:
            tell_candidate(**known | result(step.trial), state="tried")
        elif self._told != (step.round, step.number):
            tell_candidate(**known, state="trying")
        self._told = (step.round, step.number)

    def _line(self, step: Step) -> str:
        if step.round > step.rounds:
            text = "final training"
        else:
            of = "" if step.of is None else f"/{step.of}"
            text = f"round {step.round}/{step.rounds}, network {step.number}{of}"
        if step.folds > 1:
            text += f", fold {step.fold}/{step.folds}"
        if step.epoch:
            text += f", epoch {step.epoch.number}/{step.epoch.of}"
        if self._best:
            cost = self._best.cost
            text += f"; best {self._best.accuracy:.1%}, {cost.bytes:,} bytes"
            text += f", {time(cost.microseconds)}"
        return text
