"""Pushes to a node that classifies, over a line on which things go wrong; `make soak`: 12,000."""

from contextlib import ExitStack

import pytest

from tests.lab.faultlab import QUICK, UnixLab, failed_and_fired, push_all
from tests.lab.faultplans import (
    Plan,
    at_random,
    every_byte,
    in_each_state,
    long_stalls,
    prints,
    sample,
)
from tests.lab.faults import TO_HOST, TO_NODE
from tests.lab.powerlab import PICO, PicoLab, PowerLab

AT_ONCE = 5
"""Nodes that are pushed to side by side."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with ExitStack() as stack:
        yield [stack.enter_context(UnixLab(tmp_path_factory.mktemp("lab"))) for _ in range(AT_ONCE)]


@pytest.fixture
def labs(nodes):
    """Nodes that classify, whatever the test before has left."""
    for node in nodes:
        node.revive()
    return nodes


def run(labs, plans):
    return failed_and_fired(push_all(labs, plans))


def test_without_faults(labs):
    assert run(labs, [Plan("clean"), Plan("clean", pty=False)] * 2 * AT_ONCE) == (0, 0)


def test_at_any_byte(labs):
    plans = sample(every_byte(1000, 1500), 60, seed=1)
    failed, fired = run(labs, plans)
    assert failed == 0, "one damaged byte is mended"
    assert fired > 40


def test_past_each_timeout(labs):
    """In each state of a push; and two nodes have let a push go that is stalled for so long."""
    plans = sample(in_each_state(QUICK), 80, seed=2)
    let_go = [plan for plan in long_stalls() if all(fault.nth == 1 for fault in plan.faults)]
    assert {plan.faults[0].way for plan in let_go} == {TO_NODE, TO_HOST}
    outcomes = push_all(labs, plans + let_go)
    failed, fired = failed_and_fired(outcomes[: len(plans)])
    assert failed == 0 and fired > 50
    assert failed_and_fired(outcomes[len(plans) :]) == (0, 2)


def test_prints_in_between(labs):
    failed, fired = run(labs, sample(prints(), 60, seed=4))
    assert failed == 0 and fired > 40


def test_anything(labs):
    plans = [at_random(seed, 6000) for seed in range(100)]
    failed, fired = run(labs, plans)
    assert failed < 30 and fired > 40
    assert {plan.name for plan in plans} == {"random", "noise"}
    assert {fault.way for plan in plans for fault in plan.faults} == {TO_NODE, TO_HOST}


def test_two_hosts_at_once(labs):
    outcomes = [outcome for seed in range(10) for outcome in labs[0].race(seed)]
    assert sum(outcome.pushed is not None for outcome in outcomes) >= 8, "one of two, most times"


def test_an_emulated_pico(pico_firmware, tmp_path):
    """The whole chip: flash that stalls it, USB that goes away, a start that takes a while."""
    plans = sample(in_each_state(PICO), 6, seed=5) + sample(prints(), 3, seed=6)
    plans += [at_random(seed, 6000) for seed in range(3)]
    power = PowerLab(tmp_path, pico_firmware)
    with PicoLab(power) as one, PicoLab(power, 1) as other:
        failed, fired = run([one, other], plans)
    assert failed <= 3 and fired > 6
