"""The model file: what is written is read again, and what is not allowed is refused, alike in C."""

import struct

import numpy as np
import pytest
from core import core, sanitized
from nets import random_model, random_windows, sealed
from xnornode.errors import ModelError
from xnornode.fileformat import from_bytes, load, save, to_bytes

pytestmark = pytest.mark.quick

SHAPES = [(2, 1, 1, (1,)), (3, 2, 3, (5, 3)), (4, 1, 9, (33, 7, 2)), (2, 3, 5, (32, 4))]


def reason(data: bytes) -> str:
    try:
        from_bytes(data)
    except ModelError as error:
        return error.reason
    return "ok"


@pytest.mark.parametrize("shape", SHAPES)
def test_round_trip(shape, tmp_path):
    model = random_model(1, *shape)
    size = save(model, tmp_path / "m.bnn")
    again = load(tmp_path / "m.bnn")
    assert size == (tmp_path / "m.bnn").stat().st_size
    assert to_bytes(again) == to_bytes(model)
    assert (again.name, again.labels, again.window) == (model.name, model.labels, model.window)
    assert (again.revision, again.seed, again.shift) == (model.revision, model.seed, model.shift)
    windows = random_windows(model, 20)
    assert (again.scores(windows) == model.scores(windows)).all()
    assert again.selftest()


def test_the_layout_of_the_specification():
    """A file built by hand from FORMAT.md's tables, without the writer, is read as it says."""
    thresholds = [-5, 10]
    body = struct.pack("<4sBBBBII", b"\x89BNN", 1, 1, 1, 2, 0, 77)
    body += struct.pack("<HHIIB3x", 3, 2, 50_000, 9, 4)
    body += struct.pack("<I", 488_281)
    body += struct.pack("<B3x2h", 2, *thresholds)
    body += struct.pack("<BBHI", 1, 0, 1, 6) + struct.pack("<I", 0b101101) + struct.pack("<Hxx", 3)
    body += struct.pack("<BBHI", 2, 0, 2, 1) + struct.pack("<II", 1, 0)
    body += struct.pack("<ii", 100, -100) + struct.pack("<hh", 7, -3)
    window = np.array([[[-5], [9], [10]]], np.int16)
    bits = [1, 0, 1, 0, 1, 1]
    row = [1, 0, 1, 1, 0, 1]
    z = 1 if sum(a != b for a, b in zip(bits, row, strict=True)) < 3 else -1
    scores = [7 * z + 100, -3 * -z - 100]
    body += struct.pack("<ii", 0, 0)
    body += b"\x02hi\x03yes\x02no\x01x" + bytes(-12 % 4)
    data = sealed(body + bytes(4))
    model = from_bytes(data)
    assert model.scores(window).tolist() == [scores]
    assert (model.name, model.labels, model.window.channels) == ("hi", ("yes", "no"), ("x",))
    assert (model.window.length, model.window.hop, model.window.rate_mhz) == (3, 2, 50_000)
    assert (model.revision, model.seed, model.shift) == (77, 9, 4)
    assert core().classify(data, window, 2).scores.tolist() == [scores]


def changed_files(shape):
    """Every bit flipped and every length cut, each as it is and with length and CRC mended."""
    data = to_bytes(random_model(2, *shape))
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


@pytest.mark.parametrize("shape", SHAPES)
def test_changed_files_are_refused_alike_or_run_cleanly(shape):
    files = list(changed_files(shape))
    samples = np.random.default_rng(0).integers(-3000, 3000, 4 * 255 * 255).astype(np.int16)
    jobs, expected = [], []
    for data in files:
        try:
            model = from_bytes(data)
        except ModelError as error:
            jobs.append((data, None, 255))
            expected.append((error.reason, None))
            continue
        shape_ = (1, model.window.length, len(model.window.channels))
        window = np.resize(samples, shape_)
        jobs.append((data, window, len(model.labels)))
        expected.append(("ok", (model.scores(window), model.selftest())))
    answers = sanitized(jobs)
    wrong = [
        (i, want[0], got.reason)
        for i, (want, got) in enumerate(zip(expected, answers, strict=True))
        if want[0] != got.reason
    ]
    assert wrong == []
    accepted = [(w[1], g) for w, g in zip(expected, answers, strict=True) if w[1]]
    assert len(accepted) > 100, "most mended weight bits make a valid file"
    for (scores, selftest), got in accepted:
        assert (got.scores == scores).all() and got.selftest == selftest


def test_every_reason_occurs_in_the_sweep():
    reasons = {reason(data) for shape in SHAPES for data in changed_files(shape)}
    named = {"size", "magic", "version", "length", "crc", "header", "encoder", "layer", "strings"}
    assert reasons == named | {"end", "ok"}


def test_no_plain_change_is_accepted():
    data = to_bytes(random_model(2, *SHAPES[1]))
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason(bytes(flipped)) != "ok"
    assert all(reason(data[:size]) != "ok" for size in range(len(data)))


def test_what_the_format_cannot_hold_is_refused_before_writing():
    with pytest.raises(ModelError, match="printable ASCII"):
        model = random_model(2, *SHAPES[1])
        to_bytes(type(model)(**{**vars(model), "name": "Öffnen"}))
    with pytest.raises(ModelError, match="limits"):
        layer = model.layers[0]
        type(layer)(layer.weights, layer.limits + 10_000)
    with pytest.raises(ModelError, match="is given"):
        type(model)(**{**vars(model), "layers": ()})


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.bnn"
    save(random_model(1, *SHAPES[0]), path)
    before = path.read_bytes()

    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        save(random_model(2, *SHAPES[0]), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.bnn"]
