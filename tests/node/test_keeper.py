"""Windows of which a model is not sure, kept by the node: which ones, and bit for bit."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.feature_nets import model_of
from tests.lab.keeplab import RULES, Outcome, keep, unsure_model
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.model.answers import AnswerStream
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.model import Window as ModelWindow
from xnornode.model.spectrum import Spectrum, band_edges


def drawn(count: int, width: int = 2, seed: int = 0) -> np.ndarray:
    """No two samples are alike."""
    return np.random.default_rng(seed).integers(-2500, 2500, (count, width)).astype(np.int16)


def place(window, samples: np.ndarray) -> int:
    """Where in the stream a window begins."""
    rows = window.record.recording.samples
    found = np.flatnonzero((samples == rows[0]).all(axis=1))
    for at in found:
        if np.array_equal(samples[at : at + len(rows)], rows):
            return int(at)
    raise AssertionError("these samples never came")


def check(outcome: Outcome, model, samples: np.ndarray, gaps=()) -> list[int]:
    """Each window is one of the model's, with its answer; where they begin."""
    starts = []
    for window in outcome.windows():
        record = window.record
        at = place(window, samples)
        starts.append(at)
        begin = max((gap for gap in gaps if gap <= at), default=0)
        assert (at - begin) % model.window.hop == 0, "it is no window of the stream"
        assert not any(at < gap < at + model.window.length for gap in gaps)
        scores = model.scores(samples[at : at + model.window.length][None])[0]
        said = AnswerStream(model.answers, len(model.labels)).add(scores)
        assert record.confidence == (1000 * said.confidence + 32767) // 65535
        assert record.answer == (model.labels[said.index] if said.index >= 0 else "unknown")
        assert record.model == model.name and record.rate_mhz == 100_000
        assert window.session == "5e5510"
    return starts


@pytest.mark.parametrize("seed", range(3))
def test_each_is_a_window_of_the_stream_bit_for_bit(tmp_path, seed):
    """However the blocks are, with gaps, and while files are being written."""
    rng = np.random.default_rng(seed)
    plan, gaps, at = [], [], 0
    for _ in range(150):
        n = int(rng.choice([1, 7, 16, 40, 200]))
        plan += [["block", n], ["step", int(rng.integers(0, 9))], ["hour"]]
        at += n
        if rng.random() < 0.1:
            plan.append(["gap"])
            gaps.append(at)
    samples, model = drawn(at, seed=seed), unsure_model(seed + 1)
    outcome = keep(tmp_path, {"first.bnn": model}, samples, plan)
    starts = check(outcome, model, samples, gaps)
    assert len(starts) > 10 and starts == sorted(set(starts))
    assert outcome.facts.windows == len(starts) and not outcome.warned and not outcome.facts.why
    kept = {window.record.kept for window in outcome.windows()}
    assert kept == {f"{outcome.facts.ring}/{n + 1}" for n in range(len(starts))}


HOURS = [["step", 20], ["hour"]]
"""In which a window is written, and the next one may be."""


def blocks(count: int, size: int, between=HOURS) -> list:
    return [step for _ in range(count) for step in (["block", size], *between)]


def test_the_sensors_own_counts_of_all_its_channels(tmp_path):
    """It has three, in another order and another range than the model's."""
    model = unsure_model(3)
    samples = drawn(700, 3)
    channels = ("accel y (g)", "light (V)", "accel x (g)")
    scales = (244_140, 100_708, 244_140)
    outcome = keep(
        tmp_path, {"first.bnn": model}, samples, [["hour"], *blocks(30, 20)], channels, scales
    )
    windows = outcome.windows()
    assert len(windows) > 5
    for window in windows:
        assert window.record.channels == channels and window.record.scales == scales
        at = place(window, samples)
        counts = 2 * samples[at : at + 32, [2, 0]]
        said = AnswerStream(RULES, 4).add(model.scores(counts[None])[0])
        assert window.record.confidence == (1000 * said.confidence + 32767) // 65535


