"""The search under a budget: what is trained, and what is chosen by."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lab.search_tasks import BASE, BUDGET, TRAINING, spied, task, waves
from xnornode.cost.chips import RP2040
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import estimate
from xnornode.data.augment import Augment
from xnornode.data.splits import Splits
from xnornode.data.windows import Windows
from xnornode.errors import DataError, ModelError
from xnornode.export.answers import temperature_of
from xnornode.export.fold import fold, score_gain
from xnornode.model import file_format, model_file
from xnornode.model.model import Model, Window
from xnornode.model_search import one_training, space
from xnornode.model_search.budget import Budget, cost_of
from xnornode.model_search.parts import folds_for, split_validation
from xnornode.model_search.rounds import round_count, round_epochs
from xnornode.model_search.search import SearchResult, search
from xnornode.model_search.trial import Step, pareto
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import train

LAST = ("e",)
"""The group to choose by, where one is enough."""


@pytest.fixture(scope="module")
def found() -> SearchResult:
    return search(task(), BUDGET, BASE, trials=9, validation=LAST, defaults=[BASE])


def test_file_keeps_the_budget_and_is_what_was_foretold(
    found: SearchResult, tmp_path: Path
) -> None:
    size = model_file.save_model(found.model, tmp_path / "best.bnn")
    assert size == (tmp_path / "best.bnn").stat().st_size == found.best.cost.bytes
    assert size <= 900
    usage = measure(found.model, task().train.items)
    took = estimate(found.model, (RP2040,), usage).times[0].microseconds
    assert took <= 1.08 * found.best.cost.microseconds <= 1080
    assert all(t.cost.bytes <= 900 and t.cost.microseconds <= 1000 for t in found.trials)


def test_finds_a_network_that_has_learned(found: SearchResult) -> None:
    assert len(found.trials) == 9
    assert found.accuracy > 0.6  # one in three by chance
    data = found.model.predict(task().test.items) == task().test.labels
    assert found.accuracy == data.mean()


def test_the_temperature_is_that_of_the_best_trial_on_the_validation_part(
    found: SearchResult,
) -> None:
    temperature = found.trained.temperature
    assert temperature is not None and temperature.windows == found.validation
    gain = score_gain(found.trained.network.blocks[-1])
    assert temperature_of(found.model, found.trained, gain).value == pytest.approx(
        temperature.value, rel=1e-3
    )


def test_test_groups_are_seen_by_the_winner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    asked: list[int] = []
    real = Model.predict
    held = task()

    def counting(model: Model, items: Any) -> Any:
        asked.append(len(items))
        return real(model, items)

    monkeypatch.setattr(Model, "predict", counting)
    result = search(held, BUDGET, BASE, trials=4, validation=LAST, defaults=[BASE])
    *tried, (last, config) = seen
    assert result.held_out == LAST
    for data, _ in tried:
        assert set(data.groups) == set("abcd")
    assert set(last.groups) == set(TRAINING) and len(last) == len(held.train)
    assert config == result.best.candidate.config
    # The validation part, once for each training; the test part once.
    assert asked == [24] * len(tried) + [48]


def test_each_round_has_a_third_of_the_networks_and_thrice_the_epochs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = spied(monkeypatch)
    steps: list[Step] = []
    options: Any = {"validation": LAST, "defaults": [], "progress": steps.append}
    result = search(task(), BUDGET, BASE, trials=9, **options)
    assert [config.epochs for _, config in seen] == [1] * 9 + [3] * 3 + [9] + [9]
    ended = [(s.round, s.number, s.of) for s in steps if s.trial]
    first, second = ([(k, i + 1, of) for i in range(of)] for k, of in ((1, 9), (2, 3)))
    assert ended == [*first, *second, (3, 1, 1)]
    assert result.best.epochs == 9 and result.best.round == 3
    assert [s.round for s in steps if s.epoch][-9:] == [4] * 9


def test_few_groups_are_left_out_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first round one of the five, of the second two, of the last each."""
    seen = spied(monkeypatch)
    result = search(task(), BUDGET, BASE, trials=1, defaults=[BASE])
    *tried, _ = [("".join(sorted(set(TRAINING) - set(data.groups)))) for data, _ in seen]
    assert tried == list("a" + "ab" + "abcde")
    assert result.folds == 5 and result.held_out == tuple(TRAINING)
    assert [(name, n) for name, _, n in result.best.counts] == [(g, 24) for g in TRAINING]
    right = sum(right for _, right, _ in result.best.counts)
    assert result.best.accuracy == right / 120


