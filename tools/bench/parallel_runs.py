"""Many trainings side by side, their results kept as they come."""

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from xnornode._files import write_whole

Result = dict[str, Any]
Run = tuple[Callable[..., Result], tuple[Any, ...]]


def collect(path: Path, runs: Mapping[str, Run], jobs: int, fresh: bool = False) -> list[Result]:
    """The result of each run, by `jobs` processes; those that `path` has are not run again.

    runs: name -> (function, arguments). The name says all that the result depends on. Each result
    is written to `path` when it is there, so that an interrupted collection goes on where it
    stopped; `fresh` forgets the earlier ones.
    """
    known: dict[str, Result] = {}
    if path.exists() and not fresh:
        known = json.loads(path.read_text())
    todo = [name for name in runs if name not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    pool = ProcessPoolExecutor(jobs)
    try:
        waiting = {pool.submit(runs[name][0], *runs[name][1]): name for name in todo}
        for done, job in enumerate(as_completed(waiting), 1):
            name = waiting[job]
            known[name] = job.result()
            if path.exists():  # another collection may have added to it
                known = json.loads(path.read_text()) | known
            write_whole(path, json.dumps(known, indent=1).encode())
            print(f"[{done}/{len(todo)}] {name[:100]}", file=sys.stderr, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return [known[name] for name in runs]
