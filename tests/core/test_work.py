"""The work of one window is bounded: both loaders count the same, and refuse the same files."""

import functools
from dataclasses import replace

import pytest

from tests.lab.core import core
from tests.lab.fuzz_seeds import networks
from tests.lab.nets import awkward_models, conv_models
from tests.lab.slow_models import GROWING, any_work, attack
from tools.bench import cases
from tools.bench.fit_networks import cases as fitted
from xnornode.cost.chips import RP2040
from xnornode.cost.cycles import LayerUsage, Usage, cycles
from xnornode.cost.estimate import estimate
from xnornode.errors import ModelError
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.limits import MAX_LAYERS, MAX_WORK
from xnornode.model.work import work

pytestmark = pytest.mark.quick

CYCLES = 16  # of a Cortex-M0+ that an operation stands for at most
WORST = Usage(1.0, 0.5, (LayerUsage(1.0, 0.0, 1.0),) * MAX_LAYERS)
MODELS = [*awkward_models(), *conv_models(), *networks().values()]


def work_of(model):
    w = model.window
    return work(model.features, model.encoding, model.layers, w.length, len(w.channels))


def reason(data):
    try:
        from_bytes(data)
    except ModelError as error:
        return error.reason
    return "ok"


@functools.cache
def most(kind):
    """The largest n that is accepted."""
    low, high = 9, 65_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reason(GROWING[kind](middle)) == "ok" else (low, middle)
    assert 9 < low < 64_999
    return low


def test_a_small_file_of_much_work_is_refused():
    data = attack()
    assert len(data) < 1000
    assert reason(data) == core().classify(data).reason == "work"
    with any_work():
        (time, _) = estimate(from_bytes(data)).times
    assert time.microseconds > 20e6


def test_both_loaders_count_the_same():
    wrong = {m.name: (core().work(to_bytes(m)), work_of(m)) for m in MODELS}
    assert {name: pair for name, pair in wrong.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("kind", GROWING)
def test_both_loaders_draw_the_same_line(kind):
    """The last model that is accepted, the first one that is refused, and some beyond."""
    grow, n = GROWING[kind], most(kind)
    for size, expected in ((n, "ok"), (n + 1, "work"), (65_000, "work")):
        data = grow(size)
        assert reason(data) == core().classify(data).reason == expected, size
    total = work_of(from_bytes(grow(n)))
    assert core().work(grow(n)) == total <= MAX_WORK
    assert total > 0.95 * MAX_WORK


def test_an_operation_stands_for_16_cycles_at_most():
    far = {}
    for model in [*MODELS, *(case.model for case in fitted())]:
        share = (RP2040.call + cycles(model, RP2040, WORST)) / work_of(model)
        if share > CYCLES:
            far[model.name] = share
    assert far == {}


@pytest.mark.parametrize("kind", GROWING)
def test_the_limit_is_some_seconds_on_a_pico(kind):
    took = RP2040.call + cycles(from_bytes(GROWING[kind](most(kind))), RP2040, WORST)
    assert 0.1 * RP2040.hertz < took <= CYCLES * MAX_WORK < 2.2 * RP2040.hertz


def test_the_recipes_stay_far_below():
    for case in cases.models():
        assert work_of(case.model) < MAX_WORK / 12, case.name


def test_a_model_of_too_much_work_cannot_be_made():
    model = networks()["conv"]
    with any_work():
        slow = from_bytes(attack())
    with pytest.raises(ModelError, match="operations, the format allows 16,777,216") as refused:
        replace(slow, name=model.name)
    assert refused.value.reason == "work"
