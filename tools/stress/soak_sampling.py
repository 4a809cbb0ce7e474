"""A node that samples for long, with pushes in between: none of its samples may be lost or late."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from tests.lab.samplinglab import motion, sampling_node
from tools.firmware.build import build
from tools.stress.soak_commands import say

RATE = 100  # samples a second, of six channels
EVERY = 20.0  # seconds of the node's clock from one push to the next
SPEED = 4  # so many times faster than in real time the Pico sleeps
FIFO = 85  # samples that the sensor holds


def sampling(seconds: float) -> bool:
    """Push a model every 20 s for so many emulated seconds, and give an account.

    Every sample is compared, as are the scores of each window. Returns whether nothing was lost.
    """
    kind = motion(RATE)
    first, second = kind.model(1), kind.model(2, hidden=(200, 40))
    started, pushes = time.monotonic(), 0
    with (
        tempfile.TemporaryDirectory() as folder,
        sampling_node(Path(folder), build("rp2"), kind, first, speed=SPEED) as (node, outcomes),
    ):
        hop = first.window.hop / RATE
        windows = 0
        while windows * hop < seconds:
            count = round(min(EVERY, seconds) / hop)
            node.follow(count)
            windows += count
            node.push((second, first)[pushes % 2])
            pushes += 1
            say(f"{windows * hop:.0f} s of the node, {pushes} pushes")
        node.follow(2)
    (outcome,) = outcomes
    outcome.models = {1: first, 2: second}
    differ, made = outcome.disagreements(revision=1), len(outcome.predictions)
    late = int(np.abs(outcome.lateness).max())
    print(
        f"{outcome.count / RATE:.0f} s of an emulated Pico in {time.monotonic() - started:.0f} s: "
        f"{outcome.count:,} samples of six channels, {pushes} pushes"
    )
    print(
        f"{outcome.overruns} samples lost, all counts as played: {outcome.whole}; the newest "
        f"{len(outcome.times):,} at most {late} ms late"
    )
    print(
        f"at most {outcome.most} samples waited, of {FIFO} that the sensor holds; scores of "
        f"{made:,} windows, {differ} differ"
    )
    return outcome.whole and not (outcome.overruns or late or differ)
