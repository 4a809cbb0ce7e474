"""Trainings on the cores of this computer: a process each, by loky, which joblib brings.

joblib's `Parallel` ends all trainings when one process dies, and does not say whose it was. So each
core has an executor of its own: a process that dies costs its own training a new start.
"""

import contextlib
import functools
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import asdict, dataclass
from multiprocessing import resource_tracker as standard_tracker
from pathlib import Path
from typing import Any

from xnornode._extras import load_extra
from xnornode._files import write_whole
from xnornode.model_search.journal import Outcome
from xnornode.model_search.one_training import Lesson, Training, outcome_of
from xnornode.model_search.pool import TRIES, News, Tell, given_up
from xnornode.training.trained import Epoch

POLL = 0.1
"""Seconds from one look at the trainings' epochs to the next."""
TOLD = 0.25
"""Seconds from one epoch that a process tells to the next."""
LOOK = 1.0
"""Seconds from one look of a process at whether its parent lives to the next."""
BLAS = "OPENBLAS_NUM_THREADS"


def blas_threads() -> int:
    """How many threads BLAS has in a training: it decides on the order of sums."""
    text = os.environ.get(BLAS, "")
    return int(text) if text.isdecimal() and int(text) else 1


def check() -> None:
    """Raise XnorNodeError where the extra is missing."""
    load_extra("joblib", "jobs")


def core_count() -> int:
    """The cores that this process may use. Raises XnorNodeError where the extra is missing."""
    return int(load_extra("joblib", "jobs").cpu_count())


@dataclass(eq=False)
class Slot:
    """A core: its process, and what it trains."""

    told: Path  # the last epoch
    executor: Any = None
    training: Training | None = None
    future: Future[Outcome] | None = None
    tries: int = 0
    seen: str = ""


class Cores:
    """`jobs` processes. Raises XnorNodeError where the extra is missing."""

    def __init__(self, lessons: Sequence[Lesson], jobs: int) -> None:
        joblib = load_extra("joblib", "jobs")
        self._loky = load_extra("joblib.externals.loky", "jobs")
        self._tracker = load_extra("joblib.externals.loky.backend.resource_tracker", "jobs")
        self._folder = Path(tempfile.mkdtemp(prefix=f"xnornode-search-{os.getpid()}-"))
        # A process that removes the folder if this one dies; loky also begins the standard
        # library's, and that one's start would end `_uninterrupted`.
        self._tracker.register(str(self._folder), "folder")
        if sys.platform != "win32":
            standard_tracker.ensure_running()
        for k, lesson in enumerate(lessons):
            joblib.dump(lesson, self._folder / f"{k}.lesson")
        self._slots = [Slot(self._folder / f"{k}.epoch") for k in range(jobs)]

    def size(self) -> int:
        """The number of processes."""
        return len(self._slots)

    def start(self, training: Training) -> None:
        """Begin a training on a core that has none."""
        slot = next(slot for slot in self._slots if slot.training is None)
        slot.training, slot.tries = training, 0
        self._submit(slot)

    def wait(self, tell: Tell) -> None:
        """Wait until a training has ended, or a moment."""
        wait([s.future for s in self._slots if s.future], POLL, FIRST_COMPLETED)
        for slot in self._slots:
            training, future = slot.training, slot.future
            if not training or not future:
                continue
            if not future.done():
                if epoch := _last_epoch(slot):
                    tell(News(training, epoch))
                continue
            try:
                news = News(training, outcome=future.result())
            except BrokenExecutor as error:
                self._end(slot)
                if slot.tries < TRIES:
                    tell(News(training, said=_died(training, error, slot.tries)))
                    self._submit(slot)
                    continue
                news = given_up(training, slot.tries)
            slot.training = slot.future = None
            tell(news)

    def close(self) -> None:
        """Kill the processes."""
        with _uninterrupted():
            for slot in self._slots:
                self._end(slot)
            self._tracker.maybe_unlink(str(self._folder), "folder")

    def _submit(self, slot: Slot) -> None:
        slot.tries += 1
        slot.seen = ""
        slot.told.unlink(missing_ok=True)
        work = (str(self._folder), slot.training, str(slot.told), os.getpid())
        with _uninterrupted():
            try:
                slot.future = self._executor(slot).submit(_train_here, *work)
            except BrokenExecutor:  # its process died since the last training
                self._end(slot)
                slot.future = self._executor(slot).submit(_train_here, *work)

    def _executor(self, slot: Slot) -> Any:
        if slot.executor is None:
            env = {BLAS: str(blas_threads())}
            slot.executor = self._loky.ProcessPoolExecutor(1, timeout=None, env=env)
        return slot.executor

    def _end(self, slot: Slot) -> None:
        executor, slot.executor = slot.executor, None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C comes after this block; processes that begin in it are not interrupted at all."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _died(training: Training, error: Exception, tries: int) -> str:
    found = re.search(r"exit codes of the workers are \{(.*?)\}", str(error))
    how = f" ({found[1]})" if found else ""
    return f"a worker died{how}: {training.name} is trained again, try {tries + 1} of {TRIES}"


def _last_epoch(slot: Slot) -> Epoch | None:
    """What the process has told since the last look."""
    try:
        text = slot.told.read_text(encoding="ascii")
    except OSError:
        return None
    if text == slot.seen:
        return None
    slot.seen = text
    return Epoch(**json.loads(text))


def _train_here(folder: str, training: Training, told: str, parent: int) -> Outcome:
    """In the worker's process: train, and tell of epochs in a file."""
    _end_with(parent)
    due = 0.0

    def progress(epoch: Epoch) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + TOLD
            with contextlib.suppress(OSError):
                write_whole(told, json.dumps(asdict(epoch)).encode())

    return outcome_of(_lesson(folder, training.fold), training.config, progress)


@functools.cache
def _lesson(folder: str, fold: int) -> Lesson:
    """A fold's data: the arrays lie in memory once for all processes."""
    joblib = load_extra("joblib", "jobs")
    lesson: Lesson = joblib.load(Path(folder) / f"{fold}.lesson", mmap_mode="r")
    return lesson.plain()


@functools.cache
def _end_with(parent: int) -> None:
    """Have this process end soon after its parent."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os._exit(1)

    if sys.platform != "win32":  # there it ends when it cannot tell its outcome
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=look, daemon=True).start()