def test_sound_whose_window_keeps_levels_and_no_samples(tmp_path):
    features = Spectrum(64, 32, band_edges(64, 6, 8000, 60, 4000), 3000)
    rows = features.rows(256, 1)
    made = model_of(
        features,
        ModelWindow(("sound (FS)",), 256, 64, 8_000_000, (30_518,)),
        Int8Encoding(np.ones(rows, np.int64), np.full(rows, -1000), 3),
        "int8",
    )
    model = replace(made, answers=RULES)
    samples = drawn(6000, 1)
    plan = [["hour"], *blocks(60, 100)]
    outcome = keep(tmp_path, {"first.bnn": model}, samples, plan, ("sound (FS)",), (30_518,))
    windows = outcome.windows()
    assert len(windows) > 5
    for window in windows:
        at = place(window, samples)
        assert at % 64 == 0
        scores = model.scores(samples[at : at + 256][None])[0]
        said = AnswerStream(RULES, len(model.labels)).add(scores)
        assert window.record.confidence == (1000 * said.confidence + 32767) // 65535


def test_a_model_with_another_window_comes_while_one_is_written(tmp_path):
    first, second = unsure_model(1), unsure_model(2, length=48, hop=12)
    second = replace(second, name="second", revision=7)
    samples = drawn(2000)
    plan = [["hour"], *blocks(20, 32), ["block", 40], ["step", 3], ["model", "/second.bnn"]]
    plan += blocks(20, 32)
    outcome = keep(tmp_path, {"first.bnn": first, "second.bnn": second}, samples, plan)
    lengths = [len(window.record.recording.samples) for window in outcome.windows()]
    assert {*lengths} == {32, 48} and lengths == sorted(lengths)
    last = outcome.windows()[-1].record
    assert (last.model, last.revision) == ("second", 7)
    assert not (tmp_path / "kept" / "new.part").exists() or outcome.facts.windows == len(lengths)


def test_only_what_it_is_not_sure_of(tmp_path):
    samples, model = drawn(1600), unsure_model(1)
    plan = [["hour"], *blocks(100, 16)]
    outcome = keep(
        tmp_path, {"first.bnn": model}, samples, plan, settings={"bytes": 1 << 20, "below": 500}
    )
    kept = [(w.record.answer, w.record.confidence) for w in outcome.windows()]
    assert all(sure < 500 or answer == "unknown" for answer, sure in kept)
    unsure = [one for one in outcome.said if one[0] == "unknown" or one[1] < 500]
    assert 0 < len(kept) <= len(unsure) < len(outcome.said)
    check(outcome, model, samples)


def test_no_more_than_so_many_in_an_hour(tmp_path):
    """The first one comes when that time has passed once; what comes too soon is counted."""
    samples, model = drawn(1000), unsure_model(1)
    soon = [["step", 20]]
    plan = [*blocks(20, 16, soon), ["hour"], *blocks(20, 16, soon), ["hour"], *blocks(4, 16, soon)]
    outcome = keep(tmp_path, {"first.bnn": model}, samples, plan)
    assert outcome.facts.windows == 2 and outcome.facts.passed > 20
    assert outcome.facts.per_hour == 12


def test_the_oldest_go_and_numbers_go_on(tmp_path):
    """Over starts of the program, and after all was forgotten."""
    samples, model = drawn(3000), unsure_model(1)
    some = blocks(12, 32)
    settings = {"bytes": 4 * 4096, "below": 1000}
    plan = [["hour"], *some, ["start"], ["hour"], *some]
    outcome = keep(tmp_path, {"first.bnn": model}, samples, plan, settings=settings)
    facts = outcome.facts
    assert facts.windows == 4 and facts.bytes == facts.bound == 4 * 4096
    assert facts.next > 15 and facts.oldest == facts.next - 4
    assert facts.overwritten < facts.next - 5, "since the last start alone"
    assert facts.total > facts.written > 0
    sizes = [path.stat().st_size for path in (tmp_path / "kept").glob("*.rec")]
    assert facts.total >= (facts.next - 1) * (min(sizes) - 8)
    plan = [["forget", 10**9 - 1], ["start"], ["hour"], *blocks(3, 32)]
    again = keep(tmp_path, {"first.bnn": model}, samples, plan, settings=settings)
    assert again.facts.ring == facts.ring and again.facts.oldest == facts.next
    assert again.facts.total == facts.total + again.facts.written
    check(again, model, samples)


