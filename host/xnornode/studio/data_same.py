"""Which files of an import the folder of the data has already, whatever their names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from xnornode.data.recording_file import SUFFIX, read_recording
from xnornode.errors import XnorNodeError
from xnornode.studio.data_import import Piece
from xnornode.studio.data_list import Item


def count_there(found: Sequence[Piece], items: Sequence[Item]) -> int:
    """How many pieces have the samples of a recording, or the bytes of a file, that is there.

    Parameters
    ----------
    found : sequence of Piece
        What an import would make.
    items : sequence of Item
        The files of the data. Only those that are as long as a piece are read.

    Returns
    -------
    int
        Pieces whose content is there, under whatever label, group and name.
    """
    wanted = [_content(piece) for piece in found]
    sizes = {len(content) for content in wanted}
    there = {
        hashlib.blake2b(content).digest()
        for item in items
        if _length(item) in sizes and (content := _kept(item)) is not None
    }
    return sum(hashlib.blake2b(content).digest() in there for content in wanted)


def _content(piece: Piece) -> bytes:
    if isinstance(piece.content, Path):
        return piece.content.read_bytes()
    if isinstance(piece.content, bytes):
        return piece.content
    return piece.content.recording.samples.astype("<i2").tobytes()


def _length(item: Item) -> int:
    """The length of what is compared, as the listing knows it."""
    if item.path.suffix.lower() == SUFFIX:
        return 2 * item.facts.samples * len(item.facts.channels)
    return item.bytes


def _kept(item: Item) -> bytes | None:
    """What is compared of a file of the data; None for one that cannot be read."""
    try:
        if item.path.suffix.lower() == SUFFIX:
            return read_recording(item.path).partition(b"\n")[2]
        return item.path.read_bytes()
    except (OSError, XnorNodeError):
        return None
