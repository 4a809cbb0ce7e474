"""A node's drift, and its lines, against the reference on a PC."""

import ast
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.driftlab import CHANNELS, LENGTH, drifting, plain_model
from tests.lab.targets import INTERPRETERS, interpreter
from tests.node.test_module import NODE
from xnornode.model.drift import Drift, DriftStream
from xnornode.model.model_file import save_model


@pytest.fixture(scope="module", params=[name for name in INTERPRETERS if "xtensa" not in name])
def micropython(request):
    return interpreter(request.param)


def windows_of(seed, count):
    """Windows whose size rises and falls."""
    rng = np.random.default_rng(seed)
    sizes = 1500 * (1 + np.sin(np.arange(count) / 5))[:, None, None]
    return rng.normal(0, 1 + sizes, (count, LENGTH, CHANNELS)).clip(-32768, 32767).astype(np.int16)


def expected(model, windows):
    stream, rows = DriftStream(model.drift), []
    for values in model.features.values(windows):
        stream.add(values)
        pairs = zip(model.drift.watched, stream.moved, strict=True)
        rows.append((stream.level, stream.flagged, [(*name, moved) for name, moved in pairs]))
    return rows


@pytest.mark.parametrize("how", ["module", "classifier", "background"])
def test_drift_of_windows(micropython, tmp_path, how):
    if how == "background" and "native" in str(micropython.path):
        how = "classifier"  # a release's interpreter has no threads without the GIL
    model, windows = drifting(13, (20, 5, 6, 7)), windows_of(1, 40)
    save_model(model, tmp_path / "m.bnn")
    save_model(plain_model(), tmp_path / "p.bnn")
    (tmp_path / "w").write_bytes(windows.astype("<i2").tobytes())
    files = [tmp_path / name for name in ("m.bnn", "p.bnn", "w")]
    output = micropython.run(NODE / "drift.py", how, *files)
    got = [ast.literal_eval(line) for line in output.splitlines()]
    assert got == expected(model, windows)
    flags = [row[1] for row in got]
    assert len({row[0] for row in got}) > 5 and {*flags} == {False, True}


WATCHED = ((0, 0), (1, 0), (2, 0), (0, 3), (2, 65))


def watching():
    """A model whose drift says how far the means are from 0: flagged where they are beyond 64."""
    n, each = len(WATCHED), 6
    statistic = {0: 0, 3: 1, 65: 5}  # in the order of the features' values
    return Drift(
        (),
        np.array([c * each + statistic[code] for c, code in WATCHED]),
        np.full(n, 32767),
        np.zeros(n, np.int64),
        np.full(n, 4096),
        np.zeros((n, 0), np.int8),
        np.array([-64]),
        (0,),
        1,
        300,
        100,
        WATCHED,
    )


def test_lines(micropython, tmp_path):
    """At once when the flag changes; the features that have moved the most, in words."""
    model = replace(plain_model(), drift=watching())
    save_model(model, tmp_path / "model.bnn")
    calm, odd = np.zeros((LENGTH, CHANNELS)), np.zeros((LENGTH, CHANNELS))
    odd[:] = -90, 0, 30
    samples = np.concatenate([np.tile(calm, (3, 1)), np.tile(odd, (40, 1)), np.tile(calm, (9, 1))])
    samples = samples.astype(np.int16)
    lines = events_of(micropython, tmp_path, samples)
    drift = [line for line in lines if line["event"] == "drift"]
    stream, changes = DriftStream(model.drift), []
    for i, values in enumerate(model.features.values(samples.reshape(-1, LENGTH, CHANNELS))):
        before = stream.flagged
        stream.add(values)
        if stream.flagged != before:
            changes.append((i, stream.level, stream.flagged, stream.moved))
    got = [(line["seq"], line["drift"], line["flagged"]) for line in drift]
    assert got == [change[:3] for change in changes] and len(got) == 2
    # Half a deviation at least, the most first: x is at -90/32, z at 30/32 in the end.
    assert drift[1]["features"] == ["ch0 mean", "ch2 mean"]
    assert drift[1]["moved"] == [changes[1][3][0], changes[1][3][2]]
    assert {*drift[0]} == {"event", "seq", "ms", "drift", "flagged", "features", "moved", "crc"}


def test_once_a_minute(micropython, tmp_path):
    """Here with a minute of no time: after each prediction."""
    model = replace(plain_model(), drift=watching())
    save_model(model, tmp_path / "model.bnn")
    samples = np.full((5 * LENGTH, CHANNELS), 40, np.int16)
    lines = events_of(micropython, tmp_path, samples, "events.DRIFT_MS = 0")
    kinds = [line["event"] for line in lines]
    assert kinds == ["ready", *["prediction", "drift"] * 5]
    assert [x["seq"] for x in lines if x["event"] == "drift"] == [0, 1, 2, 3, 4]


def events_of(micropython, folder, samples, first=""):
    """What a program writes that is given the samples one by one."""
    (folder / "samples").write_bytes(samples.astype("<i2").tobytes())
    (folder / "program.py").write_text(
        f"from xnornode import Classifier, events\n{first}\n"
        f"clf = Classifier('{folder}/model.bnn')\n"
        "link = events.Events(clf)\n"
        f"with open('{folder}/samples', 'rb') as f:\n"
        f"    while sample := f.read({2 * CHANNELS}):\n"
        "        for p in clf.feed_block(sample):\n"
        "            link.prediction(p)\n"
    )
    return [json.loads(line) for line in micropython.run(folder / "program.py").splitlines()]
