"""The search under a budget: what is trained, what is chosen by, and what comes out."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnornode.cli import output
from xnornode.cli.main import main
from xnornode.cli.search import Display
from xnornode.cost.chips import ESP32, RP2040
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import estimate
from xnornode.data.augment import Augment
from xnornode.data.splits import Splits
from xnornode.data.windows import Texts, Windows
from xnornode.errors import DataError, ModelError
from xnornode.export.answers import temperature_of
from xnornode.export.fold import fold, score_gain
from xnornode.model import file_format, model_file
from xnornode.model.features import Raw
from xnornode.model.model import Window
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import Statistics
from xnornode.model_search import halving as searching
from xnornode.model_search.budget import Budget, Candidate, Cost, cost_of, notes
from xnornode.model_search.halving import (
    SearchResult,
    Step,
    Trial,
    pareto,
    promote,
    round_lengths,
    search,
    split_validation,
)
from xnornode.model_search.space import drawn
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

CLASSES = ("slow", "fast", "rest")
BUDGET = Budget(bytes=900, milliseconds=1.0)
BASE = TrainConfig(layers=(Dense(8),), bits=2, epochs=9, batch=16)
TRAINING, TEST = "abcde", "fg"


def waves(seed: int, groups: str, each: int = 24) -> Windows:
    """Two-channel windows of 16: a slow wave, a fast one, or noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(each * len(groups)) % 3
    cycles = np.array([1, 4, 0])[labels]
    angle = 2 * np.pi * cycles[:, None] * np.arange(16) / 16 + rng.uniform(-1, 1, (len(labels), 1))
    x = np.stack([np.sin(angle), np.cos(angle)], axis=2) * (cycles > 0)[:, None, None]
    x = 800 * x + rng.normal(0, 300, x.shape)
    return Windows(x.astype(np.int16), labels, np.repeat(list(groups), each), CLASSES)


def task() -> Splits:
    window = Window(("x", "y"), 16, 16, 0, (0, 0))
    return Splits("waves", window, CLASSES, waves(1, TRAINING), test=waves(2, TEST))


def image_task() -> Splits:
    rng = np.random.default_rng(3)
    groups = np.repeat(list("abc"), 10)
    data = Windows(
        rng.integers(0, 256, (30, 144, 1)).astype(np.int16), np.arange(30) % 3, groups, CLASSES
    )
    window = Window(("pixel",), 144, 144, 0, (0,))
    return Splits("images", window, CLASSES, data, test=data)


def value_task() -> Splits:
    rng = np.random.default_rng(4)
    groups = np.repeat(list("abc"), 10)
    data = Windows(
        rng.integers(-900, 900, (30, 1, 5)).astype(np.int16), np.arange(30) % 3, groups, CLASSES
    )
    window = Window(tuple("vwxyz"), 1, 1, 0, (0,) * 5)
    return Splits("values", window, CLASSES, data, test=data)


def text_task() -> Splits:
    lines = tuple(f"{'spam' * (i % 3)} line {i}".encode() for i in range(30))
    data = Texts(lines, np.arange(30) % 3, np.repeat(list("abc"), 10), CLASSES)
    window = Window(("text",), 64, 64, 0, (0,))
    return Splits("texts", window, CLASSES, data, test=data)


@pytest.fixture(scope="module")
def found() -> SearchResult:
    return search(task(), BUDGET, BASE, trials=9)


def spied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Windows, TrainConfig]]:
    """What every training of a search is given."""
    seen: list[tuple[Windows, TrainConfig]] = []

    def watching(splits: Splits, config: TrainConfig, **more: Any) -> Any:
        seen.append((splits.train, config))
        return train(splits, config, **more)

    monkeypatch.setattr(searching, "train", watching)
    return seen


def trial(number: int, accuracy: float, size: int, microseconds: float) -> Trial:
    cost = Cost(size, microseconds, size)
    return Trial(Candidate(number, BASE, cost), 1, accuracy, 0.0)


def test_file_keeps_the_budget_and_is_what_was_foretold(
    found: SearchResult, tmp_path: Path
) -> None:
    size = model_file.save_model(found.model, tmp_path / "best.bnn")
    assert size == (tmp_path / "best.bnn").stat().st_size == found.best.cost.bytes
    assert size <= 900
    usage = measure(found.model, task().train.items)
    took = estimate(found.model, (RP2040,), usage).times[0].microseconds
    assert took <= 1.08 * found.best.cost.microseconds <= 1080
    assert all(t.cost.bytes <= 900 and t.cost.microseconds <= 1000 for t in found.trials)


