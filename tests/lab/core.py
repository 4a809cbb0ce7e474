"""The C core as a shared library: plain in this process, or with sanitizers in one of its own."""

import ctypes
import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.firmware import c_core
from tools.firmware.sources import ROOT

BUILD = ROOT / "build" / "tests"
Inputs = np.ndarray | Sequence[bytes]
Job = tuple[bytes, Inputs, int]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@dataclass(frozen=True)
class Answer:
    """What the core made of a file: the reason ("ok" if accepted), the self-test, its scores.

    `outcomes` is (n, 3): of each window the answer, its confidence, whether a class is detected.
    """

    reason: str
    selftest: bool
    scores: np.ndarray | None
    classes: np.ndarray | None
    outcomes: np.ndarray | None


@functools.cache
def build_core(sanitize: bool) -> Path:
    """Compile the core with the shim; returns the library."""
    BUILD.mkdir(parents=True, exist_ok=True)
    library = BUILD / f"libbnn{'-asan' if sanitize else ''}.{os.getpid()}.so"
    final = BUILD / f"libbnn{'-asan' if sanitize else ''}.so"
    sources = [*c_core.sources(), ROOT / "tests" / "lab" / "core_shim.c"]
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    flags += ["-O1", "-g", *SANITIZERS] if sanitize else ["-O2"]
    command = ["gcc", *flags, "-shared", "-fPIC", *c_core.includes(), *map(str, sources)]
    subprocess.run([*command, "-o", str(library)], check=True)
    library.rename(final)
    return final


