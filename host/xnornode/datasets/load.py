"""Datasets by name or path."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.data.dataset import Dataset
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.datasets.images import digits, fashion_mnist, mnist
from xnornode.datasets.texts import languages, mails
from xnornode.datasets.watch import watch
from xnornode.errors import DataError

EXAMPLES: Mapping[str, Callable[[], Dataset]] = {
    "watch": watch,
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "digits": digits,
    "mails": mails,
    "languages": languages,
}
"""The example sets. Each is downloaded when it is first used, and kept in the cache folder."""


def load_dataset(source: str | Path, options: ReadOptions | None = None, **changes: Any) -> Dataset:
    """Read a dataset from files, or an example set by its name.

    Parameters
    ----------
    source : str or Path
        A folder, a file (.csv, .tsv, .npz, .npy, .txt), or a name of `EXAMPLES`. A file or folder
        of that name comes first.
    options : ReadOptions, optional
        What the user says about the files. Default: found out.
    **changes
        Fields of `ReadOptions` that replace those of `options`.

    Returns
    -------
    Dataset
        Everything that was read, with labels and groups, before a split.

    Raises
    ------
    DataError
        There is no such file or example set, or it cannot be understood.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from xnornode import load_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "notes.csv"
    ...     _ = path.write_text("text,label\\ngood morning,greeting\\nten degrees,weather\\n")
    ...     dataset = load_dataset(path)
    >>> dataset.labels
    ['greeting', 'weather']
    """
    path = Path(source)
    if path.exists():
        return read(path, replace(options or ReadOptions(), **changes))
    if str(source) in EXAMPLES:
        return EXAMPLES[str(source)]()
    raise DataError(f"there is no file or folder {source}, nor an example set of that name")
