"""The state that a node publishes on a slow link."""

from tests.lab.targets import interpreter
from tools.firmware.sources import ROOT

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "state_room.py"


def test_a_state_without_room_is_not_written_again_and_again():
    assert interpreter("unix").run(SCRIPT).splitlines() == ["1 True", "1 False"]
