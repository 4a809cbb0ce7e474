"""Trainings on other computers: the workers of a Dask cluster.

This is what joblib's Dask backend does, a task a training, without joblib's `Parallel`, which ends
all trainings when the workers of one have died. The scheduler starts a task again whose worker
died, and gives it up when too many did. Data are tasks, too: what a worker had that died is made
again.
"""

import contextlib
import json
import pickle
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from xnornode._extras import load_extra
from xnornode.errors import XnorNodeError
from xnornode.model_search.cores import blas_threads
from xnornode.model_search.journal import Outcome
from xnornode.model_search.one_training import Lesson, Training, outcome_of
from xnornode.model_search.pool import News, Tell, WorkersLost, given_up
from xnornode.model_search.versions import (
    Versions,
    check_versions,
    processor_here,
    versions_here,
)
from xnornode.training.trained import Epoch

CONNECT = 10.0
"""Seconds to reach the scheduler."""
PATIENCE = 60.0
"""Seconds that a search waits for a worker, where there is none."""
ANSWER = 30.0
"""Seconds that the scheduler has to answer."""
POLL = 0.2
"""Seconds from one look at what the cluster told to the next."""
ASK = 2.0
"""Seconds from one question for the workers to the next."""
TOLD = 0.5
"""Seconds from one epoch that a training tells to the next."""
ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+:\d{1,5}")


def check_address(text: str) -> str:
    """The same text. Raises ValueError where it is no scheduler's address."""
    if not ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no address of a scheduler, such as tcp://10.0.0.5:8786")
    return text


def load_dask() -> Any:
    """The module `distributed`. Raises XnorNodeError that names the extra where one is missing."""
    load_extra("threadpoolctl", "dask")
    return load_extra("distributed", "dask")


def connect(address: str) -> Any:
    """A client of the scheduler at `address`. Raises XnorNodeError."""
    distributed = load_dask()
    try:
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # TypeError: TLS without certificates
        raise XnorNodeError(f"there is no Dask scheduler at {address}: {error}") from error


@dataclass(frozen=True)
class Workers:
    """Those of a cluster: their threads by address, and which of them round in another way."""

    threads: Mapping[str, int]
    strange: tuple[str, ...] = ()


def ready(client: Any) -> Workers:
    """The workers, once there is one. Raises XnorNodeError: none, or other versions."""
    end = time.monotonic() + PATIENCE
    while not (threads := ask_threads(client)):
        if time.monotonic() > end:
            raise XnorNodeError(
                f"the Dask scheduler has had no worker for {PATIENCE:g} s: start one, with "
                "`dask worker` and the scheduler's address"
            )
        time.sleep(ASK / 4)
    found = _ask(client, client._get_versions, packages=["xnornode"])
    workers = {f"worker {at}": about["packages"] for at, about in found["workers"].items()}
    check_versions(found["client"]["packages"], workers)  # a worker of later checks its own
    here = processor_here()
    processors = _ask(client, client._run, processor_here, on_error="return")
    return Workers(threads, tuple(at for at, other in processors.items() if other != here))


def describe(workers: Workers) -> Iterator[str]:
    """What a person should know of the workers, line by line."""
    count, threads = len(workers.threads), sum(workers.threads.values())
    yield f"{_counted(count, 'worker')} with {_counted(threads, 'thread')}"
    if threads > count:
        yield (
            "warning: threads of one worker hinder each other: start workers with --nthreads 1, "
            "and one per core (--nworkers)"
        )
    if workers.strange:
        yield (
            f"warning: {workers.strange[0]} has another processor than this computer, or another "
            "build of NumPy: sums may round otherwise, and the same seed give another network"
        )


def ask_threads(client: Any) -> dict[str, int]:
    """The threads of each worker, now. Raises WorkersLost."""
    return dict(_ask(client, client.scheduler.ncores))


def close(client: Any) -> None:
    """Close a client, within a moment."""
    with contextlib.suppress(Exception):
        client.close(timeout=CONNECT)


class Cluster:
    """The workers of a scheduler.

    where: its address, or a client, which is not closed. Raises XnorNodeError.
    """

    def __init__(self, lessons: Sequence[Lesson], where: Any) -> None:
        load_dask()
        self._own = isinstance(where, str)
        self._client = connect(where) if self._own else where
        self._topic = f"xnornode-{uuid4().hex}"
        self._started = 0
        self._running: dict[str, tuple[Training, Any]] = {}  # by the task's key
        self._told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        try:
            self._threads = ready(self._client).threads
            self._asked = self._seen = time.monotonic()
            self._data = [self._submit(pickle.loads, pickle.dumps(each)) for each in lessons]
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
        work = (training.config, versions_here(), blas_threads(), self._topic)
        future = self._submit(_train_there, self._data[training.fold], *work)
        self._running[future.key] = (training, future)

    def wait(self, tell: Tell) -> None:
        """Wait until a training has ended, or a moment. Raises XnorNodeError."""
        self._hear(tell)
        for key, (training, future) in list(self._running.items()):
            if future.status == "pending":
                continue
            news = self._result(training, future)
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
                futures = [future for _, future in self._running.values()]
                _ask(self._client, self._client._cancel, futures)
        self._running.clear()
        if self._own:
            close(self._client)

    def _submit(self, work: Callable[..., Any], *arguments: Any) -> Any:
        self._started += 1
        key = f"{self._topic}-{self._started}"
        with warnings.catch_warnings():  # that data are large: they are sent once for all trainings
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(work, *arguments, key=key, pure=False)

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
                tell(News(found[0], Epoch(**json.loads(content["epoch"]))))
        elif isinstance(content, dict) and content.get("action") == "remove-worker":
            for key in content.get("processing-tasks", ()):
                if key in self._running:
                    training = self._running[key][0]
                    what = f"worker {content.get('worker')} has gone: {training.name}"
                    tell(News(training, said=f"{what} is trained again"))

    def _result(self, training: Training, future: Any) -> News:
        if future.status == "finished":
            outcome: Outcome = future.result(timeout=ANSWER)
            return News(training, outcome=outcome)
        if future.status == "error":
            error = future.exception(timeout=ANSWER)
            if type(error).__name__ == "KilledWorker":
                return given_up(training, error.allowed_failures + 1)
            if isinstance(error, ImportError):
                raise XnorNodeError(f"a worker lacks a package: {error}") from error
            raise error
        raise _gone()

    def _look_for_workers(self) -> None:
        self._asked = time.monotonic()
        self._threads = ask_threads(self._client)
        if self._threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > PATIENCE:
            raise WorkersLost(f"no worker of the Dask cluster has been left for {PATIENCE:g} s")


def _ask(client: Any, question: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What the scheduler answers, within a bounded time. Raises WorkersLost."""
    try:
        return client.sync(question, *given, **named, callback_timeout=ANSWER)
    except (OSError, TimeoutError) as error:
        raise WorkersLost(
            f"the Dask scheduler has gone, or has not answered for {ANSWER:g} s"
        ) from error


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _gone() -> WorkersLost:
    return WorkersLost("the Dask scheduler has gone, or has dropped what was under way")


class _Unwanted(Exception):
    """Nobody waits for this training any more."""


def _train_there(
    lesson: Lesson, config: Any, expected: Versions, threads: int, topic: str
) -> Outcome:
    """In a worker: train, and tell of epochs."""
    from distributed import get_worker
    from threadpoolctl import threadpool_limits

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

    with threadpool_limits(threads, "blas"):
        return outcome_of(lesson, config, progress)
