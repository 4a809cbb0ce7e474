"""The module `bnn`, built in and native, and the node's library."""

import ast
import json
from binascii import crc32
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.fuzz_seeds import networks
from tests.lab.nets import Spec, random_encoding, random_model, random_network, sealed
from tests.lab.targets import INTERPRETERS, Interpreter, interpreter
from tools.firmware.sources import ROOT
from xnornode._typing import Int8, Int16
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import Recording, cut_windows
from xnornode.errors import ModelError
from xnornode.model.answers import Answers, AnswerStream
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.layers import Scores, Thresholds, dense
from xnornode.model.model import Model, Window
from xnornode.model.model_file import save_model
from xnornode.model.ngrams import NGrams
from xnornode.model.work import work

NODE = ROOT / "tests" / "lab" / "node_scripts"


@pytest.fixture(scope="module", params=INTERPRETERS)
def micropython(request):
    return interpreter(request.param)


@pytest.fixture(scope="module", params=[name for name in INTERPRETERS if "xtensa" not in name])
def with_select(request):
    """What also takes commands: our MicroPython for Xtensa has no `select`."""
    return interpreter(request.param)


def test_module(micropython, tmp_path):
    made = random_encoding(5, "bit-planes", 3, 2)
    model = random_network(5, 10, 3, made, [Spec(33, (10, 1), (3, 1)), Spec(9, kind="int8")], 5)
    assert model.notes
    save_model(model, tmp_path / "m.bnn")
    facts = ast.literal_eval(micropython.run(NODE / "module.py", tmp_path / "m.bnn"))
    data, w = to_bytes(model), model.window
    expected = (model.name, model.labels, w.channels, w.scales, w.length, w.hop, w.rate_mhz)
    crc = crc32(data[:-4])
    header = (ROOT / "firmware_modules" / "bnn" / "core" / "bnn.h").read_text()
    assert facts[:-1] == (*expected, model.revision, model.notes, crc, len(data), True, 5)
    assert f'BNN_MODULE_VERSION "{facts[-1]}"' in header


def named_in_many_languages(model: Model) -> Model:
    """A model of four classes and two channels, with names of one to four bytes a character."""
    window = replace(model.window, channels=("temp (°C)", "größe"))
    labels = ("läufen", "走る", "👩\u200d🔬", "قف")
    return replace(model, name="Übung", labels=labels, window=window, notes="für Zoë")


def test_names_in_utf8(micropython, tmp_path):
    model = named_in_many_languages(random_model(6, 16, 2, 3, (40, 4)))
    save_model(model, tmp_path / "m.bnn")
    facts = ast.literal_eval(micropython.run(NODE / "module.py", tmp_path / "m.bnn"))
    assert facts[:3] == (model.name, model.labels, model.window.channels)
    assert facts[8] == model.notes


def test_a_flood_of_any_byte_leaves_the_program_its_time(with_select):
    taken = [int(line) for line in with_select.run(NODE / "floods.py").split()]
    assert len(taken) == 256 and max(taken) <= 32


def test_a_push_leaves_the_program_its_heap(tmp_path):
    save_model(random_model(1, 16, 2, 2, (8, 3)), tmp_path / "m.bnn")
    micropython = interpreter("unix")
    small = Interpreter([*micropython.command, "-X", "heapsize=300k"])
    said = small.run(NODE / "scarce.py", NODE, tmp_path / "m.bnn").splitlines()
    assert int(said[-2].removeprefix("largest ")) > 10_000
    before, after = (json.loads(said[i])["seq"] for i in (-3, -1))
    assert after == before + 2, "the line that found no room shows as lost"


def text_model(texts: list[bytes]) -> Model:
    rng = np.random.default_rng(0)
    features = NGrams("characters", 1, 3, 500, 60)
    weights = random_signs(rng, 40, 500)
    differing = (features.values(texts)[:, None] != weights).sum(axis=2)
    hidden = dense(weights, "binary", Thresholds(np.median(differing, axis=0).astype(np.int64)))
    scores = Scores(rng.integers(1, 99, 3), rng.integers(-99, 99, 3))
    layers = (hidden, dense(random_signs(rng, 3, 40), "binary", scores))
    return Model("t", ("a", "b", "c"), Window(("text",), 60, 60, 0, (0,)), features, None, layers)


def random_signs(rng: np.random.Generator, *shape: int) -> Int8:
    return rng.choice(np.array([-1, 1], np.int8), shape)


def test_text(micropython, tmp_path):
    lines = [b"", b"a", b"The quick brown fox", "Größe, \u4f60\u597d".encode(), b"\x00\xff\xfe"]
    lines += [b"longer than what is read " * 9, *(bytes([n]) * 3 for n in range(256) if n != 10)]
    model = text_model(lines)
    save_model(model, tmp_path / "m.bnn")
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    output = micropython.run(NODE / "text.py", tmp_path / "m.bnn", tmp_path / "lines")
    scores = [ast.literal_eval(line) for line in output.splitlines()]
    assert scores == model.scores(lines).tolist()
    assert len({tuple(row) for row in scores}) > 50


