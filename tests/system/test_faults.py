"""Pushes to a node that classifies, over a line on which things go wrong; `make soak`: 12,000."""

import pytest

from tests.lab.faultlab import QUICK, UnixLab
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


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with UnixLab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(node):
    """A node that classifies, whatever the test before has left."""
    node.revive()
    return node


def run(lab, plans):
    """Push with each plan. How many did not succeed, and how many faults did happen."""
    failed = fired = 0
    for plan in plans:
        try:
            outcome = lab.push(plan.faults, plan.noise, plan.seed, pty=plan.pty)
        except Exception as error:
            error.add_note(str(plan))
            raise
        failed += outcome.pushed is None
        fired += len(outcome.fired)
    return failed, fired


def test_without_faults(lab):
    assert run(lab, [Plan("clean"), Plan("clean", pty=False)] * 2) == (0, 0)


def test_at_any_byte(lab):
    plans = sample(every_byte(1000, 1500), 60, seed=1)
    failed, fired = run(lab, plans)
    assert failed == 0, "one damaged byte is mended"
    assert fired > 40


def test_in_each_state_past_each_timeout(lab):
    failed, fired = run(lab, sample(in_each_state(QUICK), 80, seed=2))
    assert failed == 0 and fired > 50


def test_a_push_that_the_node_has_let_go(lab):
    plans = [plan for plan in long_stalls() if all(fault.nth == 1 for fault in plan.faults)]
    assert {plan.faults[0].way for plan in plans} == {TO_NODE, TO_HOST}
    assert run(lab, plans) == (0, 2)


def test_prints_in_between(lab):
    failed, fired = run(lab, sample(prints(), 60, seed=4))
    assert failed == 0 and fired > 40


def test_anything(lab):
    plans = [at_random(seed, 6000) for seed in range(100)]
    failed, fired = run(lab, plans)
    assert failed < 30 and fired > 40
    assert {plan.name for plan in plans} == {"random", "noise"}
    assert {fault.way for plan in plans for fault in plan.faults} == {TO_NODE, TO_HOST}


def test_two_hosts_at_once(lab):
    outcomes = [outcome for seed in range(10) for outcome in lab.race(seed)]
    assert sum(outcome.pushed is not None for outcome in outcomes) >= 8, "one of two, most times"


def test_an_emulated_pico(pico_firmware, tmp_path):
    """The whole chip: flash that stalls it, USB that goes away, a start that takes a while."""
    plans = sample(in_each_state(PICO), 6, seed=5) + sample(prints(), 3, seed=6)
    plans += [at_random(seed, 6000) for seed in range(3)]
    with PicoLab(PowerLab(tmp_path, pico_firmware)) as lab:
        failed, fired = run(lab, plans)
    assert failed <= 3 and fired > 6
