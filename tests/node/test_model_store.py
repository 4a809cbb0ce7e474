"""The model store: what its names mean, and that a power cut leaves the old or the new model.

Here the power is cut before each change of the file system, in CPython;
tests/system/test_power_cuts.py does so before each operation of the flash chip.
"""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.lab.simulated import store

pytestmark = pytest.mark.quick

CHANGES = ("rename", "remove", "mkdir")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path


def make(folder):
    return store.Store(str(folder / "models"), str(folder / "model.bnn"))


def put(folder, *names):
    for name in names:
        (folder / "models" / name).write_bytes(name.encode())


def names(folder):
    return sorted(p.name for p in (folder / "models").iterdir())


def active(folder):
    slot = make(folder).active()
    return bytes(store.read(slot.path)) if slot else None


def push(models, data: bytes):
    """Write a part and make it the active model, as the receiver does."""
    digest = store.sha256(data)
    models.prepare(digest)
    with open(models.part(digest), "wb") as f:
        f.write(data)
    before = models.active()
    number = models.commit(digest)
    models.tidy(before.number if before else -1)
    return number


def test_the_highest_number_is_active(folder):
    put(folder, "9.bnn", "10.2.bnn", "3.bnn")
    models = make(folder)
    assert [(s.number, s.starts) for s in models.slots()] == [(10, 2), (9, None), (3, None)]
    assert models.active().number == 10 and models.previous().number == 9


def test_an_older_model_is_tried_last(folder):
    """A power cut may leave three; two of them may be damaged."""
    put(folder, "9.bnn", "10.2.bnn", "8.1.bnn", "7.bnn")
    assert [s.number for s in make(folder).candidates()] == [10, 9, 8, 7]
    put(folder, "11.0.bnn")
    (folder / "models" / "9.bnn").rename(folder / "models" / "9.1.bnn")
    assert [s.number for s in make(folder).candidates()] == [11, 7, 10, 9, 8]


def test_other_names_are_no_models(folder):
    put(
        folder,
        "5.bnn",
        "06.bnn",
        "7.x.bnn",
        "8.bnn.part",
        "-9.bnn",
        "1e3.bnn",
        "0.bnn",
        "10.1.2.bnn",
    )
    put(folder, "9999999999.bnn", "11.01.bnn", "bnn", ".bnn", "12.bnn ")
    (folder / "models" / "20.bnn").mkdir()
    assert [s.number for s in make(folder).slots()] == [20, 5]


def test_nothing_there(tmp_path):
    models = make(tmp_path)
    assert models.active() is None and models.previous() is None
    assert models.start() == ([], "")
    assert list(models.parts()) == [] and models.free() > 0
    assert not (tmp_path / "models").exists(), "looking changes nothing"


def test_the_model_from_before_there_was_a_store(tmp_path):
    (tmp_path / "model.bnn").write_bytes(b"legacy")
    models = make(tmp_path)
    assert active(tmp_path) == b"legacy"
    push(models, b"first")
    assert active(tmp_path) == b"first" and models.previous().number == 0
    models.confirm(1)
    models.activate(models.previous())
    assert active(tmp_path) == b"legacy" and names(tmp_path) == ["1.bnn", "2.bnn"]


def test_the_model_before_the_store_goes_when_two_have_come(tmp_path):
    (tmp_path / "model.bnn").write_bytes(b"legacy")
    models = make(tmp_path)
    for data in (b"first", b"second"):
        models.confirm(push(models, data))
    assert names(tmp_path) == ["1.bnn", "2.bnn"] and not (tmp_path / "model.bnn").exists()


def test_trial(folder):
    put(folder, "1.bnn", "2.0.bnn")
    for starts in (1, 2, 3):
        slots, note = make(folder).start()
        assert [s.number for s in slots] == [2, 1] and note == ""
        assert names(folder) == ["1.bnn", f"2.{starts}.bnn"]
    slots, note = make(folder).start()
    assert "3 starts without a window" in note
    assert [s.number for s in slots] == [3, 2] and active(folder) == b"1.bnn"
    assert make(folder).start()[1] == "", "this one is not on trial"


