"""A node of a simulated fleet: the node's own store and receiver, run by CPython (fleetsim.py)."""

import random
import secrets
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.lab.nets import random_model
from tests.lab.simulated import SimulatedNode, receiver
from xnornode._version import __version__
from xnornode.errors import ModelError
from xnornode.fleet.payloads import Last, State
from xnornode.link.messages import NodeModel
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.model import Model


def model_file(seed: int, classes: int = 3) -> bytes:
    """A small valid model; another seed makes another file, with the same labels."""
    return to_bytes(random_model(seed, 16, 2, 4, (16, classes)))


@lru_cache(maxsize=64)
def loaded(data: bytes) -> Model:
    """A model that is valid, and passes its self-test. Raises the node's Refused."""
    try:
        model = from_bytes(data)
    except ModelError as error:
        raise receiver.Refused("model", f"({error.reason})") from None
    if not model.selftest():
        raise receiver.Refused("selftest")
    return model


class FleetNode(SimulatedNode):
    """One node.

    fails: SHA-256 of models that do not pass its self-test. crashes: of those that pass, and end
    its program before they classify. rate: predictions in a second. silent: whether it says none.
    lose, twice: share of messages of its link that are lost, and that come twice.
    """

    def __init__(
        self, name: str, folder: Path, model: bytes | None, rate: float, gateway: str, seed: int
    ) -> None:
        self.name, self.gateway = name, gateway
        self.device = secrets.token_hex(8)
        self.fails: set[str] = set()
        self.crashes: set[str] = set()
        self.rate, self.silent, self.online = rate, False, True
        self.lose = self.twice = 0.0
        self.seq = self.predictions = 0
        self.last: Last | None = None
        self._labels: tuple[str, tuple[str, ...]] = "", ()
        self.random = random.Random(f"{seed} {name}")
        (folder / "models").mkdir(parents=True)
        if model:
            (folder / "models" / "1.bnn").write_bytes(model)
        super().__init__(folder)
        self.session, self.frame, self.window = secrets.token_hex(4), 1040, 4

    def facts(self) -> dict[str, Any]:
        return super().facts() | {
            "library": __version__,
            "bnn": __version__,
            "firmware": "1.25.0",
            "machine": "simulated",
            "flash": 1 << 20,
            "device": self.device,
            "name": self.name,
            "channels": ["ch0 (g)", "ch1 (g)"],
        }

    def load(self, data: bytearray, digest: str) -> bytes:
        loaded(bytes(data))
        if digest in self.fails:
            raise receiver.Refused("selftest")
        return bytes(data)

    def _facts(self, data: bytes, starts: int | None) -> dict[str, Any]:
        return super()._facts(data, starts) | {"name": loaded(bytes(data)).name}

    @property
    def sha256(self) -> str:
        """Of its model's file; empty if it has none."""
        return self.active["sha256"] if self.active else ""

    @property
    def file(self) -> bytes:
        """Its model's bytes, as its flash has them."""
        return Path(self.store.active().path).read_bytes()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its model."""
        if self._labels[0] != self.sha256:  # a file is not read at each prediction
            self._labels = self.sha256, loaded(self.file).labels
        return self._labels[1]

    def times(self) -> int:
        """How often a message over its link comes."""
        if self.lose and self.random.random() < self.lose:
            return 0
        return 2 if self.twice and self.random.random() < self.twice else 1

    def restart(self) -> None:
        super().restart()
        self.session, self.seq = secrets.token_hex(4), 0

    def state(self) -> State:
        """What it says of itself."""
        facts, now = self.facts(), milliseconds()
        model, previous = facts.pop("model"), self.receiver._describe_previous()
        for key in ("protocol", "name", "device"):
            facts.pop(key)
        return State(
            node=self.name,
            device=self.device,
            gateway=self.gateway or None,
            model=NodeModel(**model) if model else None,
            previous=NodeModel(**previous) if previous else None,
            labels=self.labels,
            note=self.note,
            time=now,
            seen=now,
            predictions=self.predictions,
            rate_mhz=0 if self.silent else int(self.rate * 1000),
            restarts=self.restarts,
            last=self.last,
            **facts,
        )


def milliseconds() -> int:
    """Since 1970."""
    return int(time.time() * 1000)
