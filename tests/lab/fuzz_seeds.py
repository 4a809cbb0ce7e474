"""What fuzzing begins with: small networks of every kind, changes to them, and sessions of lines.

The changes are text, in fuzz_recipes.txt; so are the sessions, in fuzz_lines.txt.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.lab.driftlab import drifting
from tests.lab.feature_nets import TEXT_FEATURES, features_model, model_of, text_model
from tests.lab.nets import Spec, random_encoding, random_model, random_network, sealed
from xnornode.model.answers import Answers
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.model import Model, Window
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import COVARIANCE, LAGGED, STATISTICS, Statistics

RECIPES = Path(__file__).parent / "fuzz_recipes.txt"
SESSIONS = Path(__file__).parent / "fuzz_lines.txt"
RULES = Answers(5000, 3, windows=3, threshold=30_000, hold_off=2, background=(0, 2))


def networks() -> dict[str, Model]:
    """Small networks in which each section and each kind of layer occurs."""
    every = (*STATISTICS, COVARIANCE, LAGGED)
    features = Statistics(every, 2, 2, STATISTICS[:4], lag=1)
    count = features.count(16, 2)
    padded = Spec(4, (4, 3), (3, 2), 2, (1, 2), (2, 1), (2, 1), "int8")
    pooled = Spec(3, (6, 2), (2, 2), pool=(5, 1))
    wide = [Spec(33, (8, 1), (3, 1), padding=(1, 0), pool=(2, 1)), Spec(40)]
    return {
        "dense": random_model(0, 3, 2, 3, (5, 3)),
        "one": random_model(1, 2, 1, 1, (1,)),
        "deep": random_model(2, 4, 1, 9, (33, 7, 3, 2)),
        "bit-planes": random_model(3, 3, 2, 3, (5, 3), "bit-planes"),
        "int8": random_model(4, 3, 3, 8, (5, 2), "int8"),
        "conv": random_network(5, 12, 2, random_encoding(5, "int8", 2, 1), [padded, Spec(3)], 2),
        "pool": random_network(
            6, 12, 2, random_encoding(6, "thermometer", 2, 1), [pooled], 2, (1, 1)
        ),
        "average": random_network(7, 12, 2, random_encoding(7, "int8", 2, 1), [], 2, (4, 2)),
        "wide": random_network(8, 8, 1, random_encoding(8, "thermometer", 1, 5), wide, 3),
        "features": features_model(features, 16, 2, np.zeros(count, np.int64)),
        "spectrum": model_of(
            Spectrum(64, 40, (0, 100, 300, 512, 1024), 900),
            Window(("a", "b"), 130, 65, 0, (0, 0)),
            Int8Encoding(np.ones(6, np.int64), np.zeros(6, np.int64), 5),
            "int8",
        ),
        "differences": model_of(
            Spectrum(64, 20, (0, 100, 300, 512, 1024), 900, centred=False, differences=True),
            Window(("a", "b"), 130, 60, 0, (0, 0)),  # each begins with a frame
            Int8Encoding(np.ones(12, np.int64), np.zeros(12, np.int64), 5),
            "int8",
        ),
        "answers": replace(random_model(9, 3, 2, 3, (5, 3)), answers=RULES),
        "drift": drifting(1, (5, 2, 3, 4)),
        "drift-answers": replace(drifting(2, (64, 16, 11, 18)), answers=RULES),
        "text": text_model(TEXT_FEATURES[0]),
        "words": text_model(TEXT_FEATURES[4]),
    }


def changed(data: bytes, changes: list[str]) -> bytes:
    """A file with a recipe's changes made. Raises ValueError for a change that is none."""
    raw, made = False, bytearray(data)
    changes = list(changes)
    while changes:
        change = changes.pop(0)
        if change == "raw":
            raw = True
        elif change == "cut":
            del made[int(changes.pop(0)) :]
        elif change.startswith("+"):
            made[-4:-4] = bytes.fromhex(change[1:])
        elif place := re.fullmatch(r"(-?\d+)=([0-9a-f]+)", change):
            new = bytes.fromhex(place[2])
            at = int(place[1]) % len(made)
            made[at : at + len(new)] = new
        else:
            raise ValueError(f"{RECIPES.name}: {change} is no change")
    return bytes(made) if raw else sealed(bytes(made))


def seeds() -> dict[str, bytes]:
    """Files by a name that says what they are."""
    files = {name: to_bytes(model) for name, model in networks().items()}
    made = dict(files)
    for line in RECIPES.read_text().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            made["_".join(words)] = changed(files[words[0]], words[1:])
    return made


def sessions() -> list[bytes]:
    """What a node is sent, a session each."""
    blocks = re.split(rb"\n\n+", SESSIONS.read_bytes().strip())
    return [block + b"\n" for block in blocks if not block.startswith(b"#")]
