"""The page Live puts the node's samples and predictions on one time axis: web/live_clock.js."""

import json
import subprocess

import pytest

from tools.emulators.nodejs import node_command
from xnornode.studio.assets import WEB

pytestmark = pytest.mark.quick

START = f"import {{ Clocks, Offset }} from {json.dumps((WEB / 'live_clock.js').as_uri())};"


def run(code: str) -> object:
    """What the JavaScript shows by `show(value)`."""
    script = f"{START}const show = (value) => console.log(JSON.stringify(value));{code}"
    done = subprocess.run(
        [node_command(), "--input-type=module", "-e", script],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_clocks_of_the_node_meet():
    """A program that started 5 s before its stream; lines are late by 2 to 60 ms."""
    late = "[9, 2, 60, 31, 2, 17]"
    found = run(
        f"const clocks = new Clocks(); const late = {late};"
        "for (let i = 0; i < 6; i++) {"
        "  clocks.block(1, 100 * i, (7e5 + 100 * i + late[i]) / 1000);"
        "  clocks.prediction(5000 + 100 * i, (7e5 + 100 * i + late[5 - i]) / 1000);"
        "} show([clocks.ofBlock(1, 250), clocks.ofPrediction(1, 5250), clocks.ofBlock(9, 1)]);"
    )
    assert found == [pytest.approx(700252), pytest.approx(700252), None]


def test_a_clock_that_starts_again_is_another_one():
    found = run(
        "const clocks = new Clocks(); const runs = [];"
        "for (const [ms, time] of [[9000, 20], [9500, 20.5], [10, 30], [500, 30.49]])"
        "  runs.push(clocks.prediction(ms, time));"
        "show([runs, clocks.ofPrediction(1, 9000), clocks.ofPrediction(2, 10)]);"
    )
    assert found == [[1, 1, 2, 2], 20000, pytest.approx(30000)]


def test_a_clock_that_is_slow_does_not_run_away():
    """One of 1000 ppm too slow, after ten minutes: the last minute counts."""
    found = run(
        "const o = new Offset(60000);"
        "for (let ms = 0; ms <= 600000; ms += 100) o.add(ms, ms * 1.001);"
        "show(o.value);"
    )
    assert found == pytest.approx(540, abs=1)


def test_no_more_is_kept_than_counts():
    found = run(
        "const o = new Offset(60000);"
        "for (let ms = 0; ms <= 600000; ms += 100) o.add(ms, ms + (ms % 700));"
        "const c = new Clocks(); for (let i = 0; i < 100; i++) c.block(i, 5, 5);"
        "show([o.value, o.least.length <= 601, c.streams.size <= 8]);"
    )
    assert found == [0, True, True]