def test_finds_a_network_that_has_learned(found: SearchResult) -> None:
    assert len(found.trials) == 9
    assert found.accuracy > 0.6  # one in three by chance
    data = found.model.predict(task().test.items) == task().test.labels
    assert found.accuracy == data.mean()


def test_the_temperature_is_that_of_the_best_trial_on_the_validation_part(
    found: SearchResult,
) -> None:
    temperature = found.trained.temperature
    assert temperature is not None and temperature.windows == found.validation
    gain = score_gain(found.trained.network.blocks[-1])
    assert temperature_of(found.model, found.trained, gain).value == pytest.approx(
        temperature.value, rel=1e-3
    )


@pytest.mark.parametrize(
    ("make", "base", "budget"),
    [
        (task, BASE, Budget(bytes=1500)),
        (image_task, TrainConfig(image_shape=(12, 12)), Budget(ram=3000, chip=ESP32)),
        (value_task, BASE, Budget(milliseconds=0.3)),
        (text_task, TrainConfig(features=NGrams("words", 1, 1, 64, 64)), Budget(bytes=2000)),
    ],
    ids=["windows", "images", "values", "texts"],
)
def test_costs_before_training_are_those_after(
    make: Callable[[], Splits], base: TrainConfig, budget: Budget
) -> None:
    given_task = make()
    chosen = list(islice(drawn(given_task, budget, base), 15))
    assert len({repr(c.config) for c in chosen}) == len(chosen) == 15
    assert [c.number for c in chosen] == list(range(15))
    for c in chosen:
        trained = train(given_task, replace(c.config, epochs=1))
        model = fold(trained, notes=notes(c.config, given_task))
        usage = measure(model, given_task.train.items)
        figures = estimate(model, (budget.chip,), usage)
        assert (figures.file_bytes, figures.ram.total) == (c.cost.bytes, c.cost.ram)
        assert figures.times[0].microseconds <= 1.08 * c.cost.microseconds
        # The first layer's inputs are as they were; the others are known by then.
        learned = c.config.encoding == "learned-thermometer"
        known = replace(usage, layers=usage.layers[: not learned])
        (same,) = estimate(model, (budget.chip,), known).times
        assert same.microseconds == pytest.approx(c.cost.microseconds, rel=0.08)
        assert c.cost.within(budget)


def test_draws_convolutions_dense_layers_means_and_several_codes() -> None:
    configs = [c.config for c in islice(drawn(task(), Budget(bytes=3000), BASE), 60)]
    assert configs[0] == BASE
    assert {"thermometer", "bit-planes", "int8", "learned-thermometer"} == {
        c.encoding for c in configs
    }
    kinds = {type(spec) for c in configs for spec in c.layers}
    assert kinds == {Dense, Conv}
    assert {c.global_average_pooling for c in configs} == {True, False}
    assert len({c.bits for c in configs if c.encoding == "thermometer"}) > 4
    assert {type(c.features) for c in configs} == {Raw, Statistics}
    strides = {s.stride[0] for c in configs for s in c.layers if isinstance(s, Conv)}
    assert strides == {1, 2, 4}


def test_a_larger_budget_is_used() -> None:
    small = [c.cost.bytes for c in islice(drawn(task(), Budget(bytes=1000), BASE), 30)]
    large = [c.cost.bytes for c in islice(drawn(task(), Budget(bytes=20000), BASE), 30)]
    assert max(large) > 10000 and max(small) > 800


def test_drawing_ends_where_nothing_new_fits() -> None:
    least = min(c.cost.bytes for c in drawn(value_task(), Budget(bytes=420), BASE))
    few = list(drawn(value_task(), Budget(bytes=least), BASE))
    assert 1 <= len(few) < 20
    assert all(c.cost.bytes == least for c in few)