def test_many_groups_have_one_part_to_choose_by() -> None:
    many = replace(task(), train=waves(1, "abcdefghij", each=9))
    result = search(many, BUDGET, replace(BASE, epochs=1), trials=1, defaults=[BASE])
    assert result.folds == 1 and 1 <= len(result.held_out) <= 3


def test_best_of_the_first_round_goes_on() -> None:
    steps: list[Step] = []
    search(task(), BUDGET, BASE, trials=9, validation=LAST, progress=steps.append)
    first = [s.trial for s in steps if s.trial and s.round == 1]
    second = {s.trial.candidate.number for s in steps if s.trial and s.round == 2}
    best = max(first, key=lambda t: (t.accuracy, -t.cost.bytes, -t.cost.microseconds))
    assert best.candidate.number in second


def foretold(monkeypatch: pytest.MonkeyPatch, right: Callable[[TrainConfig], int]) -> None:
    """So many windows of 24 are right, whatever a network has learned."""
    last: list[TrainConfig] = []
    real = one_training.fold

    def folded(trained: Trained) -> Model:
        last[:] = [trained.config]
        return real(trained)

    monkeypatch.setattr(one_training, "fold", folded)
    monkeypatch.setattr(one_training, "counts_on", lambda model, data: (("e", right(last[0]), 24),))


def test_the_default_reaches_the_last_round_and_is_chosen_unless_others_are_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: Any = {"trials": 6, "validation": LAST, "defaults": [BASE]}
    foretold(monkeypatch, lambda c: 10 if c.layers == BASE.layers and c.epochs < 9 else 20)
    result = search(task(), BUDGET, BASE, **options)  # its default is the last at first
    last = [t for t in result.trials if t.round == 3]
    assert {t.candidate.kept for t in last} == {True, False}
    default = next(t for t in last if t.candidate.kept)
    assert default.candidate.config == BASE and default.epochs == 9

    # One window more than the default is luck; eight more are not.
    for more, kept in ((1, True), (8, False)):
        foretold(monkeypatch, lambda c, more=more: 15 + more * (c.layers != BASE.layers))
        result = search(task(), BUDGET, BASE, **options)
        assert result.best.candidate.kept == kept
        assert ("a default" in result.why) == kept


def test_a_search_is_not_below_the_default_where_what_is_drawn_is_worse() -> None:
    """Windows whose classes differ in the sign of a product, which one layer does not see."""
    rng = np.random.default_rng(0)

    def products(groups: str) -> Windows:
        x = rng.choice([-1, 1], (60 * len(groups), 1, 2)) * 500 + rng.normal(0, 60, (1, 2))
        labels = (x[:, 0, 0] * x[:, 0, 1] > 0).astype(np.int64)
        return Windows(x.astype(np.int16), labels, np.repeat(list(groups), 60), ("no", "yes"))

    window = Window(("x", "y"), 1, 1, 0, (0, 0))
    splits = Splits("products", window, ("no", "yes"), products("abcd"), test=products("ef"))
    default = replace(BASE, layers=(Dense(16), Dense(16)), epochs=30, learning_rate=0.01)
    model = fold(train(splits, default))
    alone = (model.predict(splits.tested().items) == splits.tested().labels).mean()
    result = search(splits, Budget(bytes=600), default, trials=4, defaults=[default])
    assert alone > 0.9 and result.accuracy >= alone
    assert any(not t.candidate.kept and t.accuracy < 0.8 for t in result.trials)


@pytest.mark.parametrize(("epochs", "lengths"), [(27, [3, 9, 27]), (20, [2, 6, 20]), (2, [1, 2])])
def test_lengths_of_rounds(epochs: int, lengths: list[int]) -> None:
    count = round_count(epochs)
    assert [round_epochs(epochs, k, count) for k in range(count)] == lengths


def test_same_seed_same_search() -> None:
    options: Any = {"trials": 5, "defaults": [BASE]}
    first, second = (search(task(), BUDGET, BASE, **options) for _ in range(2))
    assert file_format.to_bytes(first.model) == file_format.to_bytes(second.model)
    plain = [[replace(t, seconds=0.0) for t in r.trials] for r in (first, second)]
    assert plain[0] == plain[1]
    other = search(task(), BUDGET, replace(BASE, seed=1), **options)
    assert [t.candidate.config.layers for t in other.trials] != [
        t.candidate.config.layers for t in first.trials
    ]


