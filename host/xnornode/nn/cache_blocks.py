"""Long loops in blocks that fit a core's cache, so that one pass finds what the last one left."""

from collections.abc import Callable, Sequence

CACHE_BYTES = 1 << 21


def spans(count: int, bytes_each: int) -> list[tuple[int, int]]:
    """(start, end) of blocks of `count` things, each as large as the cache."""
    blocks = max(1, min(count, -(-count * bytes_each // CACHE_BYTES)))
    return [(i * count // blocks, (i + 1) * count // blocks) for i in range(blocks)]


def run(block: Callable[[int, int], object], parts: Sequence[tuple[int, int]]) -> None:
    """Call `block(start, end)` for each of `parts`."""
    for start, end in parts:
        block(start, end)