def test_test_groups_are_seen_by_the_winner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    asked: list[int] = []
    real = searching._accuracy
    held = task()

    def counting(model: Any, data: Any) -> float:
        asked.append(len(data))
        return real(model, data)

    monkeypatch.setattr(searching, "_accuracy", counting)
    result = search(held, BUDGET, BASE, trials=4)
    *tried, (last, config) = seen
    assert result.held_out == ("e",)
    for data, _ in tried:
        assert set(data.groups) == set("abcd")
    assert set(last.groups) == set(TRAINING) and len(last) == len(held.train)
    assert config == result.best.candidate.config
    # The validation part, once for each training; the test part once.
    assert asked == [24] * len(tried) + [48]


def test_each_round_has_a_third_of_the_networks_and_thrice_the_epochs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = spied(monkeypatch)
    steps: list[Step] = []
    result = search(task(), BUDGET, BASE, trials=9, progress=steps.append)
    assert [config.epochs for _, config in seen] == [1] * 9 + [3] * 3 + [9] + [9]
    ended = [(s.round, s.number, s.of) for s in steps if s.trial]
    assert ended == [(1, i + 1, 9) for i in range(9)] + [(2, i + 1, 3) for i in range(3)] + [
        (3, 1, 1)
    ]
    assert result.best.epochs == 9
    assert [s.round for s in steps if s.epoch][-9:] == [4] * 9


def test_best_of_the_first_round_goes_on() -> None:
    steps: list[Step] = []
    search(task(), BUDGET, BASE, trials=9, progress=steps.append)
    first = [s.trial for s in steps if s.trial and s.round == 1]
    second = {s.trial.candidate.number for s in steps if s.trial and s.round == 2}
    best = max(first, key=lambda t: (t.accuracy, -t.cost.bytes, -t.cost.microseconds))
    assert best.candidate.number in second


