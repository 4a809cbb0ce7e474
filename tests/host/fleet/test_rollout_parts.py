"""The parts of a roll-out without a broker: stages, mixes of labels, the record, the watch."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.extralab import MODEL, NoBroker, state
from xnornode.errors import LinkError, XnorNodeError
from xnornode.fleet.hour_items import Hour
from xnornode.fleet.payloads import Latest, PayloadError
from xnornode.fleet.rollout import (
    Before,
    Bounds,
    Rollout,
    kind_of,
    read_rollout,
    to_rollout,
    without_mix,
)
from xnornode.fleet.rollout_compared import compared
from xnornode.fleet.rollout_mix import CHANCE, change
from xnornode.fleet.rollout_stages import read_stages, stages_of
from xnornode.fleet.rollout_start import begin
from xnornode.fleet.rollout_watch import BACK, ENOUGH, FAILED, UPDATED, NodeWatch, mix_before
from xnornode.fleet.shown import LONGEST_LABEL, MOST_LABELS, OTHERS
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.mqtt_topics import Topics

pytestmark = pytest.mark.quick

LATEST = Latest("cd" * 32, 900, "m", 2, 4, True, rollout="0123abcd")
RECORD = Rollout(
    "0123abcd",
    LATEST.sha256,
    "m",
    2,
    stages=(("a",), ("b", "c")),
    before={"a": Before("ab" * 32, 1000, "0123abcd", None, {"walk": 3})},
    latest=(LATEST,),
)


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "2,1", "10%,5%", "1,,2", "-1", "1e3", "x"])
def test_what_is_no_list_of_stages(text):
    with pytest.raises(XnorNodeError):
        read_stages(text)


def test_stages_are_of_all_rooms_and_always_the_same():
    names = [f"room{k // 20}-{k}" for k in range(200)]
    stages = stages_of(names, read_stages("1,10%,50%,100%"))
    assert [len(stage) for stage in stages] == [1, 19, 80, 100]
    assert sorted(name for stage in stages for name in stage) == sorted(names)
    assert len({name.partition("-")[0] for name in stages[1]}) > 5
    assert stages == stages_of(names[::-1], read_stages("1,10%,50%,100%"))
    assert stages[:3] == stages_of(names, read_stages("1,10%,50%"))  # no more than was said


def test_stages_of_few_nodes_are_not_empty():
    assert stages_of(["a", "b"], read_stages("1,10%,100%")) in ((("a",), ("b",)), (("b",), ("a",)))
    assert len(stages_of(["a"], read_stages("5,100%"))) == 1


def test_chance_alone_is_no_change():
    rng, mix, wrong = np.random.default_rng(0), [0.7, 0.2, 0.07, 0.03], 0
    for _ in range(2000):
        before, after = (
            dict(zip("abcd", rng.multinomial(n, mix).tolist(), strict=True)) for n in (900, 120)
        )
        wrong += change(before, after).least > 0
    assert wrong <= 2000 * CHANCE


def test_a_change_is_found_once_there_is_enough_of_it():
    before = {"a": 600, "b": 300}
    assert change(before, {"b": 5}).least == 0
    found = change(before, {"b": 200})
    assert found.least > 0.5 and found.label in "ab"
    assert change(before, {"b": 200}, each=20).least < found.least
    assert change(before, {}).least == 0 and change({}, before).least == 0


def test_the_record_is_checked():
    assert read_rollout("0123abcd", to_rollout(RECORD)) == RECORD
    for key, value in (
        ("stages", [["a"], "bc"]),
        ("stages", [["_a"]]),
        ("stages", 5),
        ("stage", 2),
        ("state", "gone"),
        ("before", {"a": {"labels": {"x": -1}}}),
        ("before", {"a": {"latest": 1}}),
        ("before", [1]),
        ("failed", {"a": 5}),
        ("latest", []),
        ("latest", [{"sha256": "0"}]),
        ("bounds", {"labels": 101}),
        ("mqtt", 2),
    ):
        given = json.loads(to_rollout(RECORD)) | {key: value}
        with pytest.raises(PayloadError):
            read_rollout("0123abcd", json.dumps(given).encode())
    with pytest.raises(PayloadError):
        read_rollout("0123abcd", b" " * (1 << 20) + b"{}")


def test_the_record_of_a_large_fleet_is_readable():
    """A thousand nodes, sixty labels each: the largest mixes are left out."""
    names = [f"n{k}" for k in range(1000)]
    labels = {f"a label that is long {k}": 10_000 for k in range(60)}
    before = {name: Before(LATEST.sha256, 1000, "0123abcd", 0, labels) for name in names}
    before["n7"] = replace(before["n7"], labels={"walk": 3})
    rollout = RECORD.changed(stages=(("n7",), tuple(names)), before=before)
    read = read_rollout(RECORD.id, to_rollout(rollout))
    left_out = [name for name, each in read.before.items() if not each.labels]
    assert 0 < len(left_out) == without_mix(rollout) and read.before["n7"].labels == {"walk": 3}


def test_a_fleet_that_the_record_has_no_room_for_is_said_before_the_work():
    view, nodes = FleetView(NoBroker(), Topics()), [NodeView(f"n{k}") for k in range(5000)]
    with pytest.raises(LinkError, match="fewer nodes"):
        begin(view, nodes, LATEST, ("100%",), 1, Bounds())
    assert len(begin(view, nodes[:1000], LATEST, ("100%",), 1, Bounds()).nodes) == 1000


def test_labels_of_a_node_that_lies_are_bounded_and_have_no_escapes():
    watch = watched()
    for k in range(2 * MOST_LABELS):
        watch.prediction(f"\x1b[{k}m" + "x" * 1000, None, 1.0)
    assert len(watch.after) == MOST_LABELS and watch.after[OTHERS] == MOST_LABELS + 1
    assert all(label.isprintable() and len(label) <= LONGEST_LABEL for label in watch.after)
    hour = Hour(labels={f"\x1b{k}": 1 + (k == 5) for k in range(2 * MOST_LABELS)})
    node = NodeView("a", True, state("a"), hours={(1, MODEL.sha256): hour})
    mix = mix_before(node, Counter())
    assert len(mix) == MOST_LABELS and mix["\\x1b5"] == 2
    assert sum(mix.values()) == 2 * MOST_LABELS + 1
    watch.failed("\x1b[2J")
    assert watch.why == "\\x1b[2J"
    read = read_rollout(RECORD.id, to_rollout(RECORD.changed(failed={"a": "\x1b[2J"}, why="\x07")))
    assert read.failed == {"a": "\\x1b[2J"} and read.why == "\\x07"


def test_the_mix_of_before_is_of_the_newest_hours_of_this_model():
    ours = MODEL.sha256
    hours = {
        (1, ours): Hour(labels={"old": 1000}),
        (2, ours): Hour(labels={"walk": ENOUGH - 50}),
        (3, "cd" * 32): Hour(labels={"other": 1000}),
        (3, ours): Hour(labels={"walk": 40, "rest": 10}),
    }
    node = NodeView("a", True, state("a"), hours=hours)
    assert mix_before(node, Counter(walk=5)) == {"walk": ENOUGH - 10, "rest": 10}
    assert mix_before(node, Counter(rest=ENOUGH)) == {"rest": ENOUGH}


def watched(labels=("walk", "rest")):
    watch = NodeWatch("a")
    watch.updated(NodeView("a", True, state("a", labels=labels)), 0.0)
    return watch


def test_mixes_of_models_with_other_labels_are_not_compared():
    before = Before("", 0, kind_of(("walk", "rest")), None, {"walk": 500, "rest": 500})
    for labels, then in ((("walk", "rest"), FAILED), (("run", "rest"), UPDATED)):
        watch = watched(labels)
        for _ in range(500):
            watch.prediction("rest", "9f3ac01b", 1.0)
        watch.judge(before, Bounds(), 500.0)
        assert watch.state == then


def test_the_rate_is_that_of_what_came():
    watch = NodeWatch("a")
    assert watch.rate_mhz == 0
    for k in range(11):
        watch.prediction("walk", None, 100 + k / 2)
    assert watch.rate_mhz == 2000


def test_many_predictions_at_once_count_as_few():
    before, watch = Before("", 0, "", None, {"walk": 500, "rest": 500}), watched()
    for _ in range(200):
        watch.prediction("rest", None, 1.0)
    watch.judge(before, Bounds(), 2.0)  # 100 a second: those of 2 s count as one
    assert watch.state == UPDATED


def test_silence_is_as_long_as_five_predictions_took_before():
    for rate_mhz, then in ((100, UPDATED), (1000, FAILED), (0, UPDATED)):
        watch = watched()
        watch.judge(Before(rate_mhz=rate_mhz), Bounds(silent=30_000), 45.0)
        assert watch.state == then


def test_silence_is_judged_once_a_node_has_had_time_to_come_back():
    before, bounds = Before(rate_mhz=1000), Bounds(silent=30_000)
    for live, fails_at in ((None, 10 + BACK), (60.0, 91.0)):
        watch = watched()
        watch.excuse(10.0)  # the broker was away
        watch.judge(before, bounds, 59.0)
        if live:
            watch.prediction("walk", None, live)
        watch.judge(before, bounds, fails_at - 2)
        assert watch.state == UPDATED
        watch.judge(before, bounds, fails_at)
        assert watch.state == FAILED


def test_another_session_is_a_restart():
    watch = watched()
    watch.prediction("walk", "9f3ac01b", 1.0)
    watch.judge(Before(), Bounds(), 1.0)
    assert watch.state == UPDATED
    watch.prediction("walk", "00000000", 2.0)
    watch.judge(Before(), Bounds(), 2.0)
    assert watch.state == FAILED and "restarted" in watch.why


def test_a_node_that_somebody_gave_another_model_has_failed():
    watch = watched()
    watch.look(NodeView("a", True, state("a")), "cd" * 32)
    assert watch.state == FAILED


def test_a_change_takes_as_long_as_the_guide_says():
    """docs/guides/rollouts.md, "The mix of labels": 3 labels, 1 prediction a second."""

    def seconds(moved):
        shares = {"a": 1 / 3 + moved, "b": (2 / 3 - moved) / 2, "c": (2 / 3 - moved) / 2}
        for m in range(1, 3601):
            after = {label: round(share * m) for label, share in shares.items()}
            if change(dict.fromkeys("abc", 1200), after, each=2).least > 0.2:
                return m
        return None

    assert 35 <= seconds(2 / 3) <= 45
    assert 200 <= seconds(0.4) <= 260
    assert seconds(0.25) is None


def test_a_stage_says_whether_mixes_could_be_compared():
    def watch(name, after):
        made = NodeWatch(name)
        made.state, made.after = UPDATED, Counter(walk=after, rest=after)
        mix = {"walk": 450, "rest": 450}
        made.change = change(mix, made.after)
        return made

    labels = {"walk": 450, "rest": 450}
    before = {name: Before("ab" * 32, 1000, "", None, labels) for name in "abc"}
    record = replace(RECORD, before=before)
    said = compared([watch("a", 300), watch("b", 20)], record)
    assert said.startswith("labels: compared on 1 of 2 nodes: b has 40 of about ")
    count = int(said.split()[-3].replace(",", ""))
    assert 40 < count < 600  # so many make chance as small as the bound
    assert change(labels, Counter(walk=count, rest=0)).chance <= 0.2
    assert change(labels, Counter(walk=count - 1, rest=0)).chance > 0.2
    assert "b has said nothing yet" in compared([watch("b", 0)], record)
    assert "d has nothing of before" in compared([watch("d", 9)], record)
    assert compared([watch("a", 9)], replace(record, bounds=Bounds(labels=100))) == ""