def test_given_candidates_over_budget_are_never_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    wide, slow = replace(BASE, layers=(Dense(256),)), replace(BASE, layers=(Conv(64, (9, 1)),))
    budget = replace(BUDGET, milliseconds=0.1)
    within = [cost_of(c, task(), RP2040).within(replace(budget, bytes=None)) for c in (BASE, slow)]
    assert within == [True, False]
    result = search(task(), budget, BASE, candidates=[wide, BASE, slow])
    assert {config.layers for _, config in seen} == {BASE.layers}
    assert result.refused == 2 and len(result.trials) == 1


@pytest.mark.parametrize(
    "budget", [Budget(bytes=150), Budget(milliseconds=0.001), Budget(ram=100)], ids=str
)
def test_nothing_fits(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "TRIES", 2)
    seen = spied(monkeypatch)
    with pytest.raises(DataError, match=r"no network fits .* the smallest takes \d+ bytes"):
        search(task(), budget, BASE)
    with pytest.raises(DataError, match="no network fits"):
        search(task(), budget, BASE, candidates=[BASE])
    assert not seen


def test_a_mistake_in_the_settings_is_said_and_not_that_nothing_fits() -> None:
    with pytest.raises(DataError, match="mirror names a channel beyond the 2 there are"):
        search(task(), BUDGET, replace(BASE, augment=Augment(mirror=(9,))))


def test_groups_of_the_validation_part_can_be_named() -> None:
    training, watched = split_validation(task().train, ("b", "c"))
    assert (set(training.groups), set(watched.groups)) == (set("ade"), set("bc"))
    with pytest.raises(DataError, match="nothing belongs to group z"):
        split_validation(task().train, ("z",))
    with pytest.raises(DataError, match="at least one trial"):
        search(task(), BUDGET, BASE, trials=0)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="a search needs a validation part"):
        search(replace(task(), train=waves(1, "a")), BUDGET, BASE)


def test_recordings_of_one_group_are_left_out() -> None:
    one = waves(1, "a")
    places = np.stack([np.arange(24) // 3, np.zeros(24, int)], axis=1)
    one = replace(one, places=places)
    folds = folds_for(replace(task(), train=one))
    assert len(folds) == 5
    for part in folds:
        assert not set(part.training.places[:, 0]) & set(part.held.places[:, 0])
    assert sum(len(part.held) for part in folds) == 24


def test_time_is_shared_among_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that every training moves on by ten seconds: of a minute, each round gets two."""
    seen = spied(monkeypatch)
    options: Any = {"validation": LAST, "defaults": [], "clock": lambda: 10.0 * len(seen)}
    result = search(task(), BUDGET, BASE, minutes=1, **options)
    epochs = [config.epochs for _, config in seen]
    assert epochs == [1, 1, 3, 9, 9]  # the third of 2 is 1; the last is the winner's
    assert len(result.trials) == 2


def test_at_least_one_training_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    options: Any = {"validation": LAST, "clock": lambda: 10.0 * len(seen)}
    search(task(), BUDGET, BASE, minutes=0.001, defaults=[], **options)
    assert [config.epochs for _, config in seen] == [1, 3, 9, 9]


def test_defaults_are_tried_however_short_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    other = replace(BASE, layers=(Dense(6),))
    options: Any = {"validation": LAST, "clock": lambda: 10.0 * len(seen)}
    search(task(), BUDGET, BASE, minutes=0.001, defaults=[BASE, other], **options)
    assert [config.epochs for _, config in seen] == [1, 1, 3, 3, 9, 9, 9]


def test_a_training_that_diverges_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = one_training.fold

    def diverging(trained: Trained) -> Model:
        if trained.config.layers == BASE.layers:
            raise ModelError("layer", "a batch norm is not finite")
        return real(trained)

    monkeypatch.setattr(one_training, "fold", diverging)
    result = search(task(), BUDGET, BASE, trials=3, defaults=[BASE])
    assert [(c.number, text) for c, text in result.failed] == [(0, "a batch norm is not finite")]
    assert [t.candidate.number for t in result.trials] == [1, 2]
    with pytest.raises(DataError, match="every training diverged"):
        search(task(), BUDGET, BASE, candidates=[BASE])


def test_front_of_a_search_is_that_of_its_trials(found: SearchResult) -> None:
    assert found.front == pareto(found.trials)
    assert max(t.accuracy for t in found.front) == max(t.accuracy for t in found.trials)
