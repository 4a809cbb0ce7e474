"""Trainings by processes of this computer: the same result, deaths, Ctrl-C, no process left."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.host.model_search.test_order import same
from tests.lab.search_tasks import BASE, BUDGET, task
from xnornode.model_search.cores import Cores
from xnornode.model_search.one_training import Lesson, Training, outcome_of
from xnornode.model_search.parts import folds_for
from xnornode.model_search.pool import TRIES, News
from xnornode.model_search.search import search

WAIT = 60.0
"""Seconds that anything here may take."""
LONG = Training("long", "network 1", replace(BASE, epochs=300), 1)
SHORT = Training("short", "network 2", replace(BASE, epochs=2), 0)


def lessons() -> list[Lesson]:
    return [Lesson.of(task(), part) for part in folds_for(task())]


@pytest.fixture
def cores() -> Iterator[Cores]:
    pool = Cores(lessons(), 2)
    yield pool
    pool.close()


def trainers() -> list[psutil.Process]:
    """The processes that train."""
    found = psutil.Process().children()
    return [p for p in found if "popen_loky" in " ".join(p.cmdline())]


def wait_for(pool: Any, true: Callable[[list[News]], Any]) -> list[News]:
    """All that a pool tells until this is true of it."""
    news: list[News] = []
    end = time.monotonic() + WAIT
    while not true(news):
        assert time.monotonic() < end, news[-3:]
        pool.wait(news.append)
    return news


def done(news: list[News]) -> set[str]:
    return {n.training.key for n in news if n.outcome}


def test_two_processes_find_the_same_as_one_and_go_on_from_each_other(tmp_path: Path) -> None:
    options: Any = {"trials": 3, "defaults": [BASE]}
    whole = search(task(), BUDGET, BASE, **options)
    steps: list[Any] = []

    def stop(step: Any) -> None:
        steps.append(step)
        if sum(1 for s in steps if s.trial) == 2:
            raise KeyboardInterrupt

    journal = tmp_path / "x.search"
    with pytest.raises(KeyboardInterrupt):
        search(task(), BUDGET, BASE, jobs=2, journal=journal, progress=stop, **options)
    assert not trainers()
    kept = journal.read_bytes()
    assert kept.endswith(b"\n") and kept.count(b"\n") >= 3
    assert {s.at_once for s in steps} == {2}
    alone = search(task(), BUDGET, BASE, journal=journal, **options)
    journal.write_bytes(kept)
    both = search(task(), BUDGET, BASE, jobs=2, journal=journal, **options)
    assert same(alone, whole) and same(both, whole)
    assert not trainers()


def test_a_process_that_dies_costs_its_own_training_a_new_start(cores: Cores) -> None:
    cores.start(LONG)
    wait_for(cores, lambda news: any(n.epoch for n in news))
    (first,) = trainers()
    cores.start(SHORT)
    first.kill()
    news = wait_for(cores, lambda news: len(done(news)) == 2)
    (said,) = [n for n in news if n.said]
    assert said.training == LONG and "network 1 is trained again, try 2 of 4" in said.said
    assert "SIGKILL" in said.said
    for training in (LONG, SHORT):
        expected = outcome_of(lessons()[training.fold], training.config)
        (found,) = [n.outcome for n in news if n.outcome and n.training == training]
        assert replace(found, seconds=0.0) == replace(expected, seconds=0.0)


def test_a_training_that_kills_each_of_its_processes_is_given_up(cores: Cores) -> None:
    cores.start(LONG)
    deaths = 0
    news: list[News] = []
    end = time.monotonic() + WAIT
    while not done(news):
        assert time.monotonic() < end
        for process in trainers():
            process.kill()
            process.wait(WAIT)
            deaths += 1
        cores.wait(news.append)
    last = news[-1]
    assert last.lost and last.outcome and last.outcome.error.startswith(f"{TRIES} workers died")
    assert deaths == TRIES and len([n for n in news if n.said]) == TRIES - 1
    cores.start(SHORT)  # and its core trains others
    (outcome,) = [n.outcome for n in wait_for(cores, done) if n.outcome]
    assert outcome.counts and not outcome.error
    for process in trainers():  # one that dies while it has none is replaced without a word
        process.kill()
        process.wait(WAIT)
    time.sleep(0.2)
    cores.start(SHORT)
    assert [n.outcome and n.outcome.counts for n in wait_for(cores, done)][-1] == outcome.counts


def test_what_a_training_raises_comes_through(cores: Cores) -> None:
    few = replace(BASE, class_weights=(1.0,))
    cores.start(Training("bad", "network 1", few, 0))
    with pytest.raises(Exception, match="class_weights must be"):
        wait_for(cores, done)


def test_blas_has_as_many_threads_as_here(cores: Cores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    cores.start(LONG)
    wait_for(cores, lambda news: any(n.epoch for n in news))
    (process,) = trainers()
    assert process.environ()["OPENBLAS_NUM_THREADS"] == "3"
    ignored = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()]
    mask = next(int(line.split()[1], 16) for line in ignored if line.startswith("SigBlk"))
    assert mask & (1 << signal.SIGINT - 1)  # from its first moment on
    assert os.getpgid(process.pid) == os.getpgrp()  # so a terminal's Ctrl-C does reach it
