"""Words that are learned in seconds: chirps of four speakers; pitch rises, falls or stays."""

import functools
from pathlib import Path

import numpy as np

from xnornode._typing import Int16
from xnornode.data.dataset import Dataset
from xnornode.data.sound import CHANNEL, SCALE, to_wav
from xnornode.nn.layer_spec import Conv
from xnornode.recipes import wake, wake_hearing, wake_streams, wake_windows
from xnornode.recipes.wake import Woken
from xnornode.recipes.wake_sounds import WakeData, take_apart

RATE = 4000
SPEAKERS = ("ann", "ben", "cem", "dot")
PITCHES = {"up": (300, 1500), "down": (1500, 300), "low": (250, 260), "high": (1600, 1500)}
SMALL = {
    wake: {"STEPS": 90, "FOLDS": 2},
    wake_hearing: {"TALK_HOURS": 0.03, "NOISE_HOURS": 0.02, "UTTERANCES": 20},
    wake_windows: {"WORDS": 150, "OTHERS": 350},
    wake_streams: {"STRETCH": 15.0},
}
"""Constants of modules, so that a test takes seconds."""


def chirp(label: str, speaker: int, take: int) -> Int16:
    """An utterance of some 0.3 s."""
    rng = np.random.default_rng([speaker, take, len(label)])
    count = int(RATE * rng.uniform(0.25, 0.35))
    first, last = PITCHES[label]
    pitch = np.linspace(first, last, count) * (1 + 0.02 * speaker) * rng.uniform(0.96, 1.04)
    loud = 6000 * np.sin(np.pi * np.arange(count) / count) ** 0.5
    sound = loud * np.sin(2 * np.pi * np.cumsum(pitch) / RATE) + rng.normal(0, 20, count)
    return sound.astype(np.int16)


def takes(each: int = 10) -> list[tuple[str, str, Int16]]:
    """Label, speaker and samples of each utterance."""
    return [
        (label, name, chirp(label, speaker, take))
        for label in PITCHES
        for speaker, name in enumerate(SPEAKERS)
        for take in range(each)
    ]


def dataset(noise: bool = True, each: int = 10) -> Dataset:
    """The words, and a minute of noise as a class of its own."""
    rows = takes(each)
    if noise:
        rng = np.random.default_rng(5)
        rows.append(("_background_noise_", "", rng.normal(0, 300, 60 * RATE).astype(np.int16)))
    return Dataset(
        "chirps",
        "recordings",
        [row[2][:, None] for row in rows],
        [row[0] for row in rows],
        [row[1] for row in rows],
        [f"{row[0]} {i}" for i, row in enumerate(rows)],
        "group",
        (CHANNEL,),
        (SCALE,),
        1000 * RATE,
    )


def write(folder: Path, each: int = 4) -> Path:
    """The words as WAV files WORD/SPEAKER/N.wav."""
    for number, (label, speaker, samples) in enumerate(takes(each)):
        path = folder / label / speaker / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_wav(samples[:, None], RATE))
    return folder


def make_small(change) -> None:
    """Few windows, short streams. change: `setattr` of pytest's monkeypatch."""
    for module, values in SMALL.items():
        for name, value in values.items():
            change(module, name, value)


@functools.cache
def woken() -> tuple[WakeData, Woken]:
    """A model that wakes at "up"; it takes some seconds."""
    kept = {m: {name: getattr(m, name) for name in values} for m, values in SMALL.items()}
    make_small(setattr)
    try:
        data = take_apart(dataset(), "up", test=("dot",))
        splits = wake.splits_for(data, wake.shape_for(data))
        config = wake.replace(wake.wake_config(splits), layers=(Conv(16, (5, 1), (2, 1)),))
        return data, wake.wake(data, splits, config, 20.0, name="chirps")
    finally:
        for module, values in kept.items():
            for name, value in values.items():
                setattr(module, name, value)


def stream(utterances: int, seed: int = 0, label: str = "up") -> Int16:
    """An utterance of the test's speaker every 1.5 s, other words between them, in noise."""
    rng = np.random.default_rng(seed)
    out = rng.normal(0, 60, int(RATE * (1.5 * utterances + 1)))
    for i in range(utterances):
        at = int(RATE * (1.5 * i + 0.5))
        word = chirp(label, 3, 20 + i)
        out[at : at + len(word)] += word
        other = chirp(("down", "low", "high")[i % 3], 3, 20 + i)
        at += int(0.8 * RATE)
        out[at : at + len(other)] += other
    return np.clip(out, -32768, 32767).astype(np.int16)
