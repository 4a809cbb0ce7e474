"""The model file: what is written is read again, and what is not allowed is refused, alike in C."""

import resource
import struct
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from tests.lab.core import core, sanitized
from tests.lab.driftlab import drifting
from tests.lab.nets import (
    Spec,
    conv_models,
    random_encoding,
    random_model,
    random_network,
    random_windows,
    sealed,
)
from xnornode.errors import DataError, ModelError
from xnornode.model.answers import Answers, AnswerStream
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.layers import IntLayer, Requantize, Thresholds
from xnornode.model.model_file import load_model, save_model

quick = pytest.mark.quick

SAMPLES = np.random.default_rng(0).integers(-3000, 3000, 255 * 65535).astype(np.int16)
DENSE = [(2, 1, 1, (1,)), (3, 2, 3, (5, 3)), (4, 1, 9, (33, 2)), (2, 3, 5, (32, 4))]


def small_models():
    """Small files in which each section and each kind of layer occurs, with and without pads."""
    models = [random_model(seed, *shape) for seed, shape in enumerate(DENSE)]
    models.append(random_model(4, 3, 2, 3, (5, 3), "bit-planes"))
    models.append(random_model(5, 3, 3, 8, (5, 2), "int8"))
    padded = Spec(4, (4, 3), (3, 2), 2, (1, 2), (2, 1), (2, 1), "int8")
    for seed, encoding in enumerate(("thermometer", "int8"), start=6):
        made = random_encoding(seed, encoding, 2, 1)
        models.append(random_network(seed, 12, 2, made, [padded, Spec(3)], 2))
        pooled = Spec(3, (6, 2), (2, 2), pool=(5, 1))
        models.append(random_network(seed, 12, 2, made, [pooled], 2, (1, 1)))
        models.append(random_network(seed, 12, 2, made, [], 2, (4, 2)))
    rules = Answers(5000, 3, windows=3, threshold=30_000, hold_off=2, background=(0, 2))
    models.append(replace(random_model(8, *DENSE[1]), answers=rules))
    models.append(replace(random_model(9, 2, 1, 1, (40,)), answers=replace(rules, windows=32)))
    return models


def drift_models():
    """Files with drift, alone and with answers, the smallest and the largest."""
    rules = Answers(5000, 3, windows=3, threshold=30_000, hold_off=2, background=(0, 2))
    largest = replace(drifting(2, (64, 16, 11, 18)), answers=rules)
    return [drifting(0, (1, 0, 0, 0)), drifting(1, (5, 2, 3, 4)), largest]


def reason(data: bytes) -> str:
    try:
        from_bytes(data)
    except ModelError as error:
        return error.reason
    return "ok"


@quick
@pytest.mark.parametrize(
    "model", small_models() + drift_models() + conv_models()[:32], ids=lambda m: m.name
)
def test_round_trip(model, tmp_path):
    size = save_model(model, tmp_path / "m.bnn")
    again = load_model(tmp_path / "m.bnn")
    assert size == (tmp_path / "m.bnn").stat().st_size
    assert to_bytes(again) == to_bytes(model)
    for name in ("name", "labels", "window", "revision", "seed", "shift", "notes", "answers"):
        assert getattr(again, name) == getattr(model, name), name
    for name in ("geometry", "counted"):
        of = [[getattr(layer, name) for layer in m.layers] for m in (again, model)]
        assert of[0] == of[1]
    windows = random_windows(model, 20)
    assert (again.scores(windows) == model.scores(windows)).all()
    assert again.selftest()


def changed_files(model):
    """Every bit flipped and every length cut, each as it is and with length and CRC mended."""
    data = to_bytes(model)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)
        yield sealed(bytes(flipped), length=False)
    for size in range(len(data)):
        yield data[:size]
        if size >= 12:
            yield sealed(data[:size])
    for extra in (1, 4, 64):
        yield sealed(data + bytes(extra))


def changed_counts(model):
    """Every count of every layer set to every small value and to the largest ones."""
    data, at = to_bytes(model), 0
    for layer in model.layers:
        g = layer.geometry
        kind = {"binary": 1, "int8": 2, "scores": 3}
        start = struct.pack(
            "<BB5H8B", kind[layer.inputs], kind[layer.outputs], g.outputs, *g.input_shape, g.groups,
            *g.kernel, *g.stride, *g.padding, *g.pool,
        )  # fmt: skip
        at = data.index(start, at)
        for i in range(24):
            for value in (*range(17), 32, 64, 127, 128, 254, 255):
                yield sealed(data[: at + i] + bytes([value]) + data[at + i + 1 :], length=False)
        at += 24


def outcomes(model, scores):
    """What the model's answers make of scores, as the core gives it."""
    if not model.answers:
        return np.array([(row.argmax(), 0, 0) for row in scores])
    stream = AnswerStream(model.answers, len(model.labels))
    answers = [stream.add(row) for row in scores]
    return np.array([(a.index, a.confidence, a.detected) for a in answers])


def check_alike(files):
    """Both loaders give the same reason for each file; what they take, they run alike."""
    jobs, expected = [], []
    for data in files:
        try:
            model = from_bytes(data)
        except ModelError as error:
            jobs.append((data, (), 255))
            expected.append((error.reason, None))
            continue
        shape = (1, model.window.length, len(model.window.channels))
        window = SAMPLES[: prod(shape)].reshape(shape)
        jobs.append((data, window, len(model.labels)))
        scores = model.scores(window)
        expected.append(("ok", (scores, model.selftest(), outcomes(model, scores))))
    answers = sanitized(jobs)
    wrong = [
        (i, want[0], got.reason)
        for i, (want, got) in enumerate(zip(expected, answers, strict=True))
        if want[0] != got.reason
    ]
    assert wrong == []
    accepted = [(w[1], g) for w, g in zip(expected, answers, strict=True) if w[1]]
    for (scores, selftest, answers), got in accepted:
        assert (got.scores == scores).all() and got.selftest == selftest
        assert (got.outcomes == answers).all()
    return len(accepted)


