"""A node that classifies, pushes to it over a line on which things go wrong, and what must hold.

After each push, whatever happened: the node classifies, its active model is the old or the new one
bit for bit, and the push has succeeded or has said why.
"""

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import serial
from bridge import Bridge
from faults import Fault
from nets import random_model
from unixnode import UnixNode
from xnornode.data import Recording
from xnornode.errors import LinkError
from xnornode.fileformat import to_bytes
from xnornode.model import Model
from xnornode.push import Pushed, push
from xnornode.recordfile import RecordFile
from xnornode.recordfile import to_bytes as record_bytes
from xnornode.session import Session, Timing

DEVICE = Path(__file__).resolve().parent.parent / "device"
RATE_MHZ = 2_000_000  # of the recording: a prediction every 4 ms
SAMPLES = 400
LENGTH, CHANNELS = 16, 2
PATIENCE = 10.0  # seconds for a prediction, and for a node that restarts

QUICK = Timing(
    hello=0.3, answer=0.6, ack=0.25, settle=0.05, tries=10, reconnect=3.0
)  # seconds; a node on this computer answers within some milliseconds


def lab_models() -> tuple[Model, Model]:
    """A small model, which is one piece of a push, and one of four pieces; of the same windows."""
    small = random_model(51, LENGTH, CHANNELS, 2, (24, 3))
    large = random_model(52, LENGTH, CHANNELS, 2, (700, 40, 4))
    assert len(to_bytes(small)) < 1000 and 9000 < len(to_bytes(large)) < 16_000
    return small, large


def recording() -> Recording:
    """What the node's sensor measures, again and again."""
    samples = np.random.default_rng(7).integers(-2000, 2000, (SAMPLES, CHANNELS))
    return Recording(samples.astype(np.int16), "x", "p1", "r0")


def all_scores(model: Model) -> set[tuple[int, ...]]:
    """The scores of all windows that the node may see: they tell which model gave them."""
    samples = recording().samples
    starts = range(SAMPLES - LENGTH + 1)
    windows = np.stack([samples[at : at + LENGTH] for at in starts])
    return {tuple(row) for row in model.scores(windows).tolist()}


@dataclass(frozen=True)
class Outcome:
    """What became of a push: what it returned, or how it failed; the faults that happened."""

    pushed: Pushed | None
    error: LinkError | None
    fired: list[Fault]

    def __str__(self) -> str:
        return "pushed" if self.pushed else f"{type(self.error).__name__}: {self.error}"


class Lab:
    """A unix node in a folder, with both models, which are pushed in turn.

    A context manager. `push` is what tests call.
    """

    def __init__(self, folder: Path, timing: Timing = QUICK) -> None:
        self.folder, self.timing = folder, timing
        self.models = {to_bytes(model): model for model in lab_models()}
        self.files = list(self.models)
        (folder / "models").mkdir()
        (folder / "recordings").mkdir()
        (folder / "models" / "1.bnn").write_bytes(self.files[0])
        names, scales = ("ch0 (g)", "ch1 (g)"), (488_281,) * CHANNELS
        file = RecordFile(recording(), names, scales, RATE_MHZ)
        (folder / "recordings" / "r0.rec").write_bytes(record_bytes(file))
        script = (DEVICE / "classify.py").read_text()
        for name in ("/models", "/model.bnn", "/recordings"):
            assert f'"{name}"' in script
            script = script.replace(f'"{name}"', f'"{folder}{name}"')
        (folder / "main.py").write_text(f"REPEAT = True\n{script}")
        self.node = UnixNode([folder / "main.py"], folder, [DEVICE])
        self._scores = {data: all_scores(model) for data, model in self.models.items()}

    def __enter__(self) -> "Lab":
        self.node.start()
        self.check()
        return self

    def __exit__(self, *_: object) -> None:
        self.node.stop()

    @property
    def other(self) -> bytes:
        """The model that is not active."""
        return self.files[1 - self.files.index(self.active)]

    def push(
        self,
        faults: list[Fault],
        noise: float = 0.0,
        seed: int = 0,
        data: bytes | None = None,
        pty: bool = True,
    ) -> Outcome:
        """Push the other model over a line with faults, then check what must hold."""
        old, new = self.active, data or self.other
        line = Bridge(self.node.fd, faults, noise, seed, pty=pty, restart=self.node.restart)
        with line as bridge:
            try:
                outcome = Outcome(push(bridge.url, new, timing=self.timing), None, bridge.fired)
            except LinkError as error:
                assert str(error).strip()
                outcome = Outcome(None, error, bridge.fired)
        self.check()
        assert self.active in (old, new)
        if outcome.pushed:
            assert self.active == new, "the push says that it has succeeded"
        return outcome

    def revive(self) -> None:
        """Start the node again if it does not run."""
        if not self.node.running:
            self.node.restart()
        self.check()

    def check(self) -> None:
        """The node classifies, with the model that it says, and that lies in its store."""
        assert self.node.running, "the node's program has ended"
        # A pseudo-terminal, as pyserial takes 0.3 s to close a socket
        with (
            Bridge(self.node.fd, pty=True) as line,
            closing(serial.serial_for_url(line.url)) as port,
        ):
            session = Session(port, Timing(hello=PATIENCE))
            assert session.greet(PATIENCE), "the node does not answer"
            facts = session.hello["model"]
            while not (event := session.receive(PATIENCE)) or event["event"] != "prediction":
                assert event is not None, "the node does not classify"
        stored = {path: path.read_bytes() for path in self.slots()}
        self.active = stored[self.slots()[0]]
        assert self.active in self.models, "the active model is neither the old nor the new one"
        assert facts["sha256"] == hashlib.sha256(self.active).hexdigest()
        assert tuple(event["scores"]) in self._scores[self.active], "scores of another model"

    def slots(self) -> list[Path]:
        """The files of the store, the active one first."""
        files = (self.folder / "models").glob("*.bnn")
        return sorted(files, key=lambda path: -int(path.name.split(".")[0]))
