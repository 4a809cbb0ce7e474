"""Recordings of noise from a folder, to be mixed into sound in training."""

from pathlib import Path

import numpy as np

from xnornode._typing import Int16
from xnornode.data.resample import SAME, resample
from xnornode.data.sound import SUFFIXES, read_frames
from xnornode.errors import DataError

MOST = 1 << 25
"""Samples in all: 35 minutes at 16 kHz. Of longer recordings the beginnings are taken."""


def find_noise(folder: Path) -> list[Path]:
    """The sound files in a folder, and in folders within it.

    Parameters
    ----------
    folder : Path
        The folder; or one sound file.

    Returns
    -------
    list of Path
        The files, sorted.

    Raises
    ------
    DataError
        There is no such folder, or no sound file in it.
    """
    if not folder.exists():
        raise DataError(f"there is no folder {folder} with recordings of noise")
    files = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
    found = [path for path in files if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not found:
        raise DataError(
            f"{folder} holds no sound file ({', '.join(SUFFIXES)}): put recordings of noise there, "
            "such as of the place where the node will be"
        )
    return found


def read_noise(files: list[Path], rate: float) -> tuple[tuple[Int16, ...], list[str]]:
    """Read recordings of noise at the data's sample rate.

    Parameters
    ----------
    files : list of Path
        Sound files.
    rate : float
        Hertz; 0 if unknown: then they are taken as they are.

    Returns
    -------
    sounds : tuple of ndarray of int16, shape (n,)
        One channel each.
    notes : list of str
        What was done to them, and what was left out.

    Raises
    ------
    DataError
        A file is damaged, or all are silent.
    """
    sounds, notes, changed = [], list[str](), 0
    for path in files:
        frames, own = read_frames(path)
        mono = np.rint(frames.mean(axis=1)).astype(np.int16)
        if mono.min() == mono.max():
            notes.append(f"{path} is silent: left out")
            continue
        if rate and abs(own - rate) > SAME * rate:
            mono = resample(mono[:, None], own, rate)[:, 0]
            changed += 1
        sounds.append(mono)
    if not sounds:
        raise DataError(f"all recordings of noise are silent, such as {files[0]}: record others")
    if changed:
        notes.append(f"{changed} recordings of noise were resampled to {rate:g} Hz")
    if sum(map(len, sounds)) > MOST:
        each = MOST // len(sounds)
        sounds = [sound[:each] for sound in sounds]
        notes.append(f"of long recordings of noise the first {each:,} samples are taken")
    return tuple(sounds), notes