SWEPT = [
    pytest.param(m, marks=quick if i < 2 else (), id=m.name) for i, m in enumerate(small_models())
]


@pytest.mark.parametrize("model", SWEPT)
def test_changed_files_are_refused_alike_or_run_cleanly(model):
    accepted = check_alike(changed_files(model))
    assert accepted > 100, "most mended weight bits make a valid file"


def changed_drift(model):
    """Every byte of the drift set to awkward values, the file cut within it, bytes put in."""
    data = to_bytes(model)
    section = model.drift.to_bytes()
    start = data.index(section)
    for at in range(start, start + len(section)):
        for value in (0, 1, 11, 12, 16, 18, 19, 64, 65, 127, 128, 255):
            yield sealed(data[:at] + bytes([value]) + data[at + 1 :], length=False)
    for at in range(start, start + len(section), 4):
        yield sealed(data[:at] + bytes(4))
        yield sealed(data[:at] + bytes(4) + data[at:])


def test_changed_drift_is_refused_alike_or_runs_cleanly():
    assert check_alike([f for model in drift_models() for f in changed_drift(model)]) > 300


def test_changed_counts_are_refused_alike_or_run_cleanly():
    assert check_alike([f for model in small_models() for f in changed_counts(model)]) > 300


@quick
@pytest.mark.parametrize("features", [0, 4, 255])
def test_unknown_features_are_refused(features):
    data = bytearray(to_bytes(small_models()[0]))
    data[6] = features
    mended = sealed(bytes(data))
    assert reason(mended) == core().classify(mended).reason == "encoder"


@quick
@pytest.mark.parametrize("version", [1, 2, 6])
def test_other_versions_are_refused(version):
    data = bytearray(to_bytes(small_models()[0]))
    data[4] = version
    mended = sealed(bytes(data))
    assert reason(mended) == core().classify(mended).reason == "version"


@quick
@pytest.mark.parametrize(
    ("version", "sections"),
    [(3, 1), (3, 256), (4, 0), (4, 2), (4, 257), (5, 0), (5, 1), (5, 258), (5, 4), (5, 6)],
)
def test_the_header_says_which_sections_there_are(version, sections):
    for model in (small_models()[0], small_models()[-1]):
        data = bytearray(to_bytes(model))
        data[4], data[30:32] = version, sections.to_bytes(2, "little")
        mended = sealed(bytes(data))
        assert reason(mended) == core().classify(mended).reason == "header"


def test_every_reason_occurs_in_the_sweep():
    models = (*small_models()[:2], small_models()[-2], drift_models()[1])
    reasons = {reason(data) for model in models for data in changed_files(model)}
    named = {"size", "magic", "version", "length", "crc", "header", "encoder", "layer", "strings"}
    assert reasons == named | {"answers", "drift", "end", "ok"}


@quick
def test_no_plain_change_is_accepted():
    data = to_bytes(small_models()[1])
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason(bytes(flipped)) != "ok"
    assert all(reason(data[:size]) != "ok" for size in range(len(data)))


@quick
def test_what_the_format_cannot_hold_is_refused_before_writing():
    model = random_model(2, *DENSE[1])
    with pytest.raises(ModelError, match=r"U\+001B is not allowed"):
        replace(model, name="\x1b[2J")
    with pytest.raises(ModelError, match="4095 bytes"):
        replace(model, notes="x" * 4096)
    layer = model.layers[0]
    with pytest.raises(ModelError, match="thresholds must be"):
        replace(layer, output=Thresholds(layer.output.values + 10_000))
    with pytest.raises(ModelError, match="counted value 2"):
        replace(layer, counted=2)
    with pytest.raises(ModelError, match="only columns"):
        replace(model.layers[-1], counted=0)
    with pytest.raises(ModelError, match="int32"):
        replace(layer, output=Requantize(layer.output.values, layer.output.values, 32))
    with pytest.raises(ModelError, match="weights of"):
        replace(layer, weights=layer.weights[..., :-1])
    with pytest.raises(ModelError, match="is given"):
        replace(model, layers=model.layers[1:])
    with pytest.raises(ModelError, match="1 to 16 layers"):
        replace(model, layers=())
    with pytest.raises(ModelError, match="only the last"):
        replace(model, layers=model.layers[:1])
    with pytest.raises(ModelError, match="of 2 rows"):
        replace(model, encoding=random_encoding(0, "bit-planes", 3, 3))
    with pytest.raises(ModelError, match="kernel 4"):
        IntLayer(np.ones((1, 4, 1, 1), np.int8), (3, 1, 1), "binary", Thresholds(np.array([1])))


@quick
def test_windows_of_another_kind_are_refused():
    model = small_models()[1]
    for windows in (np.zeros((1, 3, 2), np.int32), np.zeros((1, 2, 3), np.int16), [b"text"]):
        with pytest.raises(DataError, match="int16 of shape"):
            model.predict(windows)


@quick
def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.bnn"
    save_model(random_model(1, *DENSE[0]), path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))  # bytes, as a disk that is full
    try:
        with pytest.raises(OSError, match="File too large"):
            save_model(random_model(2, *DENSE[0]), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.bnn"]