def test_chosen_is_the_most_accurate_of_the_last_round(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of nine networks three go on, of which the second is the best then; the last is the test part.
    reached = iter([0.9, *[0.5] * 8, 0.6, 0.8, 0.7, 0.4])
    monkeypatch.setattr(searching, "_accuracy", lambda model, data: next(reached))
    steps: list[Step] = []
    rounds_of_two = replace(BASE, epochs=2)
    result = search(task(), BUDGET, rounds_of_two, trials=9, progress=steps.append)
    last = [s.trial for s in steps if s.trial and s.round == 2]
    assert [t.accuracy for t in last] == [0.6, 0.8, 0.7]
    assert result.best is last[1] and result.accuracy == 0.4


@pytest.mark.parametrize(("epochs", "lengths"), [(27, [3, 9, 27]), (20, [2, 6, 20]), (2, [1, 2])])
def test_round_lengths(epochs: int, lengths: list[int]) -> None:
    assert round_lengths(epochs) == lengths


def test_a_small_network_of_the_front_goes_on_as_well() -> None:
    trials = [trial(i, 0.9 - 0.01 * i, 5000 + i, 100.0) for i in range(8)]
    small = trial(8, 0.5, 200, 10.0)
    chosen = [t.candidate.number for t in promote([*trials, small], 3)]
    assert chosen == [0, 1, 8]


def test_same_seed_same_search() -> None:
    first, second = (search(task(), BUDGET, BASE, trials=5) for _ in range(2))
    assert file_format.to_bytes(first.model) == file_format.to_bytes(second.model)
    plain = [[replace(t, seconds=0.0) for t in r.trials] for r in (first, second)]
    assert plain[0] == plain[1]
    other = search(task(), BUDGET, replace(BASE, seed=1), trials=5)
    assert [t.candidate.config.layers for t in other.trials] != [
        t.candidate.config.layers for t in first.trials
    ]


def test_given_candidates_over_budget_are_never_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    wide, slow = replace(BASE, layers=(Dense(256),)), replace(BASE, layers=(Conv(64, (9, 1)),))
    budget = replace(BUDGET, milliseconds=0.1)
    within = [cost_of(c, task(), RP2040).within(replace(budget, bytes=None)) for c in (BASE, slow)]
    assert within == [True, False]
    result = search(task(), budget, BASE, candidates=[wide, BASE, slow])
    assert {config.layers for _, config in seen} == {BASE.layers}
    assert result.refused == 2 and len(result.trials) == 1


@pytest.mark.parametrize(
    "budget", [Budget(bytes=150), Budget(milliseconds=0.001), Budget(ram=100)], ids=str
)
def test_nothing_fits(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    with pytest.raises(DataError, match=r"no network fits .* the smallest takes \d+ bytes"):
        search(task(), budget, BASE)
    with pytest.raises(DataError, match="no network fits"):
        search(task(), budget, BASE, candidates=[BASE])
    assert not seen


def test_a_mistake_in_the_settings_is_said_and_not_that_nothing_fits() -> None:
    with pytest.raises(DataError, match="mirror names a channel beyond the 2 there are"):
        search(task(), BUDGET, replace(BASE, augment=Augment(mirror=(9,))))


def test_budget_without_a_limit_is_refused() -> None:
    with pytest.raises(DataError, match="needs a budget"):
        Budget()
    with pytest.raises(DataError, match="above 0"):
        Budget(bytes=0)
    with pytest.raises(DataError, match="at least one trial"):
        search(task(), BUDGET, BASE, trials=0)


def test_groups_of_the_validation_part_can_be_named() -> None:
    training, watched = split_validation(task().train, ("b", "c"))
    assert (set(training.groups), set(watched.groups)) == (set("ade"), set("bc"))
    with pytest.raises(DataError, match="nothing belongs to group z"):
        split_validation(task().train, ("z",))


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="a search needs a validation part"):
        search(replace(task(), train=waves(1, "a")), BUDGET, BASE)


def test_time_is_shared_among_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that every training moves on by ten seconds: of a minute, each round gets two."""
    seen = spied(monkeypatch)
    result = search(task(), BUDGET, BASE, minutes=1, clock=lambda: 10.0 * len(seen))
    epochs = [config.epochs for _, config in seen]
    assert epochs == [1, 1, 3, 9, 9]  # the third of 2 is 1; the last is the winner's
    assert len(result.trials) == 2


def test_at_least_one_training_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    search(task(), BUDGET, BASE, minutes=0.001, clock=lambda: 10.0 * len(seen))
    assert [config.epochs for _, config in seen] == [1, 3, 9, 9]


def test_a_training_that_diverges_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = searching._fold

    def diverging(trained: Any, given_task: Splits) -> Any:
        if trained.config.layers == BASE.layers:
            raise ModelError("layer", "a batch norm is not finite")
        return real(trained, given_task)

    monkeypatch.setattr(searching, "_fold", diverging)
    result = search(task(), BUDGET, BASE, trials=3)
    assert [(c.number, text) for c, text in result.failed] == [(0, "a batch norm is not finite")]
    assert [t.candidate.number for t in result.trials] == [1, 2]
    with pytest.raises(DataError, match="every training diverged"):
        search(task(), BUDGET, BASE, candidates=[BASE])


def test_cost_refuses_what_cannot_be_a_model() -> None:
    with pytest.raises(DataError, match="does not fit"):
        cost_of(replace(BASE, layers=(Conv(4, (17, 1)),)), task(), RP2040)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12
    )
)
def test_front_is_the_pareto_front(points: list[tuple[int, int, int]]) -> None:
    trials = [trial(i, a / 4, size, float(us)) for i, (a, size, us) in enumerate(points)]

    def beats(x: Trial, y: Trial) -> bool:
        better = (
            x.accuracy - y.accuracy,
            y.cost.bytes - x.cost.bytes,
            y.cost.microseconds - x.cost.microseconds,
        )
        return min(better) >= 0 and max(better) > 0

    front = pareto(trials)
    assert not any(beats(x, y) for x in trials for y in front)
    for t in trials:
        assert t in front or any(beats(x, t) for x in front)
    assert [t.cost.bytes for t in front] == sorted(t.cost.bytes for t in front)


def test_front_of_a_search_is_that_of_its_trials(found: SearchResult) -> None:
    assert found.front == pareto(found.trials)
    assert max(t.accuracy for t in found.front) == max(t.accuracy for t in found.trials)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same data as a user has them, with labels that no page may take as they are."""
    data = waves(1, TRAINING + TEST)
    names = np.array(["<b>slow", "fast & co", "rest"])[data.labels]
    path = tmp_path_factory.mktemp("data") / "waves.npz"
    np.savez(path, X=data.items, y=names, groups=data.groups)
    return path


def command(archive: Path, folder: Path, *more: str) -> tuple[list[str], Path]:
    output = folder / "best.bnn"
    head = ["search", str(archive), "-o", str(output), "--trials", "4", "--epochs", "9"]
    return [*head, "--test", "f,g", *more], output


def test_command_writes_a_model_a_page_and_json(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "search.html", tmp_path / "search.json"
    words, output = command(archive, tmp_path, "--bytes", "900", "--ms", "1", "--report", str(page))
    assert main([*words, "--json", str(figures), "--name", "mine"]) == 0
    text, told_besides = capsys.readouterr()
    assert told_besides.endswith(f"xnornode push {output}\n")
    model = model_file.load_model(output)
    assert output.stat().st_size <= 900 and model.name == "mine"
    assert set(tmp_path.iterdir()) == {output, page, figures}

    told = json.loads(figures.read_text())
    assert told["format"] == "xnornode-search-1"
    assert told["budget"] == {"bytes": 900, "milliseconds": 1.0, "ram": None, "chip": "RP2040"}
    assert [t["number"] for t in told["trials"]] == [0, 1, 2, 3]
    best = next(t for t in told["trials"] if t["number"] == told["best"])
    assert best["bytes"] == output.stat().st_size == told["report"]["cost"]["file_bytes"]
    assert told["accuracy"] == told["report"]["accuracy"]
    assert told["validation"] == {"count": 24, "held_out": ["e"]}
    assert told["report"]["counts"]["held_out"] == ["f", "g"]

    row = next(line for line in text.splitlines() if line.endswith("<- chosen"))
    assert f"{best['bytes']:,}" in row and f"{best['accuracy']:.1%}" in row
    assert f"accuracy    {told['accuracy']:.1%}  integer network" in text

    html = page.read_text()
    assert html.count("<svg") >= 4 and "<script" not in html
    assert "<b>slow" not in html and "&lt;b&gt;slow" in html
    assert html.count('class="dot') >= 2 * 4 and html.count('r="9"') == 2
    for start in (m.start() for m in re.finditer("<svg", html)):
        ElementTree.fromstring(html[start : html.index("</svg>", start) + 6])


def test_json_on_stdout_is_json_alone(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, _ = command(archive, tmp_path, "--bytes", "900", "--json", "--validation", "a,b")
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["validation"]["held_out"] == ["a", "b"]


def test_ctrl_c_gives_the_front_so_far_and_no_file(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[TrainConfig] = []

    def interrupted(splits: Splits, config: TrainConfig, **more: Any) -> Any:
        calls.append(config)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return train(splits, config, **more)

    monkeypatch.setattr(searching, "train", interrupted)
    words, _ = command(archive, tmp_path, "--bytes", "900", "--report", str(tmp_path / "x.html"))
    assert main(words) == 1
    told = capsys.readouterr()
    assert "stopped; no model was written" in told.err
    rows = told.out.splitlines()[2:]
    assert told.out.startswith("Pareto front within 900 bytes") and 1 <= len(rows) <= 3
    assert list(tmp_path.iterdir()) == []
    calls[:] = [BASE] * 3  # and before any network was tried
    assert main(words) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--bytes", "100"], "no network fits 100 bytes"),
        (["--bytes", "900", "--validation", "none"], "a search needs a validation part"),
        (["--bytes", "900", "--validation", "z"], "nothing belongs to group z"),
        (["--bytes", "900", "--report", "/nowhere/x.html"], "there is no folder /nowhere"),
    ],
)
def test_mistakes_get_a_message_and_no_file(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    says: str,
) -> None:
    words, _ = command(archive, tmp_path, *more)
    assert main(words) == 1
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "more",
    [[], ["--bytes", "0"], ["--ms", "x"], ["--bytes", "9", "--minutes", "1"], ["--chip", "z80"]],
)
def test_wrong_usage_has_exit_status_2(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    words, _ = command(archive, tmp_path, *more)
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "usage: xnornode search" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_display_says_where_the_search_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(output, "FRAME", 0.0)
    stream = Terminal()
    with output.Progress(stream) as progress:
        display = Display(progress)
        search(task(), BUDGET, BASE, trials=3, progress=display)
    lines = [line.split("\r")[-1] for line in stream.getvalue().rstrip().split("\n")[:4]]
    assert [re.search(r"round \d/\d|final training", line)[0] for line in lines] == [
        "round 1/3",
        "round 2/3",
        "round 3/3",
        "final training",
    ]
    assert "network 3/3" in lines[0] and "epoch 9/9" in lines[3]
    best = max((t for t in display.trials.values()), key=lambda t: t.epochs)
    assert f"best {best.accuracy:.1%}, {best.cost.bytes} bytes" in lines[3]
