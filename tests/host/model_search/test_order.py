"""What a search finds does not depend on how many trainings run at once, nor which ends first."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.lab.search_tasks import BASE, BUDGET, task
from xnornode.errors import DataError, ModelError
from xnornode.model import file_format
from xnornode.model.model import Model
from xnornode.model_search import one_training
from xnornode.model_search import search as searching
from xnornode.model_search.one_training import Lesson
from xnornode.model_search.pool import Here, News, Tell, given_up
from xnornode.model_search.search import SearchResult, search
from xnornode.training.trained import Trained

OPTIONS: Any = {"trials": 4, "defaults": [BASE]}


class AnyOrder(Here):
    """Several at once, which end in an order that a seed decides."""

    def __init__(self, lessons: Sequence[Lesson], seed: int) -> None:
        super().__init__(lessons)
        self._random = random.Random(seed)
        self.most = 0

    def size(self) -> int:
        return 2 + self._random.randrange(4)  # workers of a cluster come and go

    def wait(self, tell: Tell) -> None:
        self.most = max(self.most, len(self._waiting))
        self._waiting.rotate(self._random.randrange(len(self._waiting)))
        super().wait(tell)


class Dying(Here):
    """One whose workers die of the network of this number."""

    doomed = 0

    def wait(self, tell: Tell) -> None:
        training = self._waiting[0]
        if training.name == f"network {self.doomed + 1}":
            tell(News(self._waiting.popleft(), said="a worker died"))
            tell(given_up(training, 4))
        else:
            super().wait(tell)


def same(a: SearchResult, b: SearchResult) -> bool:
    """Whether two searches found the same, but for the time that it took."""
    plain = [[replace(t, seconds=0.0) for t in r.trials] for r in (a, b)]
    files = [file_format.to_bytes(r.model) for r in (a, b)]
    return plain[0] == plain[1] and files[0] == files[1] and a.failed == b.failed


def with_pool(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    monkeypatch.setattr(searching, "_pool", lambda lessons, *_: make(lessons))


@pytest.mark.parametrize("seed", range(2))
def test_any_order_gives_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the second and the fourth fold of some networks fail."""
    real = one_training.fold
    groups = task().train.groups

    def failing(trained: Trained) -> Model:
        left_out = set(groups) - set(seen[-1].train.groups)
        if len(trained.config.layers) == 2 and left_out & {"b", "d"}:
            raise ModelError("layer", f"without {min(left_out)}")
        return real(trained)

    seen: list[Any] = []
    train = one_training.train

    def watching(splits: Any, config: Any, **more: Any) -> Trained:
        seen.append(splits)
        return train(splits, config, **more)

    monkeypatch.setattr(one_training, "train", watching)
    monkeypatch.setattr(one_training, "fold", failing)
    one_by_one = search(task(), BUDGET, BASE, **OPTIONS)
    assert {text for _, text in one_by_one.failed} == {"without b"}
    pools: list[AnyOrder] = []

    def make(lessons: Sequence[Lesson]) -> AnyOrder:
        pools.append(AnyOrder(lessons, seed))
        return pools[0]

    with_pool(monkeypatch, make)
    assert same(search(task(), BUDGET, BASE, **OPTIONS), one_by_one)
    assert pools[0].most > 2


def test_a_network_that_workers_die_of_is_left_out_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    journal = tmp_path / "x.search"
    steps: list[Any] = []
    options = {**OPTIONS, "trials": 3, "journal": journal}
    with_pool(monkeypatch, Dying)
    found = search(task(), BUDGET, BASE, progress=steps.append, **options)
    assert [(c.number, text) for c, text in found.failed] == [
        (0, "4 workers died while they trained it: is there memory enough?")
    ]
    assert [t.candidate.number for t in found.trials] == [1, 2]
    assert [(s.number, s.said) for s in steps if s.said] == [(1, "a worker died")]
    assert [s.number for s in steps if s.error] == [1]
    monkeypatch.undo()  # with more memory the same search tries it
    again = search(task(), BUDGET, BASE, **options)
    assert not again.failed
    assert same(again, search(task(), BUDGET, BASE, **{**options, "journal": None}))


def test_that_all_workers_died_is_not_called_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pool(monkeypatch, Dying)
    with pytest.raises(DataError, match="every training failed: 4 workers died"):
        search(task(), BUDGET, BASE, candidates=[BASE])


def test_lessons_hold_no_test_data() -> None:
    part = one_training.Fold(task().train, task().train)
    lesson = Lesson.of(task(), part)
    assert lesson.splits.test is None and lesson.splits.validation is None
