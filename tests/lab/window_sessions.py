"""What happens to a window, at random: in the twin, and on the node (node_scripts/window.py)."""

import json
import struct
from base64 import b64decode, b64encode
from binascii import crc32, unhexlify
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tools.firmware.sources import ROOT
from xnornode.link.repl import Board
from xnornode.model.window import Window

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "window.py"
AT_ONCE = 1000  # characters of code
EDGES = (0, 1, -1, 32766, 32767, 32768, 40_000, 65_535, 2**30, 2**31, 2**63, 2**70)


@dataclass(frozen=True)
class Session:
    """Arguments of a window, and operations on it: a name, a kind, what is given."""

    window: list[Any]
    operations: list[list[Any]]

    @property
    def text(self) -> str:
        """For the node, a line of JSON."""
        return json.dumps(asdict(self))


def sessions(count: int, operations: int, seed: int = 0) -> list[Session]:
    """Random ones."""
    return [_session(np.random.default_rng([seed, i]), operations) for i in range(count)]


def expected(session: Session) -> list[list[int]]:
    """What the node must say of it."""
    window = Window(*session.window)
    states = []
    for name, _, given, *start in session.operations:
        result = 0
        if name == "add":
            result = int(window.add([_number(v) for v in given]))
        elif name == "fill":
            result = window.fill(_block(given, window.width), *start)
        elif name == "gap":
            result = int(window.add(None))
        elif name == "clear":
            window.clear()
        else:
            other, window = window, Window(*given)
            window.take(other)
        held = crc32(window.samples.astype("<i2").tobytes())
        states.append([result, window.at, int(window.complete), window.saturated, held])
    return states


def differing(board: Board, made: list[Session]) -> int:
    """In how many sessions a board does anything else than the twin."""
    board.run(SCRIPT.read_text())
    count = 0
    for session in made:
        code, states = f"begin({session.window!r})\n", []
        for operation in session.operations:
            code += f"print(do(*{operation!r}))\n"
            if len(code) > AT_ONCE or operation is session.operations[-1]:
                states += [json.loads(line) for line in board.run(code).splitlines()]
                code = ""
        count += states != expected(session)
    return count


def _number(value: int | str) -> int | float:
    return value if isinstance(value, int) else float(struct.unpack("<f", unhexlify(value))[0])


def _block(text: str, width: int) -> np.ndarray:
    return np.frombuffer(b64decode(text), "<i2").reshape(-1, width)


def _window(rng: np.random.Generator, channels: int, width: int) -> list[Any]:
    length = int(rng.choice([1, 2, int(rng.integers(3, 40))]))
    hop = int(rng.choice([1, length, int(rng.integers(1, length + 1))]))
    ratios = None
    if width != channels or rng.random() < 0.7:
        sources = rng.integers(0, width, channels).tolist()
        ratios = [_ratio(rng) + ([s] if width != channels else []) for s in sources]
    scales = [int(2.0 ** rng.uniform(0, 32)) for _ in range(channels)]
    return [length, channels, hop, ratios, scales, width]


def _ratio(rng: np.random.Generator) -> list[int]:
    shift = int(rng.integers(0, 31))
    near_one = int(np.clip(2.0 ** (shift + rng.uniform(-2, 2)), 1, 32767))
    choices = ([1, 0], [int(rng.integers(1, 32768)), shift], [near_one, shift], [32767, 15])
    return choices[int(rng.integers(len(choices)))]


def _session(rng: np.random.Generator, operations: int) -> Session:
    channels = int(rng.choice([1, 3, 6, int(rng.integers(1, 10))]))
    width = channels if rng.random() < 0.7 else int(rng.integers(1, 12))
    window = _window(rng, channels, width)
    return Session(window, [_operation(rng, window) for _ in range(operations)])


def _operation(rng: np.random.Generator, window: list[Any]) -> list[Any]:
    width = window[5]
    chance = rng.random()
    if chance < 0.04:
        return [str(rng.choice(["gap", "clear"])), "", None]
    if chance < 0.1:
        return ["take", "", [*_window(rng, window[1], width)[:1], window[1], 1, *window[3:]]]
    if chance < 0.45:
        samples = int(rng.integers(0, 3 * window[0]))
        block = rng.integers(-(2**15), 2**15, (samples, width)).astype("<i2")
        start = int(rng.choice([0, rng.integers(0, samples + 1)]))
        kind = str(rng.choice(["bytes", "odd", "view"]))
        return ["fill", kind, b64encode(block.tobytes()).decode(), start]
    kind = str(rng.choice(["tuple", "list", "array", "bytes"]))
    if kind in ("array", "bytes"):
        return ["add", kind, rng.integers(-(2**15), 2**15, width).tolist()]
    return ["add", kind, [_value(rng, window) for _ in range(width)]]


def _value(rng: np.random.Generator, window: list[Any]) -> int | str:
    """An integer, or the bits of a float, often in the middle between two counts."""
    chance = rng.random()
    if chance < 0.6:
        return int(rng.integers(-33_000, 33_000))
    if chance < 0.75:
        return int(rng.choice([-1, 1])) * EDGES[int(rng.integers(len(EDGES)))]
    if chance < 0.95:
        scale = window[4][int(rng.integers(window[1]))]
        value = (int(rng.integers(-66_000, 66_000)) / 2) * scale * 1e-9
        return struct.pack("<f", value).hex()
    bits = int(rng.integers(0, 2**32))
    if bits & 0x7FFFFFFF > 0x7F800000:  # NaN
        bits = 0x7F800000
    return struct.pack("<I", bits).hex()
