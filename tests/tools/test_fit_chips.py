"""The constants of chips.py against the core as it is: counted instruction by instruction."""

import pytest

from tools.bench.fit_chips import TARGETS, count, fit
from tools.bench.fit_networks import cases
from tools.emulators.unicorn_core import Machine
from xnornode.cost.chips import ESP32, RP2040
from xnornode.cost.estimate import cycles

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
    "characters 2-3, 300",
)


@pytest.mark.parametrize("chip", [RP2040, ESP32], ids=lambda chip: chip.name)
def test_estimates_are_near_what_is_counted(chip):
    machine = Machine(TARGETS[chip.name])
    some = [case for case in cases() if case.name in SOME]
    assert len(some) == len(SOME)
    counted = {case.name: count(machine, case) for case in some}
    off = {
        case.name: cycles(case.model, chip, case.shares) / counted[case.name] - 1 for case in some
    }
    far = {name: f"{share:+.1%}" for name, share in off.items() if abs(share) > 0.1}
    assert not far, "renew chips.py by tools/bench/fit_chips.py"


@pytest.mark.quick
def test_the_fit_finds_the_constants_that_made_the_counts():
    every = list(cases())
    found = fit(RP2040, [(case, cycles(case.model, RP2040, case.shares)) for case in every])
    for name, value in found.items():
        owner = RP2040.features if name.startswith("front.") else RP2040
        made_by = getattr(owner, name.removeprefix("front."))
        assert value == pytest.approx(made_by, rel=1e-3, abs=1e-6)


@pytest.mark.quick
@pytest.mark.parametrize("chip", [RP2040, ESP32], ids=lambda chip: chip.name)
def test_nothing_takes_less_than_no_time(chip):
    own, features = dict(vars(chip)), vars(chip.features)
    del own["name"], own["basis"], own["features"]
    assert {name: value for name, value in {**own, **features}.items() if value < 0} == {}
