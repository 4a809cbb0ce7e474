"""What `xnornode doctor` finds."""

import time

from tests.lab.livenode import live_node, model_bytes
from xnornode.link.diagnose import Level, examine

PATIENCE = 120.0  # seconds in which a program that fails is started several times


def test_a_program_that_fails_again_and_again_is_a_warning(tmp_path):
    """The node says why at each start, which may come between two looks."""
    with live_node(tmp_path / "node", model_bytes(1)[:-3]) as (_, bridge):
        end, found = time.monotonic() + PATIENCE, []
        while not found and time.monotonic() < end:
            findings = [*examine(bridge.url)]
            assert Level.FAILURE not in {finding.level for finding in findings}
            found = [finding for finding in findings if finding.level == Level.WARNING]
    assert "the node's program fails: model refused" in found[-1].text
