"""The fuzzer of what the PC reads: nothing is found, and what is wrong would be."""

import io
import itertools
import zipfile

import numpy as np
import pytest

from tools.stress import fuzz_parsers
from tools.stress.fuzz_parsers import FuzzError, Target, fuzz, inputs, targets
from xnornode.data import recording_file
from xnornode.data.readers import read
from xnornode.errors import DataError, XnorNodeError
from xnornode.training.checkpoint import read_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")  # NumPy's, on odd headers
RUNS = {"lines": 20_000, "rec": 20_000, "key": 300, "model": 1000, "repl": 1000}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_parsers, "FOLDER", tmp_path / "finds")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "lines",
        "rec",
        "npz",
        "npy",
        "csv",
        "log",
        "wav",
        "json",
        "cbor",
        "image",
        "checkpoint",
        "model",
        "key",
        "repl",
        "uf2",
    ],
)
def test_a_few_seconds_of_it(name, folder):
    target = targets(folder)[name]
    for seed in target.seeds:
        target.take(seed)  # is good
    assert "nothing found" in fuzz(name, target, RUNS.get(name, 3000), 0)


@pytest.mark.quick
def test_every_target_is_tried(folder):
    assert [*targets(folder)] == [
        "lines", "rec", "npz", "npy", "csv", "log", "wav", "json", "cbor", "image", "checkpoint",
        "model", "key", "repl", "uf2",
    ]  # fmt: skip


@pytest.mark.quick
def test_the_same_seed_gives_the_same_inputs(folder):
    target = targets(folder)["npz"]
    first, again, other = (list(itertools.islice(inputs(target, seed), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({*first}) > 150


@pytest.mark.quick
def test_an_exception_is_reported_and_the_input_kept(folder):
    def careless(data):
        if b"\xff" in data:
            raise KeyError("ff")
        raise XnorNodeError

    with pytest.raises(FuzzError, match=r"KeyError: 'ff'\nrun it again: .* careless --crash"):
        fuzz("careless", Target([b"seed"], careless), 10_000, 0)
    assert b"\xff" in (folder / "finds" / "careless-crash").read_bytes()


@pytest.mark.quick
@pytest.mark.parametrize("catches", [Exception, ()])
def test_an_endless_loop_is_reported(folder, monkeypatch, catches):
    """Also in a reader that catches every exception."""
    monkeypatch.setattr(fuzz_parsers, "MOST_CPU", 0.05)

    def endless(_):
        try:
            while True:
                pass
        except catches:
            return

    with pytest.raises(FuzzError, match=r"TooSlow: more than 0\.05 s"):
        fuzz("endless", Target([b"seed"], endless), 1, 0)


def test_a_reader_that_fills_the_memory_is_reported(folder, monkeypatch):
    monkeypatch.setattr(fuzz_parsers, "MOST_MEMORY", 10 << 10)
    held = []
    with pytest.raises(FuzzError, match="more than 10 MiB"):
        fuzz("large", Target([b"s"], lambda _: held.append(b"x" * (1 << 22))), 10_000, 0)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"rate_mhz": 50000', b'"rate_mhz": 1e400'),
        (b'"rate_mhz": 50000', b'"rate_mhz": 4294967296'),
        (b'"scales": [1, 2]', b'"scales": [1, -2]'),
        (b'"scales": [1, 2]', b'"scales": ' + b"[" * 50_000),
    ],
)
def test_recordings_that_were_found(old, new):
    data = fuzz_parsers.recording()
    assert old in data
    with pytest.raises(DataError):
        recording_file.from_bytes(data.replace(old, new), "r.rec")


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.quick
def test_arrays_that_were_found(folder):
    good = fuzz_parsers.save(np.zeros((4, 8), np.int16))
    labels = np.array(["a"] * 4)
    header = good.index(b"\n") + 1
    with io.BytesIO() as out:
        np.save(out, labels)
        text = bytearray(out.getvalue())
    text[-1] = 0x7F  # no character has this number
    for name, members in {
        "a member that is no array": {"X.npy": good, "y.npy": b"text"},
        "a header that is no Python": {"X.npy": good.replace(b"}", b"("), "y.npy": good},
        "a shape of 2^60": {"X.npy": good.replace(b"(4, 8), ", b"(1<<60,)"), "y.npy": good},
        "a label that is no text": {"X.npy": good, "y.npy": bytes(text)},
        "a bomb": {"X.npy": good[:header] + bytes(1 << 27), "y.npy": good},
    }.items():
        (folder / "d.npz").write_bytes(archive(**members))
        with pytest.raises(DataError):
            read(folder / "d.npz")
            pytest.fail(name)
    (folder / "X.npy").write_bytes(good.replace(b"}", b"("))
    with pytest.raises(DataError):
        read(folder / "X.npy")


@pytest.mark.quick
def test_a_checkpoint_of_other_shapes(folder):
    target = targets(folder)["checkpoint"]
    with np.load(io.BytesIO(target.seeds[0])) as file:
        arrays = {name: file[name] for name in file.files}
    for name, wrong in (("network0", np.zeros((3, 3), "f4")), ("kept0", np.array([["x"] * 3] * 2))):
        (folder / "c").write_bytes(fuzz_parsers.savez(**{**arrays, name: wrong}))
        with pytest.raises(DataError, match="is no checkpoint, or a damaged"):
            read_checkpoint(folder / "c", "settings", fuzz_parsers.state())
