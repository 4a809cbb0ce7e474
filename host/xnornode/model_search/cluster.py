"""Trainings on other computers: the workers of a Dask cluster.

This is what joblib's Dask backend does, a task a training, without joblib's `Parallel`, which ends
all trainings when the workers of one have died. The scheduler starts a task again whose worker
died, and gives it up when too many did. Data are tasks, too: what a worker had that died is made
again.
"""

import asyncio
import contextlib
import json
import pickle
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from xnornode.errors import XnorNodeError
from xnornode.model_search import dask_client
from xnornode.model_search.cores import blas_threads
from xnornode.model_search.dask_client import ask, ask_threads, close, connect, load_dask, ready
from xnornode.model_search.journal import Outcome
from xnornode.model_search.one_training import Lesson, Training, outcome_of
from xnornode.model_search.pool import News, Tell, WorkersLost, given_up
from xnornode.model_search.versions import (
    Versions,
    check_versions,
    versions_here,
)
from xnornode.training.trained import Epoch

POLL = 0.2
"""Seconds from one look at what the cluster told to the next."""
ASK = 2.0
"""Seconds from one question for the workers to the next."""
TOLD = 0.5
"""Seconds from one epoch that a training tells to the next."""


@dataclass(frozen=True)
class Task:
    """A training that the scheduler has; `at` is the worker that it was meant for."""

    training: Training
    future: Any
    at: str | None


class Cluster:
    """The workers of a scheduler.

    where: its address, or a client, which is not closed. Raises XnorNodeError.
    """

    def __init__(self, lessons: Sequence[Lesson], where: Any) -> None:
        load_dask()
        self._own = isinstance(where, str)
        self._client = connect(where) if self._own else where
        self._topic = uuid4().hex
        self._started = 0
        self._running: dict[str, Task] = {}  # by the task's key
        self._told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        try:
            self._threads = ready(self._client).threads
            self._asked = self._seen = time.monotonic()
            self._data = [self._submit("data", pickle.loads, pickle.dumps(e)) for e in lessons]
            for topic in (self._topic, "all"):
                self._client.subscribe_topic(topic, self._listener(topic))
        except BaseException:
            self.close()
            raise

    def size(self) -> int:
        """The threads of the workers; at least 1."""
        return max(1, sum(self._threads.values()))

    def start(self, training: Training) -> None:
        """Hand a training to the scheduler."""
        at = self._least_busy()
        work = (training.config, versions_here(), blas_threads(), self._topic)
        where = {"workers": [at], "allow_other_workers": True} if at else {}
        data = self._data[training.fold]
        future = self._submit("training", _train_there, data, *work, **where)
        self._running[future.key] = Task(training, future, at)

    def wait(self, tell: Tell) -> None:
        """Wait until a training has ended, or a moment. Raises XnorNodeError."""
        self._hear(tell)
        for key, task in list(self._running.items()):
            if task.future.status in ("pending", "lost"):  # lost: made again
                continue
            if news := self._result(task.training, task.future):
                del self._running[key]
                tell(news)
        if self._client.status != "running":
            raise _gone()
        if time.monotonic() - self._asked > ASK:
            self._look_for_workers()

    def close(self) -> None:
        """Cancel what is under way; a worker ends it with its epoch."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            for topic in (self._topic, "all"):
                self._client.unsubscribe_topic(topic)
            if self._running and self._client.status == "running":
                futures = [task.future for task in self._running.values()]
                ask(self._client, self._client._cancel, futures)
        self._running.clear()
        if self._own:
            close(self._client)

    def _least_busy(self) -> str | None:
        """The worker for a training. The scheduler would rather queue it where its data are."""
        busy = Counter(task.at for task in self._running.values())
        each = self._threads
        return min(each, key=lambda at: busy[at] / each[at], default=None)

    def _submit(self, kind: str, work: Callable[..., Any], *arguments: Any, **where: Any) -> Any:
        self._started += 1
        key = f"xnornode-{kind}-{self._topic}-{self._started}"  # of each kind the time is foretold
        with warnings.catch_warnings():  # that data are large: they are sent once for all trainings
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(work, *arguments, key=key, pure=False, **where)

    def _listener(self, topic: str) -> Callable[[Any], None]:
        return lambda event: self._told.put((topic, event[1]))

    def _hear(self, tell: Tell) -> None:
        """Tell of epochs and of workers that died; wait a moment for the first."""
        try:
            topic, content = self._told.get(timeout=POLL)
            while True:
                self._understand(topic, content, tell)
                topic, content = self._told.get_nowait()
        except Empty:
            pass

    def _understand(self, topic: str, content: Any, tell: Tell) -> None:
        if topic == self._topic:
            found = self._running.get(content["key"])
            if found:
                tell(News(found.training, Epoch(**json.loads(content["epoch"]))))
        elif isinstance(content, dict) and content.get("action") == "remove-worker":
            for key in content.get("processing-tasks", ()):
                if key in self._running:
                    training = self._running[key].training
                    said = (
                        f"worker {content.get('worker')} has gone: {training.name} is trained "
                        "again, unless too many died of it"
                    )
                    tell(News(training, said=said))

    def _result(self, training: Training, future: Any) -> News | None:
        """What a task gave; None where its worker died with it, and it is made again."""
        try:
            if future.status == "finished":
                outcome: Outcome = future.result(timeout=dask_client.ANSWER)
                return News(training, outcome=outcome)
            if future.status != "error":
                raise _gone()
            error = future.exception(timeout=dask_client.ANSWER)
        except TimeoutError:
            return None
        except (asyncio.CancelledError, CancelledError) as cancelled:
            raise _gone() from cancelled
        if type(error).__name__ == "KilledWorker":
            return given_up(training, error.allowed_failures + 1)
        if isinstance(error, MemoryError):
            raise XnorNodeError(
                f"a worker's memory is too small for {training.name}: take fewer data, or workers "
                "with more"
            ) from error
        if isinstance(error, ImportError):
            raise XnorNodeError(f"a worker lacks a package: {error}") from error
        raise error

    def _look_for_workers(self) -> None:
        self._asked = time.monotonic()
        self._threads = ask_threads(self._client)
        if self._threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > dask_client.PATIENCE:
            raise WorkersLost(f"the Dask cluster has had no worker for {dask_client.PATIENCE:g} s")


def _gone() -> WorkersLost:
    return WorkersLost("the Dask scheduler has gone, or has dropped what was under way")


class Blas:
    """BLAS of this process, held to so many threads while a training runs in any of its own.

    A limit for each training would end that of another one: it is the whole process's.
    """

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._limit: Any = None

    @contextlib.contextmanager
    def held(self, threads: int) -> Iterator[None]:
        """Hold it. Where it is held already, the first number stays."""
        from threadpoolctl import threadpool_limits

        with self._lock:
            self._users += 1
            if self._users == 1:
                self._limit = threadpool_limits(threads, "blas")
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._limit.restore_original_limits()


BLAS = Blas()


class _Unwanted(Exception):
    """Nobody waits for this training any more."""


def _train_there(
    lesson: Lesson, config: Any, expected: Versions, threads: int, topic: str
) -> Outcome:
    """In a worker: train, and tell of epochs."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    check_versions(expected, {f"worker {worker.address}": versions_here()})
    due = 0.0

    def progress(epoch: Epoch) -> None:
        nonlocal due
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _Unwanted
        if time.monotonic() >= due:
            due = time.monotonic() + TOLD
            worker.log_event(topic, {"key": key, "epoch": json.dumps(asdict(epoch))})

    with BLAS.held(threads):
        return outcome_of(lesson, config, progress)
