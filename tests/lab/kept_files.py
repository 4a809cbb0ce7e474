"""A node in this process with windows in its ring, as a Keeper in MicroPython writes them."""

import json
from binascii import crc32
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.lab.simulated import SimulatedNode, node_module

kept = node_module("kept")

USUAL: dict[str, Any] = {
    "format": "xnornode-recording-1",
    "label": "",
    "group": "",
    "channels": ["accel x (g)", "accel y (g)"],
    "scales": [122070, 122070],
    "rate_mhz": 100_000,
    "sensor": "playing",
    "device": "e660",
    "answer": "unknown",
    "confidence": 412,
    "model": "watch",
    "revision": 3,
    "session": "5e5510",
    "ms": 1000,
}


def file_of(header: dict[str, Any], samples: np.ndarray) -> bytes:
    """A window's file."""
    line = json.dumps(header)[:-1].encode()
    body = samples.astype("<i2").tobytes()
    return line + b',"crc":"%08x"}\n' % crc32(body, crc32(line)) + body


class KeptNode(SimulatedNode):
    """A SimulatedNode with a ring in `folder`, whose program has run for 60 s."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__(folder)

    def start(self) -> None:
        """Give it power."""
        super().start()
        self.ring = kept.Kept(str(self._folder / "kept"), str(self._folder / "keep.json"))
        self.ring.keeper = SimpleNamespace(
            settings={"bytes": 1 << 20, "below": 600, "per_hour": 12},
            session="5e5510",
            ms=60_000,
            why="",
            overwritten=0,
            passed=0,
            written=0,
        )
        streamer = SimpleNamespace(locked=False, kept=self.ring)
        self.receiver._streamer = streamer

    def keep(self, count: int = 1, length: int = 128, **given: Any) -> list[np.ndarray]:
        """Keep windows; their samples. given: other keys of their headers."""
        made = []
        self.ring.make()
        for _ in range(count):
            number, before = self.ring.next, self.ring.total
            width = len(given.get("channels", USUAL["channels"]))
            draw = np.random.default_rng(number)
            made.append(draw.integers(-(2**15), 2**15, (length, width)).astype(np.int16))
            own = {"name": f"kept/{number}", "kept": f"{self.ring.ring}/{number}", "total": before}
            data = file_of({**USUAL, **own, **given}, made[-1])
            Path(self.ring.part).write_bytes(data)
            self.ring.add(len(data))
        return made
