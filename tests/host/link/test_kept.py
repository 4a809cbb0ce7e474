"""Kept windows that are damaged, or that no node has written: none of them becomes a recording."""

from pathlib import Path

import numpy as np
import pytest

from tests.lab.kept_files import USUAL, KeptNode, file_of
from tests.lab.simulated import SimulatedPort
from xnornode.data.recording_file import from_bytes
from xnornode.errors import DataError
from xnornode.link.collect import Collected, Collector
from xnornode.link.kept import read_window

pytestmark = pytest.mark.quick


@pytest.fixture
def node(tmp_path):
    (tmp_path / "node").mkdir()
    return KeptNode(tmp_path / "node")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def collect(node, folder) -> Collected:
    return Collector(folder).collect(SimulatedPort(node).session())


def damage(node, number: int, how) -> None:
    path = Path(node.ring.path(number))
    path.write_bytes(how(path.read_bytes()))


@pytest.mark.parametrize(
    "how",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: data[:-2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data.replace(b'"confidence": 412', b'"confidence": 999'),
        lambda data: b"\xff" * len(data),
        lambda data: b"\n" + data,
        lambda data: data + b"\0\0",
    ],
)
def test_a_damaged_window_is_left_out_and_said(node, folder, how):
    node.keep(3)
    damage(node, 2, how)
    done = collect(node, folder)
    assert [new.number for new in done.fetched] == [1, 3]
    assert len(done.damaged) == 1 and "window 2 on the node" in done.damaged[0]
    assert not collect(node, folder).damaged, "it is not fetched again"


def test_a_window_that_the_node_cannot_read(node, folder):
    node.keep(3)
    Path(node.ring.path(1)).unlink()
    done = collect(node, folder)
    assert [new.number for new in done.fetched] == [2, 3]
    assert done.damaged == ["window 1 on the node cannot be read there"]


@pytest.mark.parametrize(
    "more",
    [
        {"channels": ["x\n", "y"]},
        {"channels": [], "scales": []},
        {"channels": "xy"[:1], "scales": [1, 2]},
        {"scales": [1, -1]},
        {"rate_mhz": 0},
        {"rate_mhz": "x"},
        {"confidence": 1001},
        {"confidence": True},
        {"revision": 2**32},
        {"answer": 3},
        {"session": None},
        {"ms": -1},
        {"ms": 2**53},
        {"breaks": [3]},
        {"format": "xnornode-recording-2"},
    ],
)
def test_what_no_node_writes_is_no_window(more):
    data = file_of({**USUAL, "name": "x", "kept": "a/1", **more}, np.zeros((8, 2), np.int16))
    with pytest.raises(DataError, match="window 1"):
        read_window(1, data)


def recorded(done: Collected):
    return from_bytes(done.fetched[0].path.read_bytes(), "x")


def test_texts_of_a_node_can_be_printed(node, folder):
    node.keep(1, answer="\x1b[2J", model="x" * 5000, sensor="\u202e", device="\r\n")
    record = recorded(collect(node, folder))
    for text in (record.answer, record.model, record.sensor, record.device):
        assert text.isprintable() and len(text) <= 64
