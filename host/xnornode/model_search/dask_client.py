"""The client of a Dask scheduler: how it is reached, and which workers it has."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xnornode._extras import load_extra
from xnornode.errors import XnorNodeError
from xnornode.model_search.pool import WorkersLost
from xnornode.model_search.versions import check_versions, processor_here

CONNECT = 10.0
"""Seconds to reach the scheduler."""
PATIENCE = 60.0
"""Seconds that a search waits for a worker, where there is none."""
ANSWER = 30.0
"""Seconds that the scheduler has to answer."""
PAUSE = 0.5
"""Seconds from one look for the first worker to the next."""
ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d{1,5}")


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
        if address.startswith(("tls:", "wss:")):
            given = distributed.Security().get_connection_args("client")
            if given.get("ssl_context") is None:
                raise XnorNodeError(
                    f"{address} needs certificates: name them in Dask's configuration, "
                    "distributed.comm.tls"
                )
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
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
        time.sleep(PAUSE)
    found = ask(client, client._get_versions, packages=["xnornode"])
    workers = {f"worker {at}": about["packages"] for at, about in found["workers"].items()}
    check_versions(found["client"]["packages"], workers)  # a worker of later checks its own
    here = processor_here()
    processors = ask(client, client._run, processor_here, on_error="return")
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
    return dict(ask(client, client.scheduler.ncores))


def close(client: Any) -> None:
    """Close a client, within a moment."""
    with contextlib.suppress(Exception):
        client.close(timeout=CONNECT)


def ask(client: Any, question: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What the scheduler answers, within a bounded time. Raises WorkersLost."""
    try:
        return client.sync(question, *given, **named, callback_timeout=ANSWER)
    except (OSError, TimeoutError) as error:
        raise WorkersLost(
            f"the Dask scheduler has gone, or has not answered for {ANSWER:g} s"
        ) from error


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
