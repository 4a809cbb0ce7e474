"""A node that classifies: device/classify.py on the unix build, on a pseudo-terminal."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.lab.bridge import Bridge
from tests.lab.faults import Fault
from tests.lab.nets import random_model
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import Recording
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

CHANNELS = ("ch0 (g)", "ch1 (g)")
DEVICE = ROOT / "device"


def small_model(seed: int = 1, hidden: int = 8, length: int = 16) -> Model:
    """For the sensor of `prepare`: two channels."""
    return random_model(seed, length, len(CHANNELS), 2, (hidden, 3))


def samples(count: int = 4000) -> np.ndarray:
    """What the sensor of `prepare` gives, again and again."""
    return np.random.default_rng(0).integers(-2000, 2000, (count, 2)).astype(np.int16)


def prepare(
    folder: Path, model: bytes, realtime: bool = False, repeat: bool = True, waits: bool = False
) -> Path:
    """The flash of a node in `folder`, with its program, which is returned.

    waits: it begins once a line has come, so that a host that says hello misses nothing.
    """
    for name in ("models", "recordings"):
        (folder / name).mkdir(parents=True)
    (folder / "models" / "1.bnn").write_bytes(model)
    recording = RecordFile(Recording(samples(), "x", "p1", "r0"), CHANNELS, (0, 0), 1_000_000)
    (folder / "recordings" / "r0.rec").write_bytes(record_bytes(recording))
    script = (DEVICE / "classify.py").read_text()
    for name in ("/models", "/model.bnn", "/recordings", "/keep.json", "/kept"):
        assert f'"{name}"' in script
        script = script.replace(f'"{name}"', f'"{folder}{name}"')
    program = folder / "main.py"
    start = "import sys\nsys.stdin.readline()\n" if waits else ""
    program.write_text(f"{start}REALTIME = {realtime}\nREPEAT = {repeat}\n{script}")
    return program


BOARD = """
import sys
while True:
    exec({!r}, {{}})
    while sys.stdin.buffer.read(1) != b"\\x04":
        pass
    print("MPY: soft reboot")
"""


def as_board(program: Path) -> None:
    """Have a program that Ctrl-C has ended start again by Ctrl-D, as MicroPython on boards does."""
    program.write_text(BOARD.format(program.read_text()))


@contextmanager
def live_node(
    folder: Path,
    model: bytes,
    faults: Sequence[Fault] = (),
    realtime: bool = False,
    repeat: bool = True,
    baud: int | None = None,
) -> Iterator[tuple[UnixNode, Bridge]]:
    """The node and the line to it; `bridge.url` is its port."""
    program = prepare(folder, model, realtime, repeat)
    with (
        UnixNode([program], folder, [DEVICE]) as node,
        Bridge(node.fd, faults, baud=baud, restart=node.restart) as bridge,
    ):
        yield node, bridge


@contextmanager
def receiving_node(folder: Path, baud: int | None = None) -> Iterator[Bridge]:
    """The receiver alone, as it runs at the REPL, with the store and the key in `folder`."""
    library = folder / "lib"
    shutil.copytree(DEVICE / "xnornode", library / "xnornode")
    for module, names in (
        ("model_store.py", ("/models", "/model.bnn")),
        ("signature.py", ("/xnornode.key",)),
        ("kept.py", ("/keep.json", "/kept")),
    ):
        file = library / "xnornode" / module
        text = file.read_text()
        for name in names:
            assert f'"{name}"' in text
            text = text.replace(f'"{name}"', f'"{folder}{name}"')
        file.write_text(text)
    program = folder / "serve.py"
    program.write_text("from xnornode.link import serve\nwhile True:\n    serve()\n")
    with UnixNode([program], folder, [library]) as node, Bridge(node.fd, baud=baud) as bridge:
        yield bridge


def active_model(folder: Path) -> bytes:
    """The model that the node in `folder` would start with."""
    files = (folder / "models").glob("*.bnn")
    return max(files, key=lambda f: int(f.name.split(".")[0])).read_bytes()


def model_bytes(seed: int = 1, hidden: int = 8, length: int = 16) -> bytes:
    """The file of `small_model`."""
    return to_bytes(small_model(seed, hidden, length))