@pytest.mark.parametrize("classes", [5, 255])
def test_answers(micropython, tmp_path, classes):
    """Those of the reference, to scores of a network's size and to both ends of int32."""
    rng = np.random.default_rng(classes)
    scores = rng.integers(-40, 40, (120, classes))
    scores[np.arange(120), np.arange(120) // 7 % classes] += 40
    scores[rng.random(scores.shape) < 0.005] = 2**31 - 1
    (tmp_path / "scores").write_bytes(scores.astype("<i4").tobytes())
    rules = Answers(6000, 4, windows=4, threshold=30_000, hold_off=5, background=(1, classes - 1))
    plain = random_model(7, 3, 2, 3, (classes,))
    seen = set()
    for model in (plain, replace(plain, answers=rules)):
        save_model(model, tmp_path / "m.bnn")
        output = micropython.run(NODE / "answers.py", tmp_path / "m.bnn", tmp_path / "scores")
        got = [ast.literal_eval(line) for line in output.splitlines()]
        assert got == expected_answers(model, scores)
        seen |= {(row[0] < 0, row[3]) for row in got}
    assert seen == {(False, False), (False, True), (True, False)}


def expected_answers(model, scores):
    """The lines of tests/lab/node_scripts/answers.py."""
    if not model.answers:
        return [[best, None, best, False] for best in scores.argmax(axis=1)]
    rows, stream = [], AnswerStream(model.answers, len(model.labels))
    for i, row in enumerate(scores):
        if i == len(scores) // 2:
            stream.clear()
        answer = stream.add(row)
        rows.append([answer.index, answer.confidence, answer.best, answer.detected])
    return rows


def small_convolution():
    spec = Spec(4, (4, 3), (3, 2), 2, (1, 2), (2, 1), (2, 1), "int8")
    return random_network(2, 12, 2, random_encoding(2, "int8", 2, 8), [spec], 2)


@pytest.mark.parametrize("model", [random_model(2, 3, 2, 3, (5, 3)), small_convolution()])
def test_changed_files(micropython, tmp_path, model):
    """The module takes exactly what the Python reader takes, and runs it without a report."""
    data = to_bytes(model)
    (tmp_path / "m.bnn").write_bytes(data)
    taken = micropython.run(NODE / "sweep.py", tmp_path / "m.bnn").strip()
    files = []
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        files += [bytes(changed), sealed(bytes(changed), length=False)]
    for size in range(len(data)):
        files += [data[:size], sealed(data[:size])] if size >= 12 else [data[:size]]
    assert taken == "".join("x" if accepts(f) else "." for f in files)
    assert taken.count("x") > 100


@pytest.mark.parametrize("name", networks())
def test_a_buffer_that_changes_after_the_load(micropython, tmp_path, name):
    """What the loader has checked is not read again: header, features, encoding, layers."""
    data = to_bytes(networks()[name])
    (tmp_path / "m.bnn").write_bytes(data)
    output = micropython.run(NODE / "changed.py", tmp_path / "m.bnn")
    assert int(output) == 5 * len(data)


def test_a_node_takes_no_model_that_cannot_keep_pace(micropython, tmp_path):
    """By the operations of a window at 8 cycles each, and 125 MHz on a PC."""
    model = random_model(5, 64, 2, 3, (200, 200, 3))
    w = model.window
    takes = 8 * work(model.features, model.encoding, model.layers, w.length, 2) / 125  # us
    rates = {"none": 0, "slow": int(0.9e9 * w.hop / takes), "fast": int(1.1e9 * w.hop / takes)}
    (tmp_path / "models").mkdir()
    for name, rate in rates.items():
        save_model(replace(model, window=replace(w, rate_mhz=rate)), tmp_path / f"{name}.bnn")
    files = [tmp_path / f"{name}.bnn" for name in rates]
    none, slow, fast = micropython.run(NODE / "pace.py", tmp_path / "models", *files).splitlines()
    assert none == slow == "ok"
    text = f"a window takes some {int(takes)} microseconds, and the next comes after"
    assert fast.startswith(f"model {text} {int(takes / 1.1)}"[:-1])


def accepts(data: bytes) -> bool:
    try:
        from_bytes(data)
    except ModelError:
        return False
    return True


@pytest.mark.parametrize("hop", [1, 3, 8])
def test_classifier_windows(micropython, tmp_path, hop):
    """Predictions come at each hop, of the right window, and none reaches over a gap."""
    model = random_model(5, 8, 2, 3, (16, 3))
    model = replace(model, window=replace(model.window, hop=hop))
    save_model(model, tmp_path / "m.bnn")
    lines = micropython.run(NODE / "feed.py", tmp_path / "m.bnn").splitlines()
    length, part = 8, 8 * 3 + 1
    fed = np.arange(1, 2 * part + 1)[:, None]
    samples = ((37 * fed + 11 * np.arange(2)) % 4001 - 2000).astype(np.int16)
    expected = []
    for start in (0, part):
        for at in range(start, start + part - length + 1, hop):
            window = samples[None, at : at + length]
            expected.append([at + length, model.scores(window)[0].tolist()])
    assert [json.loads(line) for line in lines] == expected


def write_recording(path: Path, samples: Int16, channels: tuple[str, ...]) -> Recording:
    recording = Recording(samples, "x", "p1", path.stem)
    record = RecordFile(recording, channels, (0,) * len(channels), 1_000_000)
    path.write_bytes(record_bytes(record))
    return recording


def classify_script(folder: Path, realtime: bool) -> Path:
    """device/classify.py with the node's root in `folder`."""
    script = (ROOT / "device" / "classify.py").read_text()
    for name in ("/models", "/model.bnn", "/recordings"):
        assert f'"{name}"' in script
        script = script.replace(f'"{name}"', f'"{folder}{name}"')
    path = folder / "classify.py"
    path.write_text(f"REALTIME = {realtime}\nRETRY = False\n{script}")
    return path


@pytest.mark.parametrize("named", [lambda model: model, named_in_many_languages])
def test_classify_replays_recordings(with_select, tmp_path, named):
    model = named(random_model(6, 16, 2, 3, (40, 4)))
    save_model(model, tmp_path / "model.bnn")
    (tmp_path / "recordings").mkdir()
    rng = np.random.default_rng(0)
    recordings = [
        write_recording(
            tmp_path / "recordings" / f"r{i}.rec",
            rng.integers(-2000, 2000, (n, 2)).astype(np.int16),
            model.window.channels,
        )
        for i, n in enumerate((16, 32, 33, 95))
    ]
    output = with_select.run(classify_script(tmp_path, realtime=True))
    lines = [json.loads(line) for line in output.splitlines()]
    assert all(line.isascii() for line in output.splitlines())
    assert [line["event"] for line in lines[:2]] == ["ready", "source"]
    assert (lines[0]["model"], lines[0]["bytes"]) == (model.name, len(to_bytes(model)))
    assert lines[0]["labels"] == list(model.labels)
    predictions = [line for line in lines if line["event"] == "prediction"]
    assert [line["seq"] for line in predictions] == list(range(len(predictions)))
    assert (lines[-1]["event"], lines[-1]["count"]) == ("end", len(predictions))
    expected = np.concatenate(
        [model.scores(cut_windows([r], ("x",), 16, model.window.hop).items) for r in recordings]
    )
    assert [p["scores"] for p in predictions] == expected.tolist()
    assert [p["label"] for p in predictions] == [model.labels[i] for i in expected.argmax(axis=1)]


def test_classify_refuses_a_recording_of_other_channels(with_select, tmp_path):
    """Also behind one that fits."""
    model = random_model(6, 16, 2, 3, (40, 4))
    save_model(model, tmp_path / "model.bnn")
    (tmp_path / "recordings").mkdir()
    for name, channels in (("r0", model.window.channels), ("r1", ("a (g)", "b (g)", "c (g)"))):
        samples = np.zeros((16, len(channels)), np.int16)
        write_recording(tmp_path / "recordings" / name, samples, channels)
    lines = with_select.run(classify_script(tmp_path, realtime=False)).splitlines()
    events = [json.loads(line) for line in lines]
    assert [e["event"] for e in events] == ["ready", "source", "prediction", "error"]
    assert "has a (g), b (g), c (g); the model wants" in events[-1]["error"]


@pytest.mark.parametrize("missing", ["model.bnn", "recordings"])
def test_classify_says_what_is_missing(with_select, tmp_path, missing):
    model = random_model(6, 16, 2, 3, (40, 4))
    if missing == "recordings":
        save_model(model, tmp_path / "model.bnn")
    else:
        (tmp_path / "recordings").mkdir()
        write_recording(tmp_path / "recordings" / "r", np.zeros((1, 2), np.int16), ("a", "b"))
    *_, last = with_select.run(classify_script(tmp_path, realtime=False)).splitlines()
    line = json.loads(last)
    assert line["event"] == "error" and "Traceback" in line["traceback"]
    said = {"model.bnn": "push a model with", "recordings": "xnornode flash --recording"}
    assert said[missing] in line["error"]


def test_classify_refuses_a_damaged_model(with_select, tmp_path):
    (tmp_path / "model.bnn").write_bytes(to_bytes(random_model(6, 4, 2, 3, (4,)))[:-5] + b"12345")
    (tmp_path / "recordings").mkdir()
    write_recording(tmp_path / "recordings" / "r", np.zeros((1, 2), np.int16), ("a", "b"))
    line = json.loads(with_select.run(classify_script(tmp_path, realtime=False)))
    assert line["event"] == "error" and "crc" in line["error"]


def test_a_program_may_use_the_names_that_modules_had(tmp_path):
    program = (
        "import xnornode\n"
        "from xnornode.background import Background\n"
        "from xnornode.lines import emit\n"
        "from xnornode.store import Store\n"
        "assert issubclass(Background, xnornode.Classifier)\n"
        "try:\n    xnornode.Classifier(Store('/none', '/none'))\n"
        "except OSError as error:\n    emit('error', error=str(error))\n"
    )
    (tmp_path / "program.py").write_text(program)
    said = interpreter("unix").run(tmp_path / "program.py")
    assert said.startswith('{"event":"error"') and "no model in /none" in said
