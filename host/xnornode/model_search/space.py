"""Networks that keep a budget: the defaults, and others at random, as wide as still fits."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial

import numpy as np

from xnornode.data.splits import Splits
from xnornode.errors import DataError, ModelError
from xnornode.model_search.budget import Budget, Candidate, Cost, cost_of
from xnornode.model_search.forms import families
from xnornode.model_search.inputs import one_of
from xnornode.model_search.tuning import difference, fitted, tuned
from xnornode.recipes.candidates import candidates as usual_candidates
from xnornode.training.config import TrainConfig

FORMS = 6  # tries in a family; one must fit
TRIES = 30  # draws in a row that give nothing new, after which there is nothing new
NARROWER = (0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625)
"""Of the widths of a default that exceeds the budget: the first that fits is taken."""


def checked(
    configs: Sequence[TrainConfig], splits: Splits, budget: Budget
) -> tuple[Iterator[Candidate], int]:
    """Those of `configs` that keep the budget, and how many do not."""
    costs = [cost_of(config, splits, budget.chip) for config in configs]
    kept = [(g, c) for g, c in zip(configs, costs, strict=True) if c.within(budget)]
    if not kept:
        raise _nothing_fits(budget, costs)
    return iter([Candidate(i, g, c) for i, (g, c) in enumerate(kept)]), len(costs) - len(kept)


def defaults_of(splits: Splits, base: TrainConfig) -> tuple[TrainConfig, ...]:
    """`base`, and what else `xnornode train` tries by default, with the settings of `base`.

    Where `base` has other epochs than usual, all have these.
    """
    first, *others = (candidate.config for candidate in usual_candidates(splits))
    found = [base]
    for config in others:
        own = {f.name: getattr(config, f.name) for f in fields(config)}
        own = {name: value for name, value in own.items() if value != getattr(first, name)}
        if base.epochs != first.epochs:
            own["epochs"] = base.epochs
        found.append(replace(base, **own))
    return tuple(found)


def drawn(
    splits: Splits, budget: Budget, base: TrainConfig, defaults: Sequence[TrainConfig]
) -> Iterator[Candidate]:
    """Different networks that keep the budget, until none is new; those of `defaults` come first.

    Half of the others are as wide as the budget allows, the rest anything up to that: accuracy
    rises with width, but the Pareto front wants small ones too. Raises DataError where nothing
    fits.
    """
    rng = np.random.default_rng(base.seed)
    costs: dict[str, Cost | None] = {}
    problem: Exception | None = None

    def network(config: TrainConfig) -> str:
        return repr(replace(config, learning_rate=base.learning_rate, augment=None))

    def cost(config: TrainConfig) -> Cost | None:
        nonlocal problem
        key = network(config)
        if key not in costs:
            try:
                costs[key] = cost_of(fitted(config), splits, budget.chip)
            except (DataError, ModelError) as error:
                costs[key], problem = None, error
        return costs[key]

    def fits(config: TrainConfig) -> bool:
        found = cost(config)
        return found is not None and found.within(budget)

    given: set[str] = set()

    def candidate(config: TrainConfig, kept: bool) -> Iterator[Candidate]:
        if repr(config) in given or not fits(config):
            return
        found = cost(config)
        assert found
        yield Candidate(len(given), config, found, kept, difference(config, base))
        given.add(repr(config))

    if cost(base) is None and isinstance(problem, DataError):
        raise problem  # a mistake in what all share, which must not pass for a want of room
    for config in defaults:
        yield from candidate(fitted(narrowed(config, fits)), kept=True)
    idle, forms, networks = 0, families(splits, base), set[str]()
    while idle < TRIES:
        idle += 1
        form = one_of(rng, forms)
        # More than one try, or a family with few forms that fit would hardly be seen.
        for _ in range(FORMS):
            at, widths = form(rng)
            fitting = bisect_left(widths, True, key=partial(_exceeds, at, fits))
            if fitting:
                widest = rng.random() < 0.5
                width = widths[fitting - 1 if widest else int(rng.integers(fitting))]
                config = at(width)
                idle = idle if network(config) in networks else 0
                networks.add(network(config))
                yield from candidate(tuned(rng, config, splits), kept=False)
                break
    if not given:
        known = [found for found in costs.values() if found]
        raise _nothing_fits(budget, known) if known or not problem else problem


def _exceeds(
    at: Callable[[int], TrainConfig], fits: Callable[[TrainConfig], bool], width: int
) -> bool:
    return not fits(at(width))


def narrowed(config: TrainConfig, fits: Callable[[TrainConfig], bool]) -> TrainConfig:
    """The same, or the widest of some narrower ones that fit; the same where none does."""
    for share in (1.0, *NARROWER):
        layers = tuple(
            replace(spec, outputs=max(1, round(spec.outputs * share))) for spec in config.layers
        )
        made = replace(config, layers=layers)
        if fits(made):
            return made
    return config


def _nothing_fits(budget: Budget, costs: Sequence[Cost]) -> DataError:
    least = min(c.bytes for c in costs)
    fastest = min(c.microseconds for c in costs) / 1000
    frugal = min(c.ram for c in costs)
    return DataError(
        f"no network fits {budget}: of {len(costs)} that were tried the smallest takes {least:,} "
        f"bytes, the fastest {fastest:.3g} ms on {budget.chip.name}, the least RAM {frugal:,} "
        "bytes; names, labels and channels count too"
    )
