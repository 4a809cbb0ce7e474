"""What a search tries: the defaults, and networks at random that keep the budget."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tests.lab.search_tasks import (
    BASE,
    BUDGET,
    image_task,
    sound_task,
    task,
    text_task,
    value_task,
)
from xnornode.cost.chips import ESP32, RP2040
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import estimate
from xnornode.data.augment import Augment
from xnornode.data.sound_augment import SoundAugment
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.features import Raw
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import BITS, Statistics
from xnornode.model_search import space
from xnornode.model_search.budget import Budget, Candidate, cost_of, notes
from xnornode.model_search.inputs import Inputs
from xnornode.model_search.space import defaults_of, drawn
from xnornode.model_search.tuning import difference, tuned
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.candidates import candidates
from xnornode.recipes.defaults import default_config
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train


def some(splits: Splits, budget: Budget, count: int) -> list[Candidate]:
    return list(islice(drawn(splits, budget, BASE, [BASE]), count))


@pytest.mark.parametrize(
    ("make", "base", "budget"),
    [
        (task, BASE, Budget(bytes=1500)),
        (image_task, TrainConfig(image_shape=(12, 12)), Budget(ram=5000, chip=ESP32)),
        (value_task, BASE, Budget(milliseconds=0.3)),
        (text_task, TrainConfig(features=NGrams("words", 1, 1, 64, 64)), Budget(bytes=2000)),
    ],
    ids=["windows", "images", "values", "texts"],
)
def test_costs_before_training_are_those_after(
    make: Callable[[], Splits], base: TrainConfig, budget: Budget
) -> None:
    given_task = make()
    chosen = list(islice(drawn(given_task, budget, base, [base]), 15))
    assert len({repr(c.config) for c in chosen}) == len(chosen) == 15
    assert [c.number for c in chosen] == list(range(15))
    for c in chosen:
        trained = train(given_task, replace(c.config, epochs=1))
        model = fold(trained, notes=notes(c.config, given_task))
        usage = measure(model, given_task.train.items)
        figures = estimate(model, (budget.chip,), usage)
        assert (figures.file_bytes, figures.ram.total) == (c.cost.bytes, c.cost.ram)
        assert figures.times[0].microseconds <= 1.08 * c.cost.microseconds
        # The first layer's inputs are as they were; the others are known by then.
        learned = c.config.encoding == "learned-thermometer"
        known = replace(usage, layers=usage.layers[: not learned])
        (same,) = estimate(model, (budget.chip,), known).times
        assert same.microseconds == pytest.approx(c.cost.microseconds, rel=0.08)
        assert c.cost.within(budget)


def test_draws_convolutions_dense_layers_means_and_several_codes() -> None:
    configs = [c.config for c in islice(drawn(task(), Budget(bytes=3000), BASE, [BASE]), 50)]
    assert configs[0] == BASE
    assert {"thermometer", "bit-planes", "int8", "learned-thermometer"} == {
        c.encoding for c in configs
    }
    kinds = {type(spec) for c in configs for spec in c.layers}
    assert kinds == {Dense, Conv}
    assert {c.global_average_pooling for c in configs} == {True, False}
    assert len({c.bits for c in configs if c.encoding == "thermometer"}) > 4
    assert {type(c.features) for c in configs} == {Raw, Statistics}
    assert {s.activation for c in configs for s in c.layers if isinstance(s, Dense)} == {
        "binary",
        "int8",
    }
    strides = {s.stride[0] for c in configs for s in c.layers if isinstance(s, Conv)}
    assert strides == {1, 2, 4}


def test_a_larger_budget_is_used() -> None:
    small = [c.cost.bytes for c in islice(drawn(task(), Budget(bytes=1000), BASE, [BASE]), 15)]
    large = [c.cost.bytes for c in islice(drawn(task(), Budget(bytes=20000), BASE, [BASE]), 15)]
    assert max(large) > 10000 and max(small) > 800


def test_drawing_ends_where_nothing_new_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "TRIES", 6)
    few = list(drawn(value_task(), Budget(bytes=280), BASE, []))
    assert 1 <= len(few) < 60
    assert all(c.cost.bytes <= 280 for c in few)


def test_cost_refuses_what_cannot_be_a_model() -> None:
    with pytest.raises(DataError, match="does not fit"):
        cost_of(replace(BASE, layers=(Conv(4, (17, 1)),)), task(), RP2040)


def test_budget_without_a_limit_is_refused() -> None:
    with pytest.raises(DataError, match="needs a budget"):
        Budget()
    with pytest.raises(DataError, match="above 0"):
        Budget(bytes=0)


def test_every_statistic_is_drawn() -> None:
    inputs, rng = Inputs.of(task()), np.random.default_rng(0)
    names = {name for _ in range(60) for name in inputs.draw_statistics(rng).statistics}
    assert names == set(BITS)


def test_sound_has_spectra_of_several_frames_and_bands() -> None:
    splits = sound_task()
    found = [c.config for c in some(splits, Budget(bytes=4000), 40)]
    spectra = [c.features for c in found if isinstance(c.features, Spectrum)]
    assert len(spectra) >= 5
    assert len({s.frame for s in spectra}) > 1 and len({s.bands for s in spectra}) > 2
    assert {bool(s.summary) for s in spectra} == {True, False}
    changed = [c for c in found if isinstance(c.augment, SoundAugment)]
    of_levels = [c for c in changed if c.augment.band_mask or c.augment.band_shift]
    assert changed and all(isinstance(c.features, Spectrum) for c in of_levels)


def test_learning_rate_and_augmentation_are_drawn_and_said() -> None:
    rng = np.random.default_rng(0)
    base = replace(BASE, augment=Augment(scale=0.3))
    made = [tuned(rng, base, task()) for _ in range(200)]
    assert {c.learning_rate for c in made} == {0.0015, 0.003, 0.006}
    assert {c.augment for c in made} >= {None, base.augment}
    said = {difference(c, base) for c in made}
    assert {"", "rate 0.006", "not augmented"} <= said
    assert any("augmented: scale 0.1, jitter 0.05" in text for text in said)


def test_the_defaults_come_first_and_narrower_where_they_exceed_the_budget() -> None:
    splits = task()
    base = replace(default_config(splits), epochs=5, seed=3)
    defaults = defaults_of(splits, base)
    assert len(defaults) == len(candidates(splits)) > 1
    assert {(c.epochs, c.seed) for c in defaults} == {(5, 3)}
    wide = list(islice(drawn(splits, Budget(bytes=200_000), base, defaults), len(defaults) + 3))
    assert [c.config for c in wide if c.kept] == list(defaults)
    assert [c.kept for c in wide] == [True] * len(defaults) + [False] * 3
    few = list(islice(drawn(splits, BUDGET, base, defaults), len(defaults)))
    kept = [c.config for c in few if c.kept]
    assert kept and all(c.cost.within(BUDGET) for c in few)
    assert {c.features for c in kept} <= {c.features for c in defaults}
