"""A node whose sensor counts, so that each sample says which one it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.lab.bridge import Bridge
from tests.lab.faults import Fault
from tests.lab.livenode import DEVICE, model_bytes
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "streaming.py"


@contextmanager
def counting_node(
    folder: Path,
    mode: str = "serve",
    channels: int = 2,
    rate: float = 1000.0,
    loses: tuple[int, int] = (-1, 0),
    fails: int = 0,
    port: int = 0,
    presses: int = 0,
    faults: Sequence[Fault] = (),
) -> Iterator[tuple[UnixNode, Bridge]]:
    """The node and the line to it.

    mode: "serve" or "loop", for a program that classifies two channels. loses: the sample before
    which some are lost, and how many. fails: the sample at which the sensor fails. port: bytes a
    second that the node says its port carries; 0 for no limit. presses: milliseconds from one
    press of its button to the next; 0 without a button.
    """
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "1.bnn").write_bytes(model_bytes())
    program = [SCRIPT, mode, folder, channels, round(1000 * rate), *loses, fails, port, presses]
    with (
        UnixNode(program, folder, [DEVICE]) as node,
        Bridge(node.fd, faults, restart=node.restart) as bridge,
    ):
        yield node, bridge


def expected(first: int, count: int, channels: int = 2) -> np.ndarray:
    """The samples that the sensor counts."""
    at = np.arange(first, first + count)[:, None]
    return (7 * at + 1000 * np.arange(channels)).astype(np.int16)
