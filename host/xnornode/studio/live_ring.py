"""The last samples of a node, so that what it took for something else becomes a recording."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from xnornode.errors import XnorNodeError
from xnornode.link.messages import Streaming
from xnornode.link.recording import Block
from xnornode.link.take import Take

SECONDS = 60.0
"""How far back the ring reaches."""
MOST_BYTES = 32 << 20
"""Of samples in a ring."""


@dataclass(frozen=True)
class _Piece:
    stream: int
    block: Block
    came: float  # seconds since 1970


class Ring:
    """The last samples of one sensor. All methods may be called from any thread.

    Samples before and after a gap, or of two streams, never become neighbours: the second ones are
    marked as broken, and a recording says where that is.

    Examples
    --------
    >>> ring = Ring()
    >>> ring.seconds
    0.0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[_Piece] = deque()
        self._info: Streaming | None = None
        self._samples = self._stream = 0
        self._broken = True  # whether samples are missing before the next block

    @property
    def stream(self) -> int:
        """Number of the stream that the newest samples are of: `until` of `take` counts in it."""
        with self._lock:
            return self._stream

    @property
    def seconds(self) -> float:
        """How long it reaches back."""
        with self._lock:
            return self._samples / self._rate if self._info else 0.0

    @property
    def _rate(self) -> float:
        return self._info.rate_mhz / 1000 if self._info else 0.0

    def add(self, info: Streaming, block: Block, came: float) -> int:
        """Take samples.

        Parameters
        ----------
        info : Streaming
            Their sensor. Samples of another one have all that came before forgotten.
        block : Block
            The samples.
        came : float
            When, in seconds since 1970.

        Returns
        -------
        int
            The number of their stream.
        """
        with self._lock:
            if self._info is None or not _alike(self._info, info):
                self._pieces.clear()
                self._samples = 0
            last = self._pieces[-1].block if self._pieces else None
            if self._broken or last is None or block.taken <= last.taken:
                self._stream += 1
                block = replace(block, broken=True)
            self._info, self._broken = info, False
            self._pieces.append(_Piece(self._stream, block, came))
            self._samples += len(block.samples)
            most = MOST_BYTES // (2 * len(info.channels))
            while self._samples - len(self._pieces[0].block.samples) >= min(
                SECONDS * self._rate, most
            ):
                self._samples -= len(self._pieces.popleft().block.samples)
            return self._stream

    def cut(self) -> None:
        """The stream has broken off: what comes next is no neighbour of what came last."""
        with self._lock:
            self._broken = True

    def clear(self) -> None:
        """Forget all samples."""
        with self._lock:
            self._pieces.clear()
            self._info, self._samples, self._broken = None, 0, True

    def take(self, seconds: float, stream: int | None = None, until: int | None = None) -> Take:
        """The last samples, as a recording.

        Parameters
        ----------
        seconds : float
            How long it is to be at most.
        stream, until : int, optional
            A stream, and the count of samples of it at which the recording ends. Default: the
            newest sample.

        Returns
        -------
        Take
            Of fewer seconds where the ring has no more.

        Raises
        ------
        XnorNodeError
            There are no samples, or those are not there any more.
        """
        with self._lock:
            info, pieces = self._info, [*self._pieces]
        if info is None or not pieces:
            raise XnorNodeError("no samples of the node have come yet: there is nothing to keep")
        if stream is not None and until is not None:
            pieces = _before(pieces, stream, until)
        if not pieces:
            raise XnorNodeError(
                f"these samples are gone: only the last {SECONDS:.0f} s are there to be kept"
            )
        rate = info.rate_mhz / 1000
        wanted = max(1, round(seconds * rate))
        chosen: list[Block] = []
        for piece in reversed(pieces):
            block = piece.block
            if wanted < len(block.samples):  # the samples before it are not of the recording
                block = replace(block, samples=block.samples[-wanted:], broken=True)
            chosen.insert(0, block)
            wanted -= len(block.samples)
            if not wanted:
                break
        count = sum(len(block.samples) for block in chosen)
        began = datetime.fromtimestamp(pieces[-1].came, UTC) - timedelta(seconds=count / rate)
        take = Take(info, count / rate, began)
        for block in chosen:
            take.add(block)
        return take


def _alike(one: Streaming, other: Streaming) -> bool:
    """Whether samples of two streams belong into one recording."""
    return (one.channels, one.scales, one.rate_mhz, one.device) == (
        other.channels,
        other.scales,
        other.rate_mhz,
        other.device,
    )


def _before(pieces: list[_Piece], stream: int, until: int) -> list[_Piece]:
    """The pieces up to a sample of a stream, the last one cut there; none if that is gone."""
    found: list[_Piece] = []
    for piece in pieces:
        block = piece.block
        if piece.stream > stream:
            break
        if piece.stream == stream and block.taken > until:
            left = len(block.samples) - (block.taken - until)
            if left > 0:
                found.append(replace(piece, block=replace(block, samples=block.samples[:left])))
            break
        found.append(piece)
    return found if found and found[-1].stream == stream else []
