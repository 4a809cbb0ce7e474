"""Two hundred simulated nodes, three stages, and links that lose and repeat messages."""

import random

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import NativeGateway, Watcher
from tests.lab.fleetsim import Fleet, model_file
from tests.lab.rolloutlab import SHORT, Operator, sha
from xnornode.fleet.rollback import roll_back
from xnornode.fleet.updater_push import over_broker

COUNT = 200
OLD, NEW, POISONED = model_file(1), model_file(2), model_file(3)
STAGES = "1,10%,100%"
PUSHES = 16  # at once: this computer has room for them


@pytest.fixture
def fleet(tmp_path):
    names = [f"room{k // 20}-{k}" for k in range(COUNT)]
    with Mosquitto(tmp_path / "broker") as mosquitto:
        settings = mosquitto.settings()
        with Fleet(settings, names, tmp_path, OLD, rate=2) as nodes:
            for name in random.Random(0).sample(names, COUNT // 10):
                nodes.nodes[name].lose = nodes.nodes[name].twice = 0.05
            with NativeGateway(settings, pushes=PUSHES):
                yield nodes, settings


def test_a_poisoned_model_is_halted_in_stage_one_and_a_good_one_gets_everywhere(fleet):
    nodes, settings = fleet
    nodes.mixes[sha(POISONED)] = (0.05, 0.05, 0.9)
    operator = Operator(settings)
    rollout = operator.begin(POISONED, STAGES, wait=60)
    (first,) = rollout.stages[0]
    nodes.do(lambda: setattr(nodes.nodes[first], "rate", 40))  # so that it takes seconds
    halted = operator.runner(rollout).run()
    assert halted.state == "halted" and halted.stage == 0
    assert "mix of labels has changed" in halted.why, operator.texts()
    for name, node in nodes.nodes.items():
        assert node.file == (POISONED if name == first else OLD), name

    (went,) = roll_back(over_broker(settings), [first])
    assert went.active and nodes.nodes[first].file == OLD
    done = operator.runner(operator.begin(NEW, STAGES, wait=1, bounds=SHORT)).run()
    assert done.state == "done" and not done.failed, operator.texts()[-5:]
    assert [len(stage) for stage in done.stages] == [1, 19, 180]
    assert {node.file for node in nodes.nodes.values()} == {NEW}
    with Watcher(settings) as watcher:
        watcher.until(lambda: len(watcher.updates) == COUNT)
        assert {said[-1].state for said in watcher.updates.values()} == {"UPDATED"}
    operator.broker.close()
