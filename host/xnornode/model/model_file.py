"""Model files on disk."""

import os

from xnornode._files import naming, open_to_read, read_most, write_whole
from xnornode.model.file_format import LONGEST, MAGIC, SHORTEST, from_bytes, to_bytes
from xnornode.model.model import Model


def save_model(model: Model, path: str | os.PathLike[str]) -> int:
    """Write a model to a file, whole or not at all.

    Parameters
    ----------
    model : Model
        The model.
    path : str or path-like
        The `.bnn` file; one that exists is replaced.

    Returns
    -------
    int
        The file's size in bytes.

    Raises
    ------
    OSError
        The file cannot be written; what was there stays.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from xnornode import Dense, TrainConfig, fold, from_windows, load_model, prepare, save_model
    >>> from xnornode import train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> config = TrainConfig(layers=(Dense(16),), epochs=1, batch=16)
    >>> path = Path(tempfile.mkdtemp()) / "demo.bnn"
    >>> save_model(fold(train(prepare(dataset), config)), path) == path.stat().st_size
    True
    >>> load_model(path).labels
    ('high', 'low')
    """
    data = to_bytes(model)
    write_whole(path, data)
    return len(data)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model from a file.

    Parameters
    ----------
    path : str or path-like
        The `.bnn` file.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    ModelError
        The file is no valid model; `reason` is the one that a node gives.
    OSError
        The file cannot be read.

    Examples
    --------
    `save_model` has one.

    >>> from xnornode import load_model
    >>> load_model("/dev/null")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    xnornode.errors.ModelError: a model file has ... bytes, this one 0
    """
    return from_bytes(read_model(path))


def read_model(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a model file, which `file_format.from_bytes` has not checked yet.

    Parameters
    ----------
    path : str or path-like
        The `.bnn` file.

    Returns
    -------
    bytes
        All of a model. Of a file that is no model, enough to say why: its first bytes, or one more
        byte than its header says.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with naming(path), open_to_read(path) as file:
        data = file.read(SHORTEST)
        if data[:4] == MAGIC:
            length = min(int.from_bytes(data[8:12], "little"), LONGEST)
            data += read_most(file, length + 1 - len(data))
    return data
