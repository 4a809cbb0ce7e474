"""NumPy's files that are cut, damaged, hostile, or something else."""

import io
import zipfile

import numpy as np
import pytest

from xnornode.data.array_files import load_array, load_members, names_in
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.errors import DataError

X = np.arange(4000, dtype=np.int16).reshape(100, 40)
Y = np.arange(100) % 2


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def npz(packed: bool = True, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return out.getvalue()


def header(text: str, body: bytes = b"") -> bytes:
    padded = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + body


HUGE = "{'descr': '<i2', 'fortran_order': False, 'shape': (%s), }"
GOOD = {"X": npy(X), "y": npy(Y)}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("x", "says"),
    [
        (b"", "X: it is empty"),
        (b"text", "no array of NumPy"),
        (npy(X)[:-1], "is cut"),
        (npy(X)[:40], "cut or damaged"),
        (header(HUGE % "1152921504606846976,"), "is cut"),
        (header(HUGE % "-1,"), "damaged"),
        (header(HUGE % "1<<60,"), "damaged"),
        (header(HUGE.replace("i2", "U0") % "1000000000000,"), "damaged"),
        (header("(" * 60), "damaged"),
        (header("{'descr': '\\d', 'fortran_order': False, 'shape': (1,), }"), "damaged"),
        (npy(np.array([1, None], object)), "Python objects.*np.stack"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "damaged"),
        (npy(X)[:128] + bytes(1 << 27), "more than 100 times"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_members_that_are_no_arrays(tmp_path, x, says):
    path = tmp_path / "d.npz"
    path.write_bytes(npz(**GOOD | {"X": x}))
    with pytest.raises(DataError, match=rf"d\.npz cannot be read.*{says}"):
        read(path)


@pytest.mark.quick
def test_members_that_nobody_asked_for_are_not_unpacked(tmp_path):
    path = tmp_path / "d.npz"
    path.write_bytes(npz(**GOOD, bomb=bytes(1 << 27), objects=npy(np.array([{}], object))))
    assert names_in(path) == ["X", "y", "bomb", "objects"]
    assert load_members(path, ["y"])["y"].shape == (100,)
    columns = read(path).reading.columns
    assert [c.name for c in columns if c.role == "left out"] == ["bomb", "objects"]


@pytest.mark.quick
def test_every_cut_and_many_flipped_bits(tmp_path):
    path, whole = tmp_path / "d.npz", npz(packed=False, **GOOD)
    path.write_bytes(whole)
    right = read(path)
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 60):
        for data in (whole[:at], flipped(whole, int(at))):
            path.write_bytes(data)
            try:
                dataset = read(path)
            except DataError:
                continue
            # Bits that nothing depends on, such as dates, may differ.
            assert (np.asarray(dataset.items) == right.items).all()
            assert dataset.labels == right.labels


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


@pytest.mark.quick
def test_a_member_that_claims_to_be_larger_than_the_file(tmp_path):
    path, data = tmp_path / "d.npz", bytearray(npz(packed=False, X=npy(X), y=npy(Y)))
    at = data.index(b"PK\x01\x02")
    data[at + 20 : at + 28] = (2**31).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(DataError, match="larger than the file"):
        read(path)


@pytest.mark.quick
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as made:
        for name, array in (("X", X), ("y", Y), ("X", X + 1)):
            made.writestr(f"{name}.npy", npy(array))
    with pytest.raises(DataError, match="both X and X"):
        read(tmp_path / "d.npz")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.npz", b"", "it is empty"),
        ("d.npz", npy(X), "name it .npy"),
        ("d.npz", npz(**GOOD)[:300], "cut"),
        ("d.npz", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("d.npz", b"<!DOCTYPE html>", "web page"),
        ("d.npz", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("d.NPZ", b"MATLAB 5.0 MAT-file", "loadmat"),
        ("X.npy", npz(**GOOD), "name it .npz"),
        ("X.npy", b"\x80\x04\x95", "pickle"),
        ("X.npy", npy(X) + npy(Y), "more than one array"),
        ("X.npy", npy(X)[:-1], "is cut"),
        ("X.npy", b"", "it is empty"),
    ],
)
def test_files_that_are_something_else(tmp_path, name, content, says):
    (tmp_path / "y.npy").write_bytes(npy(Y))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        read(tmp_path / name)


@pytest.mark.quick
def test_files_that_cannot_be_opened(tmp_path):
    for name in ("X.npy", "d.npz"):
        (tmp_path / name).symlink_to("/dev/zero")
        with pytest.raises(DataError, match=r"it is no file|is a device"):
            load_array(tmp_path / name) if name == "X.npy" else read(tmp_path / name)


@pytest.mark.quick
def test_small_letters_in_the_suffix_are_not_needed(tmp_path):
    (tmp_path / "D.NPZ").write_bytes(npz(**GOOD))
    assert len(read(tmp_path / "D.NPZ").items) == 100


def test_rows_without_a_class_are_left_out_where_wanted(tmp_path):
    path = tmp_path / "n.npz"
    y = np.where(np.arange(60) % 3 == 2, np.nan, np.arange(60) % 3)
    np.savez(path, X=np.arange(60 * 8).reshape(60, 8), y=y)
    with pytest.raises(DataError, match=r"20 of 60.*--skip leaves them out"):
        read(path)
    dataset = read(path, ReadOptions(skip=True))
    assert len(dataset.items) == 40 and set(dataset.labels) == {"0", "1"}
    assert "20 rows left out" in dataset.reading.dropped[0]
