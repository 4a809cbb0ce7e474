"""Work in pieces that fit a core's cache, on as many threads as asked for.

NumPy releases the interpreter's lock in its loops and in BLAS, so threads share the work; a piece
small enough to stay in the cache is worth it on one thread already.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Piece = Callable[[int, int], object]

CACHE_BYTES = 1 << 21
WORTH_A_THREAD = 1 << 23  # handing work to another thread takes 0.1 to 0.4 ms

_pool: ThreadPoolExecutor | None = None
_workers = 1
_limits: Any = None  # of BLAS, as threadpoolctl has them


def set_workers(count: int) -> None:
    """Use `count` threads from now on: 1 (the start), or the number of cores.

    With more than one, BLAS is best held to one thread of its own: where the library threadpoolctl
    is installed that is done here, else by OPENBLAS_NUM_THREADS=1 before Python starts.
    """
    global _pool, _workers, _limits
    _workers = max(1, min(count, os.cpu_count() or 1))
    if _pool:
        _pool.shutdown()
    _pool = ThreadPoolExecutor(_workers - 1) if _workers > 1 else None
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    if _limits:
        _limits.restore_original_limits()
    _limits = threadpool_limits(1) if _workers > 1 else None


def _after_fork() -> None:
    global _pool, _workers
    _pool, _workers = None, 1  # the threads stayed with the parent


if hasattr(os, "register_at_fork"):  # where there is fork at all
    os.register_at_fork(after_in_child=_after_fork)


def spans(count: int, bytes_each: int) -> list[tuple[int, int]]:
    """(start, end) of pieces of `count` things: cache-sized, and a whole number for each thread."""
    pieces = max(1, -(-count * bytes_each // CACHE_BYTES))
    if count * bytes_each >= WORTH_A_THREAD:
        pieces = min(count, -(-pieces // _workers) * _workers)
    return [(i * count // pieces, (i + 1) * count // pieces) for i in range(pieces)]


def run(piece: Piece, parts: Sequence[tuple[int, int]]) -> None:
    """Call `piece(start, end)` for each of `parts`; they must not write to the same place."""
    if _pool is None or len(parts) == 1:
        _run(piece, parts)
        return
    others = [_pool.submit(_run, piece, parts[i::_workers]) for i in range(1, _workers)]
    _run(piece, parts[::_workers])
    for other in others:
        other.result()


def _run(piece: Piece, parts: Sequence[tuple[int, int]]) -> None:
    for start, end in parts:
        piece(start, end)
