"""Trainings on a real Dask scheduler with real workers."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.host.model_search.test_cores import LONG, SHORT, done, lessons, wait_for
from tests.host.model_search.test_order import same
from tests.lab.dask_cluster import OTHER_NUMPY, DaskCluster
from tests.lab.search_tasks import BASE, BUDGET, task
from xnornode.errors import XnorNodeError
from xnornode.model_search import dask_client
from xnornode.model_search.cluster import Blas, Cluster
from xnornode.model_search.dask_client import Workers, describe
from xnornode.model_search.one_training import outcome_of
from xnornode.model_search.pool import WorkersLost
from xnornode.model_search.search import search
from xnornode.model_search.versions import check_versions, versions_here

OPTIONS: Any = {"trials": 4, "defaults": [BASE]}


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask"), failures=1) as found:
        for _ in range(2):
            found.add_worker()
        with distributed.Client(found.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield found


def cluster_of(dask: DaskCluster) -> closing[Cluster]:
    return closing(Cluster(lessons(), dask.address))


def has(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until it is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_workers_find_the_same_as_this_process(dask: DaskCluster, tmp_path: Path) -> None:
    journal = tmp_path / "x.search"
    steps: list[Any] = []
    options = {**OPTIONS, "progress": steps.append, "journal": journal}
    there = search(task(), BUDGET, BASE, dask=dask.address, **options)
    assert {s.at_once for s in steps if s.round <= s.rounds} == {2}
    assert any(s.epoch for s in steps if s.round <= s.rounds)  # workers tell how far they are
    again = search(task(), BUDGET, BASE, journal=journal, **OPTIONS)  # all is known
    assert same(there, again)
    assert same(there, search(task(), BUDGET, BASE, **OPTIONS))


def test_what_is_cancelled_ends_soon_and_a_client_of_the_user_stays(dask: DaskCluster) -> None:
    with distributed.Client(dask.address, set_as_default=False) as client:
        pool = Cluster(lessons(), client)
        pool.start(replace(LONG, config=replace(BASE, epochs=10**6)))
        wait_for(pool, lambda news: any(n.epoch for n in news))
        assert any(client.processing().values())
        pool.close()
        has(lambda: not any(client.processing().values()))
        left = lambda: client.run(lambda dask_worker: len(dask_worker.state.executing))  # noqa: E731
        has(lambda: not any(left().values()))  # the training too, with its epoch
        assert client.status == "running"


def test_workers_of_other_versions_are_refused(dask: DaskCluster) -> None:
    """One that was there first, and one that joins later."""
    with cluster_of(dask) as pool:
        other = dask.add_worker(OTHER_NUMPY)
        wait_for(pool, lambda news: pool.size() == 3)
        for k in range(3):
            pool.start(replace(LONG, key=f"{k}"))
        with pytest.raises(XnorNodeError, match=r"has numpy 99\.0, not .* as here: install that"):
            wait_for(pool, lambda news: len(done(news)) == 3)
    with pytest.raises(XnorNodeError, match=r"worker tcp://\S+ has numpy 99\.0, not "):
        Cluster(lessons(), dask.address)
    other.kill()
    with distributed.Client(dask.address, set_as_default=False) as client:
        has(lambda: len(client.nthreads()) == 2)


def test_a_worker_that_dies_costs_a_retry_and_two_that_die_give_it_up(dask: DaskCluster) -> None:
    with cluster_of(dask) as pool:
        pool.start(LONG)
        pool.start(replace(LONG, key="other", name="network 2", fold=0))
        wait_for(pool, lambda news: len({n.training.key for n in news if n.epoch}) == 2)
        dask.workers[0].kill()
        news = wait_for(pool, lambda news: len(done(news)) == 2)
        (said,) = [n for n in news if n.said]
        assert re.search("has gone: network [12] is trained again, unless", said.said)
        for n in news:
            if n.outcome:
                expected = outcome_of(lessons()[n.training.fold], n.training.config)
                assert replace(n.outcome, seconds=0.0) == replace(expected, seconds=0.0)

        pool.start(LONG)  # the scheduler gives it up when two have died
        for k in (1, 3):
            wait_for(pool, lambda news: any(n.epoch for n in news))
            dask.workers[k].kill()
            dask.add_worker() if k == 1 else None
        (last,) = [n for n in wait_for(pool, done) if n.outcome]
        assert last.lost and last.outcome and last.outcome.error.startswith("2 workers died")
        dask.add_worker()
        pool.start(SHORT)  # the data went with the workers, and are there again
        (last,) = [n for n in wait_for(pool, done) if n.outcome]
        assert last.outcome and last.outcome.counts


def test_a_scheduler_that_goes_ends_the_search_and_leaves_its_journal(
    tmp_path: Path, dask: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test of this cluster."""
    journal = tmp_path / "x.search"

    def kill(step: Any) -> None:
        if step.trial:
            dask.scheduler.kill()

    with pytest.raises(WorkersLost, match="the Dask scheduler has gone"):
        search(task(), BUDGET, BASE, dask=dask.address, journal=journal, progress=kill, **OPTIONS)
    assert journal.read_bytes().count(b"\n") >= 2
    resumed = search(task(), BUDGET, BASE, journal=journal, **OPTIONS)
    assert same(resumed, search(task(), BUDGET, BASE, **OPTIONS))
    monkeypatch.setattr(dask_client, "CONNECT", 0.5)
    with pytest.raises(XnorNodeError, match="there is no Dask scheduler at"):
        Cluster(lessons(), dask.address)


def test_without_a_worker_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_client, "PATIENCE", 1.0)
    with DaskCluster(tmp_path) as dask:
        with pytest.raises(XnorNodeError, match="has had no worker for 1 s: start one"):
            Cluster(lessons(), dask.address)
        dask.add_worker()
        monkeypatch.setattr(dask_client, "PATIENCE", 60.0)
        with cluster_of(dask) as pool:
            monkeypatch.setattr(dask_client, "PATIENCE", 1.0)
            pool.start(LONG)
            wait_for(pool, lambda news: any(n.epoch for n in news))
            dask.workers[0].kill()
            with pytest.raises(WorkersLost, match="the Dask cluster has had no worker for 1 s"):
                wait_for(pool, done)


@pytest.mark.quick
def test_blas_is_held_until_the_last_training_ends() -> None:
    def threads() -> set[int]:
        return {b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"}

    blas, first, second = Blas(), ExitStack(), ExitStack()
    with threadpool_limits(2, "blas"), first, second:
        first.enter_context(blas.held(1))
        second.enter_context(blas.held(1))
        assert threads() == {1}
        first.close()
        assert threads() == {1}
        second.close()
        assert threads() == {2}


@pytest.mark.quick
def test_what_is_said_of_workers() -> None:
    assert list(describe(Workers({"a": 1, "b": 1}))) == ["2 workers with 2 threads"]
    one, threads = describe(Workers({"a": 4}))
    assert one == "1 worker with 4 threads" and "--nthreads 1" in threads
    _, strange = describe(Workers({"a": 1}, ("a",)))
    assert "a has another processor than this computer" in strange


@pytest.mark.quick
def test_versions_must_agree() -> None:
    here = {**versions_here(), "tornado": "1"}
    check_versions(here, {"a": {**here, "tornado": "2"}})
    with pytest.raises(XnorNodeError, match=r"^b has xnornode of no version, not .*\(and 1 more\)"):
        check_versions(here, {"a": here, "b": {"xnornode": None, "numpy": "1"}})
