"""Long loops in pieces that fit a core's cache, so that one pass finds what the last one left."""

from collections.abc import Callable, Sequence

CACHE_BYTES = 1 << 21


def spans(count: int, bytes_each: int) -> list[tuple[int, int]]:
    """(start, end) of pieces of `count` things, each as large as the cache."""
    pieces = max(1, min(count, -(-count * bytes_each // CACHE_BYTES)))
    return [(i * count // pieces, (i + 1) * count // pieces) for i in range(pieces)]


def run(piece: Callable[[int, int], object], parts: Sequence[tuple[int, int]]) -> None:
    """Call `piece(start, end)` for each of `parts`."""
    for start, end in parts:
        piece(start, end)
