"""Pushes to a node on a broker while messages come twice, connections break, the broker ends."""

from contextlib import ExitStack
from itertools import islice

from tests.lab.faultlab import failed_and_fired, push_all
from tests.lab.mqttlab import MqttLab, plans
from tests.lab.mqttproxy import Kind


def test_faulted_pushes(tmp_path):
    """The long form: `python -m tools.stress.soak faults --link mqtt --pushes 2000`."""
    chosen = [plan for plan in islice(plans(1200), 0, None, 29) if plan.faults]
    assert {fault.kind for plan in chosen for fault in plan.faults} == {*Kind}
    with ExitStack() as stack:
        labs = [stack.enter_context(MqttLab(tmp_path / str(i))) for i in range(3)]
        failed, fired = failed_and_fired(push_all(labs, chosen))
        raced = [lab.race(seed) for seed, lab in enumerate(labs)]
    assert failed <= len(chosen) // 5 and fired > len(chosen) // 3
    assert all(any(o.pushed or o.error for o in outcomes) for outcomes in raced)
