"""The most accurate network within a budget of bytes, time and RAM, and the Pareto front.

    found = search(splits, Budget(bytes=8000, milliseconds=2), trials=50)
    save_model(found.model, "best.bnn")

Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and
hyperparameter optimization", AISTATS 2016; Li et al., "Hyperband", JMLR 2018): many networks are
trained for a few epochs, the best third of them again for three times as many, and so on. All of
that sees the training part alone; whole groups of it are left out to choose by. The winner is then
trained on all of it and tested, once, on the test part.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from xnornode._version import __version__
from xnornode.data.split import Wanted
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.model import Model
from xnornode.model_search.budget import Budget, Candidate
from xnornode.model_search.cluster import Cluster
from xnornode.model_search.cores import Cores
from xnornode.model_search.journal import Journal
from xnornode.model_search.one_training import Lesson
from xnornode.model_search.parts import folds_for, held_out
from xnornode.model_search.pool import DIED, Here, Pool
from xnornode.model_search.rounds import Rounds, folded, round_count, teller
from xnornode.model_search.space import checked, defaults_of, drawn
from xnornode.model_search.trial import Step, Trial, pareto
from xnornode.recipes.defaults import default_config
from xnornode.training.checkpoint import settings_text
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import train

TRIALS = 27


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was tried, what is best, and the model made of it.

    Parameters
    ----------
    budget : Budget
        What was asked for.
    trials : tuple of Trial
        One per candidate, by its last round, in the order drawn.
    front : tuple of Trial
        The Pareto front: trials that no other beats, smallest first.
    best : Trial
        The chosen one of the last round.
    why : str
        By which rule it was chosen.
    model, trained : Model, Trained
        Of the best trial's settings, trained on the whole training part.
    accuracy : float
        Of the model on the test part, which is asked once, for this model alone.
    held_out : tuple of str
        The groups that candidates were compared on.
    validation : int
        Windows of those groups.
    folds : int
        Trainings of each candidate in the last round. 1: the same groups were always left out.
    failed : tuple of (Candidate, str)
        Candidates whose training diverged, or whose workers died, and why.
    refused : int
        How many of the given candidates exceed the budget.
    stopped : bool, default False
        The search was interrupted, and `best` is the best so far.
    """

    budget: Budget
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    best: Trial
    why: str
    model: Model
    trained: Trained
    accuracy: float
    held_out: tuple[str, ...]
    validation: int
    folds: int
    failed: tuple[tuple[Candidate, str], ...]
    refused: int
    stopped: bool = False


