"""The prices of chips.py against the core as it is: counted instruction by instruction."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from tools.bench.fit_chips import TARGETS, count, estimated, fit, renewed
from tools.bench.fit_drawn import draw, tasks
from tools.bench.fit_networks import Case, cases
from tools.bench.whole_models import SETUP, timed
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.unicorn_core import Machine
from xnornode.cost import cycles as counting
from xnornode.cost.chips import CHIPS, RP2040
from xnornode.cost.cycles import ENCODINGS, NEEDS, PREPROCESSING, cycles, work
from xnornode.cost.estimate import estimate
from xnornode.link.repl import Board
from xnornode.model.features import Raw
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.ngrams import NGrams, Unit
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import BITS, STATISTICS, Statistics
from xnornode.model_search.budget import Budget
from xnornode.model_search.search import search

SOME = (
    "dense 64-64-64",
    "dense 256-64",
    "conv",
    "deep image",
    "wide steps",
    "three bits",
    "rows 240-100",
    "bytes to bytes",
    "bit-planes",
    "usual 64 x 2",
    "asymmetry 64 x 2",
    "lagged covariance 64 x 2",
    "characters 2-3, 300",
    "spectrum centred 128 / 64, 24 bands, 512 x 2",
    "spectrum all over 256 / 128, 32 bands, 1024 x 1",
)
EACH = 7  # networks of a task
of_chips = pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)


@pytest.fixture(scope="module")
def networks():
    """From the space of search, by a seed that the prices were not fitted to."""
    return list(draw(100, EACH))


@of_chips
def test_networks_of_search_are_within_8_percent(chip, networks):
    machine = Machine(TARGETS[chip.name])
    assert len(networks) >= 50
    far = {}
    for case in networks:
        counted = count(machine, case)
        off = cycles(case.model, chip, case.usage) / counted - 1
        # Without data the estimate is the most that is to be expected.
        if abs(off) > 0.08 or cycles(case.model, chip) < 0.92 * counted:
            far[case.name] = f"{off:+.1%}"
    assert not far, "renew chips.py by python -m tools.bench.fit_chips --renew"


def test_a_whole_call_of_predict_is_within_8_percent(networks, pico_firmware, tmp_path):
    """The default network of each kind of data, on the emulated Pico."""
    machine, off = Machine(TARGETS[RP2040.name]), {}
    with EmulatedPico(tmp_path / "flash", firmware=pico_firmware) as pico, Board(pico.url) as board:
        board.run(SETUP)
        for case in networks[::EACH]:
            (time,) = estimate(case.model, (RP2040,), case.usage).times
            off[case.name] = time.microseconds / timed(board, machine, case).microseconds - 1
    assert len(off) == 8
    assert {name: f"{share:+.1%}" for name, share in off.items() if abs(share) > 0.08} == {}


@of_chips
def test_estimates_are_near_what_is_counted(chip):
    machine = Machine(TARGETS[chip.name])
    some = [case for case in cases() if case.name in SOME]
    assert len(some) == len(SOME)
    off = {case.name: estimated(case, chip.costs) / count(machine, case) - 1 for case in some}
    far = {name: f"{share:+.1%}" for name, share in off.items() if abs(share) > 0.08}
    assert not far, "renew chips.py by python -m tools.bench.fit_chips --renew"


def test_search_hands_out_no_model_over_its_budget():
    machine = Machine(TARGETS[RP2040.name])
    for (splits, base), milliseconds in zip(tasks(5), (8.5, 3, 4, 0.7), strict=False):
        budget = Budget(milliseconds=milliseconds)
        found = search(splits, budget, replace(base, epochs=3), trials=3)
        windows = splits.train.items[::6]
        case = Case("found", found.model, windows, [x.tobytes() for x in windows])
        took = 1000 * (RP2040.call + count(machine, case)) / RP2040.hertz
        assert took <= 1.08 * milliseconds, found.best.candidate.network


@pytest.mark.quick
def test_every_part_of_a_network_has_a_price_and_a_case():
    every = list(cases())
    assert set(NEEDS) == set(STATISTICS)
    features, encodings = [c.model.features for c in every], {type(c.model.encoding) for c in every}
    kinds_of_features = {Raw, Statistics, Spectrum, NGrams}
    assert {*PREPROCESSING, NGrams} == set(map(type, features)) == kinds_of_features
    alone = {features.statistics for features in features if isinstance(features, Statistics)}
    assert {(name,) for name in BITS} <= alone
    assert {features.unit for features in features if isinstance(features, NGrams)} == set(
        get_args(Unit)
    )
    assert set(ENCODINGS) == set(get_args(InputEncoding)) == encodings - {type(None)}
    names = {name for case in every for name in case.work}
    kinds = product(("binary", "int8"), ("binary", "int8", "scores"))
    assert {f"{inputs} to {outputs}" for inputs, outputs in kinds} <= names
    for chip in CHIPS:
        assert names == set(chip.costs)


@pytest.mark.quick
def test_what_is_not_known_is_an_error(monkeypatch):
    (case,) = (case for case in cases() if case.name == "asymmetry 64 x 2")
    free = replace(RP2040, costs={k: v for k, v in RP2040.costs.items() if k != "change"})
    with pytest.raises(KeyError, match="change"):
        cycles(case.model, free)
    monkeypatch.delitem(counting.NEEDS, "asymmetry")
    with pytest.raises(KeyError, match="asymmetry"):
        work(case.model, counting.Usage())


@pytest.mark.quick
def test_the_fit_finds_the_prices_that_made_the_counts():
    every = list(cases())
    found = fit([(case, estimated(case, RP2040.costs)) for case in every])
    made = {case.name: estimated(case, found) for case in every}
    for case in every:
        assert made[case.name] == pytest.approx(estimated(case, RP2040.costs), rel=1e-3)


@pytest.mark.quick
def test_renewed_prices_are_those_of_one_chip():
    text = 'x(\n    name="A",\n    costs={\n        "old": 1,\n    },\n)\n'
    both = text + text.replace('"A"', '"B"')
    new = renewed(both, "A", {"new one": 12.345})
    assert new == both.replace('"old": 1', '"new one": 12.3', 1)


@pytest.mark.quick
@of_chips
def test_nothing_takes_less_than_no_time(chip):
    assert {name: value for name, value in chip.costs.items() if value < 0} == {}