def test_only_some_are_forgotten_at_once(tmp_path):
    samples, model = drawn(2000), unsure_model(1)
    plan = [["hour"], *blocks(20, 32), ["forget", 6]]
    outcome = keep(tmp_path, {"first.bnn": model}, samples, plan)
    assert outcome.facts.oldest == 5
    again = keep(tmp_path, {"first.bnn": model}, samples, [["forget", 6]])
    assert again.facts.oldest == 7


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, 'no object with a key "bytes"'),
        ([], 'no object with a key "bytes"'),
        ({"bytes": 100}, "`bytes` is no integer from 4096"),
        ({"bytes": 8192, "below": 0.6}, "`below` is no integer"),
        ({"bytes": 8192, "per_hour": True}, "`per_hour` is no integer"),
        ({"bytes": 8192, "belov": 600}, "no key `belov`"),
    ],
)
def test_a_wrong_file_keeps_nothing_and_says_so(tmp_path, settings, says):
    outcome = keep(
        tmp_path, {"first.bnn": unsure_model()}, drawn(100), [["block", 100]], settings=settings
    )
    assert says in outcome.facts.why and outcome.facts.bound == 0
    assert len(outcome.said) == 5, "it classifies on"


def test_a_model_without_answers_keeps_nothing_and_says_so(tmp_path):
    model = replace(unsure_model(), answers=None)
    plan = [["hour"], *blocks(4, 100)]
    outcome = keep(tmp_path, {"first.bnn": model}, drawn(400), plan)
    assert "no confidence" in outcome.facts.why and outcome.facts.windows == 0
    assert [kind for kind, _ in outcome.warned] == ["keep"] and len(outcome.said) == 24


def test_a_classifier_on_the_second_core_keeps_nothing_and_says_so(tmp_path):
    """Its answer comes when the samples of its window are gone."""
    plan = [["second core"], ["hour"], *blocks(4, 100)]
    outcome = keep(tmp_path, {"first.bnn": unsure_model()}, drawn(400), plan)
    assert "second core" in outcome.facts.why and outcome.facts.windows == 0


def test_a_window_larger_than_the_bound(tmp_path):
    model = unsure_model(1, length=3000, hop=3000)
    plan = [["hour"], *blocks(4, 3000)]
    settings = {"bytes": 4096, "below": 1000}
    outcome = keep(tmp_path, {"first.bnn": model}, drawn(12_000), plan, settings=settings)
    assert "more than 4096 bytes" in outcome.facts.why and outcome.facts.windows == 0


def test_damage_on_flash_is_found_by_who_fetches_and_stops_nothing(tmp_path):
    samples, model = drawn(2000), unsure_model(1)
    first = keep(tmp_path, {"first.bnn": model}, samples, [["hour"], *blocks(8, 32)])
    newest = tmp_path / "kept" / f"{first.facts.next - 1}.rec"
    newest.write_bytes(b"\xff" * 300)
    again = keep(tmp_path, {"first.bnn": model}, samples, [["hour"], *blocks(3, 32)])
    assert again.facts.windows > first.facts.windows
    with pytest.raises(Exception, match="damaged"):
        again.windows()


CUTS = ROOT / "tests" / "lab" / "node_scripts" / "keepcuts.py"


def cuts(folder, *options: str) -> subprocess.CompletedProcess[str]:
    model = folder / "model.bnn"
    model.write_bytes(to_bytes(unsure_model(1, length=100, hop=100)))
    command = [build("unix"), "-X", "heapsize=64M", CUTS, *options, model]
    return subprocess.run(
        [*map(str, command)],
        env={"MICROPYPATH": f"{ROOT / 'device'}:{CUTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_power_cut_leaves_each_window_whole_or_not_there(tmp_path):
    """At each operation of the flash, in halves and shreds of it; and what windows wear."""
    done = cuts(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    *steps, wear = map(json.loads, done.stdout.splitlines())
    assert [step["step"] for step in steps] == ["first", "overwritten", "forgotten", "after that"]
    for step in steps:
        n = step["operations"]
        assert step["cuts"] == {"before": n + 1, "half of": n, "shreds of": n}
        assert step["states"] > 2, "some cuts came between two windows"
    assert wear["windows"] < wear["erases"] < wear["said"] * wear["windows"]
    assert wear["blocks"] > 40 and wear["most"] < 20, "they spread over all free blocks"


def test_a_careless_ring_is_found_out(tmp_path):
    """One that writes a window into its place."""
    done = cuts(tmp_path, "--careless")
    assert done.returncode == 1 and "a window that is not whole" in done.stderr
