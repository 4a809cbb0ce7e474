"""Two pages and commands in a terminal have one node at once."""

import json
import subprocess

import pytest

from tests.lab.livenode import live_node, model_bytes
from tests.lab.studio_process import COMMAND, PATIENCE, StudioProcess, wait
from tests.lab.studiolab import Visitor

LISTEN = """async (topics) => {
  const { subscribe } = await import("/web/net.js");
  window.came = [];
  window.enough = subscribe(topics, (message) => { if (came.length < 5000) came.push(message); });
}"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with live_node(tmp_path_factory.mktemp("node") / "flash", model_bytes(), realtime=True) as (
        _,
        bridge,
    ):
        yield bridge


def numbers(visitor: Visitor) -> list[int]:
    """Of the predictions that a page got."""
    return visitor.page.evaluate("came.filter((m) => m.prediction).map((m) => m.prediction.seq)")


def samples(visitor: Visitor) -> list[int]:
    """Ordinals and counts of the blocks of samples that a page got, and what was lost."""
    return visitor.page.evaluate("came.filter((m) => m.samples).map((m) => [m.taken, m.lost])")


def command(studio: StudioProcess, *words: str) -> str:
    """What a command in a terminal says beside the studio."""
    done = subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, timeout=PATIENCE, env=studio.environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_pages_have_the_same_predictions_and_samples(browser, node, tmp_path):
    with (
        StudioProcess(tmp_path / "data", "--port", node.url) as studio,
        Visitor(browser, studio.address) as first,
        Visitor(browser, studio.address, "narrow", "dark") as second,
    ):
        for visitor in (first, second):
            visitor.page.evaluate(LISTEN, ["prediction"])
            wait(lambda v=visitor: len(numbers(v)) > 5, "predictions on a page")
        later = numbers(second)[-1]
        wait(lambda: later in numbers(first), "the same predictions on both pages")
        for visitor in (first, second):
            visitor.page.evaluate("enough()")
            visitor.page.evaluate(LISTEN, ["signal"])
            wait(lambda v=visitor: len(samples(v)) > 5, "samples on a page")
        first.page.evaluate("enough()")
        before = len(samples(second))
        wait(lambda: len(samples(second)) > before + 5, "samples, though the other wants none")
        assert all(lost == 0 for _, lost in samples(second))
    assert not (tmp_path / "data").exists()


def test_commands_in_a_terminal_share_the_node(browser, node, tmp_path):
    pushed = tmp_path / "m.bnn"
    pushed.write_bytes(model_bytes(seed=7))
    with (
        StudioProcess(tmp_path / "data", "--port", node.url) as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        visitor.page.evaluate(LISTEN, ["prediction"])
        wait(lambda: numbers(visitor), "predictions on the page")
        lines = command(
            studio, "monitor", "--port", node.url, "--format", "json", "--count", "5"
        ).splitlines()
        in_terminal = [json.loads(line)["seq"] for line in lines]
        wait(lambda: {*in_terminal} <= {*numbers(visitor)}, "the same predictions on the page")
        command(studio, "push", str(pushed), "--port", node.url)
        command(studio, "list", "--port", node.url)
        count = len(numbers(visitor))
        wait(lambda: len(numbers(visitor)) > count + 5, "predictions on the page after a push")