def test_the_count_is_kept_while_the_previous_model_cannot_be_loaded(folder):
    put(folder, "1.bnn", "2.3.bnn")
    for _ in range(3):
        slots, note = make(folder).start(lambda slot: False)
        assert [s.number for s in slots] == [2, 1] and "1.bnn does not load" in note
        assert names(folder) == ["1.bnn", "2.3.bnn"]
    asked = []
    slots, note = make(folder).start(lambda slot: not asked.append(slot.number))
    assert asked == [1] and [s.number for s in slots] == [3, 2] and "back to the previous" in note


def test_the_previous_model_is_another_one_than_runs(folder):
    put(folder, "1.bnn", "4.bnn", "5.bnn")
    models = make(folder)
    assert [models.previous(n).number for n in (5, 4, 1)] == [4, 1, 5]
    put(folder, "6.2.bnn")
    assert [models.previous(n).number for n in (6, 5, 1)] == [5, 4, 5]
    assert models.previous(-1).number == models.previous().number == 5


def test_a_window_ends_the_trial(folder):
    put(folder, "1.bnn", "2.0.bnn")
    make(folder).start()
    make(folder).confirm(2)
    make(folder).confirm(2)
    assert names(folder) == ["1.bnn", "2.bnn"]


def test_an_only_model_is_tried_for_ever(folder):
    put(folder, "1.0.bnn")
    for _ in range(6):
        slots, note = make(folder).start()
        assert [s.number for s in slots] == [1] and note == ""


def test_rollback_goes_to_what_has_classified(folder):
    put(folder, "1.bnn", "2.1.bnn", "3.bnn")
    assert make(folder).previous().number == 1


def test_a_model_that_never_classified_is_on_trial_again_after_a_rollback(folder):
    """Else it would stay for good, as no start without a window would count."""
    put(folder, "1.bnn", "2.3.bnn")
    make(folder).start()
    assert names(folder) == ["2.3.bnn", "3.bnn"]
    models = make(folder)
    models.activate(models.previous())
    assert names(folder) == ["3.bnn", "4.0.bnn"]
    for _ in range(store.TRIAL_STARTS + 1):
        models = make(folder)
        models.start()
    assert names(folder) == ["4.3.bnn", "5.bnn"]


def test_two_models_are_kept(folder):
    put(folder, "1.bnn", "2.bnn")
    models = make(folder)
    push(models, b"third")
    assert names(folder) == ["2.bnn", "3.0.bnn"]
    push(models, b"fourth")
    assert names(folder) == ["2.bnn", "4.0.bnn"], "3 never classified"
    models.confirm(4)
    push(models, b"fifth")
    assert names(folder) == ["4.bnn", "5.0.bnn"]


def test_what_ran_is_kept(folder):
    """5 cannot be loaded, so 4 runs: the next push keeps 4 to go back to."""
    put(folder, "4.bnn", "5.bnn")
    models = make(folder)
    models.prepare("f" * 64)
    put(folder, "f" * 64 + ".part")
    models.commit("f" * 64)
    models.tidy(4)
    assert names(folder) == ["4.bnn", "6.0.bnn"]


def test_parts(folder):
    models = make(folder)
    put(folder, "a.part", "b.part", "1.bnn")
    assert sorted(models.parts()) == [("a", 6), ("b", 6)]
    assert models.prepare("a") == 6
    assert names(folder) == ["1.bnn", "a.part"]
    models.discard("a")
    models.discard("a")
    assert names(folder) == ["1.bnn"]


def test_room(folder, monkeypatch):
    models = make(folder)
    facts = (4096, 4096, 352, 10, 10, 0, 0, 0, 0, 255)
    monkeypatch.setattr(os, "statvfs", lambda path: facts)
    assert models.free() == 40_960
    assert models.lacks(6 * 4096) == 0
    assert models.lacks(6 * 4096 + 1) == 4096
    assert models.lacks(1 << 20) > 1_000_000


def test_reading(folder):
    (folder / "large").write_bytes(bytes(store.MAX_MODEL + 1))
    with pytest.raises(ValueError, match="no model"):
        store.read(str(folder / "large"))
    with pytest.raises(OSError):
        store.read(str(folder / "none"))
    (folder / "odd").write_bytes(bytes(range(256)) * 5 + b"x")
    assert store.read(str(folder / "odd")) == (folder / "odd").read_bytes()


class PowerCutError(BaseException):
    """The node is off from here on."""