def search(
    splits: Splits,
    budget: Budget,
    base: TrainConfig | None = None,
    *,
    trials: int = TRIALS,
    minutes: float | None = None,
    validation: Wanted = None,
    candidates: Sequence[TrainConfig] | None = None,
    defaults: Sequence[TrainConfig] | None = None,
    journal: Path | str | None = None,
    interrupted: Callable[[Trial], None] | None = None,
    progress: Callable[[Step], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    jobs: int = 1,
    dask: Any = None,
) -> SearchResult:
    """Find the most accurate network within a budget.

    The same arguments give the same result on the same processor (see `train`), but for `minutes`.
    It does not depend on `jobs` and `dask`, where BLAS has as many threads in this process as in
    the workers: ``OPENBLAS_NUM_THREADS`` of the environment, or 1.

    Parameters
    ----------
    splits : Splits
        What is learned; the test part is used once, for the result.
    budget : Budget
        The most that the model may take.
    base : TrainConfig, optional
        Settings that candidates share: seed, image shape, loss, and the epochs of the last round
        and of the final training. Drawn candidates vary its input, layers, learning rate and
        augmentation. Default: `default_config(splits)`.
    trials : int, default 27
        Candidates in the first round, the defaults included.
    minutes : float, optional
        Instead of `trials`: each round has a third of this time, and at least one training and the
        defaults. The final training comes after that.
    validation : tuple of str or float, optional
        Groups of the training part to choose by, or a share of it. Default: the validation part of
        `splits`; or each group in turn, in at most five folds, where there are fewer than ten
        groups; or a fifth of the training part.
    candidates : sequence of TrainConfig, optional
        These and no others.
    defaults : sequence of TrainConfig, optional
        Candidates that take part to the last round. One that exceeds the budget is made narrower.
        Default: `base`, and what else `xnornode train` tries by default.
    journal : path-like, optional
        A file to which each training is added. If it is there, the search goes on from it.
    interrupted : callable, optional
        Is given the best trial so far when Ctrl-C (KeyboardInterrupt) stops the trials. Then it is
        trained and becomes the result. Default: the exception goes on.
    progress : callable, optional
        Is given each `Step`.
    clock : callable, optional
        Seconds, for `minutes`. Default: `time.monotonic`.
    jobs : int, default 1
        How many networks are trained at once, each in a process. More than 1 need the extra
        ``jobs``. The final training is one.
    dask : str or distributed.Client, optional
        The address of a Dask scheduler, such as "tcp://10.0.0.5:8786", or a client of one: its
        workers train, as many networks at once as they have threads. It needs the extra ``dask``.
        `jobs` is then 1.

    Returns
    -------
    SearchResult
        The model, and all that was tried.

    Raises
    ------
    DataError
        Nothing fits the budget, no group can be spared to choose by, or the journal is of another
        search.
    XnorNodeError
        An extra is missing, or there is no Dask scheduler, or it has gone, or its workers have
        other versions of xnornode or NumPy.

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
    >>> found = search(prepare(dataset), Budget(bytes=1000), base, trials=3, defaults=[base])
    >>> found.best.cost.bytes <= 1000, len(found.trials)
    (True, 3)
    """
    base = base or default_config(splits)
    if trials < 1 or (minutes is not None and not minutes > 0):
        raise DataError("a search needs at least one trial, and minutes above 0")
    if jobs < 1 or (jobs > 1 and dask is not None):
        raise DataError("jobs must be at least 1, and 1 with dask: its workers say how many")
    settings = search_settings(
        splits, base, budget, trials, minutes, validation, candidates, defaults
    )
    folds = folds_for(splits, validation)
    refused = 0
    if candidates is None:
        defaults = defaults_of(splits, base) if defaults is None else tuple(defaults)
        source = drawn(splits, budget, base, defaults)
        trials = max(trials, len(defaults))
    else:
        source, refused = checked(candidates, splits, budget)
    count = round_count(base.epochs)
    kept = Journal(Path(journal) if journal else None, settings)
    stopped = False
    pool = _pool([Lesson.of(splits, part) for part in folds], jobs, dask)
    rounds = Rounds(len(folds), count, kept, pool, progress)
    try:
        with closing(pool):
            if minutes is None:
                rounds.run(islice(source, trials), trials)
            else:
                start, share = clock(), 60 * minutes / count
                rounds.run(
                    source, None, lambda k: clock() + rounds.before - start >= (k + 1) * share
                )
    except KeyboardInterrupt:
        so_far = rounds.best()
        if not (interrupted and so_far):
            raise
        stopped = True
        interrupted(so_far[0])
    chosen = rounds.best()
    if chosen is None:
        first = rounds.failed[0][1]
        why = "failed" if first.endswith(DIED) else "diverged, lower the learning rate"
        raise DataError(f"every training {why}: {first}")
    best, why = chosen
    whole = replace(splits, validation=None)
    final = teller(progress, Step(count + 1, count, 1, 1))
    trained = train(whole, best.candidate.config, progress=final)
    # The final network has learned from all; its validation part is that of the best trial.
    trained = replace(trained, temperature=rounds.temperatures[best.candidate.number])
    model = folded(trained, splits, stopped)
    test = splits.tested()
    found = tuple(rounds.latest[number] for number in sorted(rounds.latest))
    return SearchResult(
        budget=budget,
        trials=found,
        front=pareto(found),
        best=best,
        why=why,
        model=model,
        trained=trained,
        accuracy=float((model.predict(test.items) == test.labels).mean()),
        held_out=held_out(folds),
        validation=sum(len(fold.held) for fold in folds),
        folds=len(folds),
        failed=tuple(rounds.failed),
        refused=refused,
        stopped=stopped,
    )


def _pool(lessons: Sequence[Lesson], jobs: int, dask: Any) -> Pool:
    """Where the trainings are carried out. Raises XnorNodeError."""
    if dask is not None:
        return Cluster(lessons, dask)
    return Here(lessons) if jobs == 1 else Cores(lessons, jobs)


def search_settings(
    splits: Splits,
    base: TrainConfig,
    budget: Budget,
    trials: int = TRIALS,
    minutes: float | None = None,
    validation: Wanted = None,
    candidates: Sequence[TrainConfig] | None = None,
    defaults: Sequence[TrainConfig] | None = None,
) -> str:
    """All that the trainings of a search depend on, of the same arguments as `search` takes.

    A journal of another text is refused.
    """
    data = settings_text(base, 1, splits.train, splits.validation)
    given = (budget, trials, minutes, validation, candidates, defaults)
    return f"{__version__} {data} {given}"
