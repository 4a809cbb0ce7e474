"""Wait for one file, whatever its number: `select.select` takes none above 1023."""

from __future__ import annotations

import select

_POLLS = hasattr(select, "poll")


def readable(number: int, seconds: float) -> bool:
    """Whether a file has something to read, or its end, within so many seconds.

    Parameters
    ----------
    number : int
        The file's number.
    seconds : float
        How long to wait; none is for ever where it is infinite.

    Returns
    -------
    bool
        False if nothing came in time.
    """
    return _wait(number, seconds, False)


def writable(number: int, seconds: float) -> bool:
    """Whether a file takes bytes within so many seconds, or has failed."""
    return _wait(number, seconds, True)


def _wait(number: int, seconds: float, writes: bool) -> bool:
    if number < 0:
        raise ValueError("the file is closed")
    seconds = max(0.0, min(seconds, 86400.0))
    if not _POLLS:  # Windows, where numbers do not matter
        sources = [number]
        found = select.select([] if writes else sources, sources if writes else [], [], seconds)
        return bool(found[0] or found[1])
    poll = select.poll()
    poll.register(number, select.POLLOUT if writes else select.POLLIN)
    return bool(poll.poll(seconds * 1000))
