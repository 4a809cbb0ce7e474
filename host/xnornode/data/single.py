"""A file that is one recording."""

from pathlib import Path
from typing import Any

from xnornode.data.dataset import Dataset


def one_recording(path: Path, samples: Any, label: str, group: str, **more: Any) -> Dataset:
    """A dataset of one recording.

    Parameters
    ----------
    path : Path
        The file, which names the recording.
    samples : ndarray, shape (n, channels)
        Its samples.
    label, group : str
        Its class and who or what was recorded; "" for a group that nothing names.
    **more
        Further fields of `Dataset`.

    Returns
    -------
    Dataset
        One item.
    """
    return Dataset(
        name=path.stem,
        kind="recordings",
        items=[samples],
        labels=[label],
        groups=[group or str(path)],
        names=[str(path)],
        grouping="group" if group else "recording",
        **more,
    )
