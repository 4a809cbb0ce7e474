"""The loop by clicks, without a set-up: three nodes in turn are recorded, and one recognises."""

from contextlib import ExitStack

from tests.lab.gesture_node import gesture_node
from tests.lab.studio_owner import TIMES, Owner
from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor

GESTURES = ("rest", "circle", "shake")
RATE = 100  # Hz
FASTER = 4  # than in real time, so that nobody waits for a recording


def test_record_train_push_and_watch(browser, tmp_path):
    with ExitStack() as stack:
        ports = {
            label: stack.enter_context(gesture_node(tmp_path / label, label, RATE, FASTER))
            for label in GESTURES
        }
        studio = stack.enter_context(StudioProcess(tmp_path / "gestures"))
        visitor = stack.enter_context(Visitor(browser, studio.address))
        owner = Owner(visitor, RATE, lambda label: None)  # each node feels its own gesture
        for label in GESTURES:
            owner.choose_port(ports[label])
            owner.record(label)
            if label == "rest":
                owner.look_over()
            files = [path.name for path in (studio.data / label).glob("*.rec")]
            assert sorted(files) == [f"{n}.rec" for n in range(1, TIMES + 1)]
        owner.look_at_recordings(len(GESTURES) * TIMES)
        owner.train("moves")
        owner.push("moves")
        owner.recognised("shake")
        owner.that_was_wrong("shiver")
        assert [path.name for path in (studio.data / "shiver").rglob("*.rec")] == ["1.rec"]
        owner.look_at_all("full")
