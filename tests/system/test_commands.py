"""Each command over lines on which anything goes wrong; `make soak`: 2,000 in real time."""

import math

import pytest

from tests.lab.commandlab import simulated, unix_commands
from tests.lab.commandplans import ACKS, COMMANDS, DEAD, KINDS, CommandPlan, plan
from tests.lab.faultlab import lab_models
from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from tests.lab.interloper import Interloper
from tests.lab.simulated import SimulatedNode, push_into
from tests.lab.talkers import STRANGERS
from xnornode.model.file_format import to_bytes

FILES = [to_bytes(model) for model in lab_models()[:2]]


@pytest.fixture
def folder(tmp_path):
    """Of a node that has two models."""
    node = SimulatedNode(tmp_path)
    for data in reversed(FILES):
        push_into(node, data)
        node.store.confirm(node.number)
    return tmp_path


def run(folder, *plans):
    """The runs of plans, each of which is checked."""
    runs = []
    for each in plans:
        try:
            runs.append(simulated(folder, FILES, each))
        except Exception as error:
            error.add_note(str(each))
            raise
    return runs


def test_each_kind_on_each_command(folder):
    plans = [p for p in map(plan, range(len(KINDS) * len(COMMANDS))) if not p.other]
    runs = run(folder, *plans)
    assert {r.plan.kind for r in runs} == {*KINDS} - {"two hosts"}
    assert {r.status for r in runs} == {0, 1}
    assert sum(r.fired for r in runs) > 0.8 * len(runs)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_dead_start(folder, command):
    """The program goes on, and a command on a line that comes to life within 9 s succeeds."""
    for seconds in DEAD:
        for ways in ((TO_NODE,), (TO_HOST,), (TO_NODE, TO_HOST)):
            dead = Interloper(dead=dict.fromkeys(ways, seconds))
            (ended,) = run(folder, CommandPlan(0, command, "dead start", interloper=dead))
            assert ended.status == 0 or seconds > 9.0, ended


@pytest.mark.parametrize("name", STRANGERS)
def test_each_flood(folder, name):
    """Beside a node that classifies, before it comes, and where there is none."""
    for command in ("list", "rollback"):
        beside = CommandPlan(0, command, "beside", interloper=Interloper(STRANGERS[name]))
        first = CommandPlan(1, command, "first", interloper=Interloper(STRANGERS[name], 5.0, 5.0))
        run(folder, beside, first)


def test_false_acks(folder):
    """Acks without progress, or of a byte more each time, however fast they come."""
    for acks in ACKS:
        (ended,) = run(folder, CommandPlan(0, "push", "acks", interloper=Interloper(acks=acks)))
        assert ended.status == 1


LATE = Fault(Kind.STALL, TO_HOST, 30, b'"event":"hello"', 1, seconds=10.5)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("gone", [False, True])
def test_an_answer_from_before_an_interrupt(folder, command, gone):
    """It says nothing about the program now, which the interrupt has stopped.

    gone: the port goes away at that moment. The program is started again all the same.
    """
    faults = [LATE, *([Fault(Kind.DISCONNECT, TO_HOST, 31, b'"event":"hello"', 1)] if gone else [])]
    (ended,) = run(folder, CommandPlan(0, command, "late", faults))
    assert "interrupting" in ended.said or command == "doctor"


def test_noise_takes_a_push_no_minute(folder):
    """What is lost is sent again soon: 6 s for each would add up to minutes."""
    for seed in range(3):
        (ended,) = run(folder, CommandPlan(seed, "push", "noise", noise=3e-4))
        assert ended.status == 0


def test_in_real_time(tmp_path):
    """The same to a program in MicroPython, over a real port."""
    plans = [
        CommandPlan(number, command, "real", interloper=interloper, process=number == 0)
        for number, command in enumerate(COMMANDS)
        for interloper in (
            Interloper(),
            Interloper(STRANGERS["gps"]),
            Interloper(dead={TO_NODE: 2}),
        )
    ]
    with unix_commands(tmp_path, longest=math.inf) as lab:  # time is that of a busy computer
        assert {lab.run(each).status for each in plans} == {0}