class Power:
    """Lets so many changes of the file system happen, then none."""

    def __init__(self, monkeypatch, changes: int) -> None:
        self.left = changes
        for name in CHANGES:
            monkeypatch.setattr(store.os, name, self._guard(getattr(os, name)))

    def _guard(self, change):
        def guarded(*arguments):
            if self.left == 0:
                raise PowerCutError
            self.left -= 1
            return change(*arguments)

        return guarded


def doings():
    """What is done to a store with models 1, 2 (active), and the models it may leave active."""

    def rollback(models):
        models.activate(models.previous())

    def starts(models):
        models.start()

    yield lambda m: push(m, b"new"), ("1.bnn", "2.bnn"), (b"2.bnn", b"new")
    yield lambda m: push(m, b"new"), ("1.bnn", "2.1.bnn"), (b"2.1.bnn", b"new")
    yield lambda m: push(m, b"new"), ("1.bnn", "2.bnn", "b.part"), (b"2.bnn", b"new")
    yield rollback, ("1.bnn", "2.bnn"), (b"2.bnn", b"1.bnn")
    yield starts, ("1.bnn", "2.0.bnn"), (b"2.0.bnn",)
    yield starts, ("1.bnn", "2.3.bnn"), (b"2.3.bnn", b"1.bnn")
    yield lambda m: m.confirm(2), ("1.bnn", "2.2.bnn"), (b"2.2.bnn",)


@pytest.mark.parametrize("case", range(len(list(doings()))))
def test_power_cuts(folder, case):
    """Before each change: a whole model is active, and what was cut off can be done again."""
    do, files, allowed = list(doings())[case]
    for changes in range(10):
        for name in names(folder):
            (folder / "models" / name).unlink()
        put(folder, *files)
        with pytest.MonkeyPatch.context() as patch:
            power = Power(patch, changes)
            try:
                do(make(folder))
            except PowerCutError:
                pass
            else:
                break
        assert active(folder) in allowed, changes
        do(make(folder))
        assert active(folder) in allowed
    else:
        raise AssertionError("it never came to its end")
    assert power.left >= 0 and changes > 0
    assert active(folder) == allowed[-1]


def on_trial_again(starts: int | None) -> int | None:
    """The count of a model that becomes active again: only one that never classified has one."""
    return None if starts is None else 0


class StoreMachine(RuleBasedStateMachine):
    """Any order of doings: the active model is always the one that the owner expects."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name)
        self.count = 0
        self.expected: list[tuple[bytes, int | None]] = []  # models and their starts, active first

    def models(self):
        return make(self.folder)

    @rule()
    def push(self):
        self.count += 1
        data = b"model %d" % self.count
        push(self.models(), data)
        classified = [model for model in self.expected if model[1] is None]
        self.expected = [(data, 0), *(classified or self.expected)[:1]]

    @precondition(lambda self: len(self.expected) > 1)
    @rule()
    def rollback(self):
        models = self.models()
        models.activate(models.previous())
        active, previous = self.expected
        self.expected = [(previous[0], on_trial_again(previous[1])), active]

    @rule()
    def start(self):
        slots, note = self.models().start()
        if self.expected and self.expected[0][1] is not None:
            data, starts = self.expected[0]
            if starts < store.TRIAL_STARTS:
                self.expected[0] = (data, starts + 1)
            elif len(self.expected) > 1:
                data, starts = self.expected[1]
                self.expected = [(data, on_trial_again(starts)), self.expected[0]]
                assert note
        assert [bytes(store.read(s.path)) for s in slots] == [data for data, _ in self.expected]

    @precondition(lambda self: self.expected)
    @rule()
    def classify(self):
        models = self.models()
        models.confirm(models.active().number)
        self.expected[0] = (self.expected[0][0], None)

    @rule(data=st.binary(max_size=8))
    def cut_off(self, data):
        models = self.models()
        models.prepare("c" * 64)
        with open(models.part("c" * 64), "ab") as f:
            f.write(data)

    @invariant()
    def the_models_are_those_expected(self):
        slots = self.models().slots()
        there = [(bytes(store.read(slot.path)), slot.starts) for slot in slots]
        assert there == self.expected

    def teardown(self):
        self.home.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=40, stateful_step_count=25)