class Core:
    """The library, loaded into this process."""

    def __init__(self, library: Path) -> None:
        self._lib = ctypes.CDLL(str(library))
        self._lib.shim_error_name.restype = ctypes.c_char_p
        self._lib.shim_work.restype = ctypes.c_uint32

    def classify(self, data: bytes, inputs: Inputs = (), classes: int = 255) -> Answer:
        """Load `data`, classify int16 windows (n, length, channels), or texts."""
        windows = inputs.astype("<i2") if isinstance(inputs, np.ndarray) else inputs
        each = [bytes(window) for window in windows]
        sizes = np.array([len(e) for e in each], np.uint32)
        scores = np.zeros((len(each), classes), np.int32)
        chosen = np.zeros(len(each), np.uint32)
        outcomes = np.zeros((len(each), 3), np.int32)
        pointers = [_pointer(a) for a in (sizes, scores, chosen, outcomes)]
        error = self._lib.shim_classify(
            *(data, ctypes.c_size_t(len(data)), b"".join(each), pointers[0]),
            *(ctypes.c_size_t(len(each)), *pointers[1:]),
        )
        return Answer(
            self._lib.shim_error_name(error).decode(), error == 0, scores, chosen, outcomes
        )

    def answers(self, data: bytes, scores: np.ndarray, gaps: np.ndarray) -> np.ndarray:
        """What a model's answers make of scores (n, classes), as `Answer.outcomes`.

        gaps: bool (n,), where they start anew before the window.
        """
        rows, starts = np.ascontiguousarray(scores, np.int32), np.ascontiguousarray(gaps, np.uint8)
        outcomes = np.zeros((len(rows), 3), np.int32)
        pointers = [_pointer(a) for a in (rows, starts, outcomes)]
        sizes = [ctypes.c_size_t(n) for n in (len(data), len(rows))]
        assert self._lib.shim_answers(data, sizes[0], *pointers[:2], sizes[1], pointers[2]) == 0
        return outcomes

    def drift(
        self, data: bytes, values: np.ndarray | None = None, windows: np.ndarray | None = None
    ) -> np.ndarray:
        """A model's drift after each window, by its features (n, V) or its samples.

        A row has level, flagged, 18 moved, 12 sums.
        """
        given = values if values is not None else windows
        rows = np.ascontiguousarray(given, np.int16)
        out = np.zeros((len(rows), 2 + 18 + 12), np.int32)
        pointer = _pointer(rows)
        size, count = ctypes.c_size_t(len(data)), ctypes.c_size_t(len(rows))
        pair = (pointer, None) if values is not None else (None, pointer)
        assert self._lib.shim_drift(data, size, *pair, count, _pointer(out)) == 0
        return out

    def work(self, data: bytes) -> int:
        """Operations of one window of a model that is accepted."""
        return int(self._lib.shim_work(data, ctypes.c_size_t(len(data))))

    def window_round(self, bits: int, scale: int) -> tuple[int, bool]:
        """A float's bits as a count, and whether it was clipped."""
        clipped = ctypes.c_uint32(0)
        count = self._lib.shim_window_round(
            ctypes.c_uint32(bits), ctypes.c_uint32(scale), ctypes.byref(clipped)
        )
        return int(count), bool(clipped.value)

    def window_fill(
        self,
        length: int,
        channels: int,
        hop: int,
        ratios: Sequence[Sequence[int]] | None,
        width: int,
        samples: np.ndarray,
        odd: int,
    ) -> tuple[list[int], list[list[int]], int]:
        """Fill a window with samples at an odd address or not, until none is left.

        What each call took, what the window holds, and what was clipped.
        """
        shape = np.array([length, channels, hop, width], np.int32)
        numbers = np.array(ratios if ratios else [], np.int32)
        taken = np.zeros(len(samples), np.int32)
        held = np.zeros((length, channels), np.int16)
        state = np.zeros(2, np.uint32)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (shape, numbers, taken, held, state)]
        calls = self._lib.shim_window_fill(
            *(pointers[0], pointers[1] if ratios else None, samples.astype("<i2").tobytes()),
            *(ctypes.c_size_t(len(samples)), odd, *pointers[2:]),
        )
        return taken[:calls].tolist(), held[: state[0]].tolist(), int(state[1])

    def stream(
        self,
        files: tuple[bytes, bytes],
        ratios: Sequence[Sequence[int]],
        samples: np.ndarray,
        operations: Sequence[tuple[str, int]],
    ) -> list[list[int]]:
        """What a stream does: see shim_stream(). Samples are int16 (n, width)."""
        numbers = np.array([[ord(name), count] for name, count in operations], np.int32)
        taken = sum(count for name, count in operations if name in "fa")
        assert taken <= len(samples)
        out = np.zeros((len(operations) + taken, 4), np.uint32)
        rows = self._lib.shim_stream(
            (ctypes.c_char_p * 2)(*files),
            (ctypes.c_size_t * 2)(*map(len, files)),
            _pointer(np.array(ratios, np.int32)),
            ctypes.c_uint(samples.shape[1]),
            samples.astype("<i2").tobytes(),
            *(_pointer(numbers), ctypes.c_size_t(len(numbers)), _pointer(out)),
        )
        return out[:rows].tolist()

    def load_at(self, data: bytes, offset: int) -> str:
        """The reason for a file that lies `offset` bytes behind a multiple of 4."""
        error = self._lib.shim_load_at(data, ctypes.c_size_t(len(data)), ctypes.c_size_t(offset))
        return str(self._lib.shim_error_name(error).decode())


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


@functools.cache
def core() -> Core:
    """The plain library."""
    return Core(build_core(sanitize=False))


def sanitized(jobs: list[Job]) -> list[Answer]:
    """`classify` for each job under ASan and UBSan, in a process that ends at the first report."""
    return under_sanitizers("classify", jobs)


def under_sanitizers(method: str, jobs: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The same for any method of Core."""
    library = build_core(sanitize=True)
    runtime = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    env = {**os.environ, "LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.core", str(library)],
        input=pickle.dumps((method, jobs)),
        capture_output=True,
        env=env,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    answers: list[Any] = pickle.loads(done.stdout)
    return answers


def _worker() -> None:
    from tests.lab.core import Core as Library

    library = Library(Path(sys.argv[1]))
    method, jobs = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(pickle.dumps([getattr(library, method)(*job) for job in jobs]))


if __name__ == "__main__":
    _worker()
