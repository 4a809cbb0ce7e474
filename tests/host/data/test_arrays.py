"""Windows, labels and groups in NumPy's files, as people save them."""

from pathlib import Path

import numpy as np
import pytest

from xnornode.data.array_names import role_of
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.errors import DataError

COUNT = 60
RNG = np.random.default_rng(0)
Y = np.arange(COUNT) % 3
X = RNG.integers(-500, 500, (COUNT, 16, 2)).astype(np.int16)


def saved(folder: Path, **changed) -> Path:
    given = {"X": X, "y": Y, **changed}
    np.savez(folder / "set.npz", **{k: v for k, v in given.items() if v is not None})
    return folder / "set.npz"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (np.eye(3)[Y], {"0", "1", "2"}),
        (np.eye(3, dtype=bool)[Y], {"0", "1", "2"}),
        (2 * np.eye(3, dtype=np.int8)[Y] - 1, {"0", "1", "2"}),
        (Y[:, None], {"0", "1", "2"}),
        (Y[None], {"0", "1", "2"}),
        (Y.astype(">f4"), {"0", "1", "2"}),
        (Y - 0.0, {"0", "1", "2"}),
        ((Y * 0.1).astype(np.float32), {"0.0", "0.1", "0.2"}),
        (Y / 2, {"0.0", "0.5", "1.0"}),
        (Y * 1e30, {"0", "1" + "0" * 30, "2" + "0" * 30}),
        (Y > 0, {"False", "True"}),
        (np.array([b"a", b"b", "\u00e4".encode()])[Y], {"a", "b", "\u00e4"}),
        (np.array([b"a", b"b", b"\xe4"])[Y], {"a", "b", "\u00e4"}),
        (np.array(["sit ", "run", "fly"])[Y], {"sit", "run", "fly"}),
    ],
)
def test_labels_as_people_save_them(tmp_path, y, labels):
    dataset = read(saved(tmp_path, y=y))
    assert set(dataset.labels) == labels and len(dataset.labels) == COUNT
    if len(labels) == 3:
        assert dataset.labels[0] == dataset.labels[3] != dataset.labels[1]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("y", "says"),
    [
        (np.where(Y == 2, np.nan, Y), r"no class .* in rows 2, 5, 8, 11, 14, ... \(20 of 60\)"),
        (np.where(Y == 2, np.inf, Y), "no class"),
        (np.array(["a", "b", ""])[Y], "no class"),
        (np.array(["a", "b", "nan"])[Y], "no class"),
        (np.array([b"a", b"b", b" "])[Y], "no class"),
        (np.full((COUNT, 3), 1 / 3), "probabilities"),
        (np.ones((COUNT, 3)), "several classes"),
        (np.stack([Y, Y + 7], 1), r"must be \(n,\)"),
        (np.zeros((COUNT, 3)), "several classes"),
        (Y * 1j, "Complex"),
        (np.array("2024-01-01", "M8[D]") + Y, "times"),
        (np.zeros(COUNT, [("a", int), ("b", int)]), "fields"),
        (Y[:-1], "60 rows, y 59"),
        (np.array(3), "one value"),
        (np.arange(COUNT * 10), "60 rows, y 600"),
        (np.array(["a", None], object)[Y % 2], "Python objects"),
    ],
)
def test_labels_that_are_none(tmp_path, y, says):
    with pytest.raises(DataError, match=says):
        read(saved(tmp_path, y=y))


@pytest.mark.quick
def test_measured_values_are_no_classes(tmp_path):
    with pytest.raises(DataError, match="600 measured values"):
        read(saved(tmp_path, X=np.zeros((600, 2)), y=np.linspace(0, 1, 600)))


@pytest.mark.quick
def test_names_of_classes(tmp_path):
    names = np.array(["sit", "run", "fly"])
    for y in (Y, Y.astype(float), np.eye(3)[Y], names[Y]):
        assert list(read(saved(tmp_path, y=y, classes=names)).labels[:3]) == ["sit", "run", "fly"]
    of_values = read(saved(tmp_path, y=Y + 3, classes=np.array([3, 4, 5])))
    assert list(of_values.labels[:3]) == ["3", "4", "5"]
    for y, classes, says in (
        (Y + 1, names, "counts from 1"),
        (Y - 1, names, "goes to -1"),
        (names[Y], names[:2], "has fly, but the classes are sit, run"),
        (Y, np.array(["a", "a", "b"]), "two classes have one name"),
    ):
        with pytest.raises(DataError, match=says):
            read(saved(tmp_path, y=y, class_names=classes))


@pytest.mark.quick
def test_groups(tmp_path):
    for groups in (Y, Y[:, None], Y.astype(float), np.array([b"0", b"1", b"2"])[Y]):
        dataset = read(saved(tmp_path, subject_id=groups))
        assert dataset.grouping == "group" and dataset.groups[:3] == ["0", "1", "2"]
    for groups, says in (
        (np.where(Y, np.nan, 1), "names no group in rows"),
        (Y[1:], "groups 59"),
        (np.eye(3)[Y], "a group per row"),
    ):
        with pytest.raises(DataError, match=says):
            read(saved(tmp_path, groups=groups))


@pytest.mark.quick
@pytest.mark.parametrize(
    "x",
    [
        np.asfortranarray(X),
        X.astype(">i2"),
        X.astype(np.float16),
        X.astype(np.longdouble),
        X.astype(">f8"),
        X.astype(np.int64),
        (X + 500).astype(np.uint64) * 2**40,
        X > 0,
    ],
    ids=lambda x: f"{x.dtype.str}",
)
def test_numbers_of_any_type(tmp_path, x):
    dataset = read(saved(tmp_path, X=x))
    assert (np.asarray(dataset.items, np.float64) == x.astype(np.float64)).all()
    if x.dtype != np.uint64:
        assert prepare(dataset).train.items.dtype == np.int16


@pytest.mark.quick
@pytest.mark.parametrize(
    ("x", "says"),
    [
        (X * 1j, "complex"),
        (X.astype(str), "holds text"),
        (X.astype("M8[s]"), "must be numbers"),
        (np.zeros((COUNT, 3), [("a", "f4"), ("b", "f4")]), "structured_to_unstructured"),
        (np.float64(3), "is empty"),
        (X[:0], "is empty"),
        (X[:, :0], "is empty"),
        (X[:, 0, 0], r"X\[:, None\]"),
        (X.reshape(COUNT, 2, 2, 2, 4), "must be"),
        (X.reshape(COUNT, 2, 16), r"--shape 16x2.*--shape 2x16.*--image 2x16"),
        (np.zeros((COUNT, 1, 128)), "--shape 128x1"),
        (np.zeros((COUNT, 300, 260)), "260 channels are more than 255"),
        (np.where(X > 400, np.nan, X), "window .* channel .*: nan"),
        (np.array([[1], [1, 2]] * 30, object), "np.stack"),
    ],
)
def test_windows_that_are_none(tmp_path, x, says):
    with pytest.raises(DataError, match=says):
        read(saved(tmp_path, X=x))


@pytest.mark.quick
@pytest.mark.parametrize(
    ("shape", "options", "items", "image", "says"),
    [
        ((2, 16), {"shape": (16, 2)}, (16, 2), None, "turned round"),
        ((2, 16), {"shape": (2, 16)}, (2, 16), None, "2 samples in 16 channels"),
        ((2, 16), {"image": (2, 16)}, (32, 1), (2, 16), "images of 2 x 16"),
        ((8, 8), {}, (8, 8), None, "--image 8x8"),
        ((8, 8), {"image": (8, 8)}, (64, 1), (8, 8), "images"),
        ((20, 10), {}, (20, 10), None, "--image 20x10"),
        ((64, 3), {"image": (8, 8)}, (64, 3), (8, 8), "images"),
        ((12, 10, 3), {}, (120, 3), (12, 10), "images of 12 x 10 in 3 channels"),
        ((3, 12, 10), {}, (120, 3), (12, 10), "turned round"),
        ((1, 12, 10), {"image": (12, 10)}, (120, 1), (12, 10), "turned round"),
        ((16, 2, 1), {"shape": (16, 2)}, (16, 2), None, "16 samples in 2 channels"),
        ((300,), {}, (2, 150), None, "2 x 150"),
        ((32,), {"shape": (16, 2)}, (16, 2), None, "16 x 2"),
        ((32,), {"image": (8, 4)}, (32, 1), (8, 4), "images of 8 x 4"),
    ],
)
def test_what_an_array_is_taken_for(tmp_path, shape, options, items, image, says):
    x = RNG.random((COUNT, *shape))
    dataset = read(saved(tmp_path, X=x), ReadOptions(**options))
    assert np.shape(dataset.items)[1:] == items and dataset.image_shape == image
    assert says in dataset.notes[0]
    first = np.asarray(dataset.items)[0]
    turned = "turned" in says
    wanted = np.moveaxis(x[0], 0, -1) if turned else x[0]
    assert (first.ravel() == wanted.ravel()).all()


@pytest.mark.quick
def test_a_signal_with_negative_values_is_no_image(tmp_path):
    assert "--image" not in read(saved(tmp_path, X=RNG.normal(0, 1, (COUNT, 20, 10)))).notes[0]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("shape", "options", "says"),
    [
        ((16, 2), {"shape": (8, 4)}, "not 8 x 4"),
        ((16, 2), {"image": (8, 8)}, "not 8 x 8"),
        ((12, 10, 3), {"image": (10, 12)}, "not 10 x 12"),
        ((12, 10, 3), {"shape": (12, 30)}, "no --shape"),
        ((8, 8), {"shape": (8, 8), "image": (8, 8)}, "not both"),
        ((16, 2), {"text": True}, "--text"),
        ((4,), {"rows": "samples"}, "--window"),
        ((16, 2), {"label": "activity"}, r"no array activity \(--label\): it has X, y"),
        ((16, 2), {"group": "who"}, r"no array who \(--group\)"),
        ((16, 2), {"channels": ("ax",)}, "no channel 'ax'"),
    ],
)
def test_options_that_do_not_fit(tmp_path, shape, options, says):
    with pytest.raises(DataError, match=says):
        read(saved(tmp_path, X=RNG.random((COUNT, *shape))), ReadOptions(**options))


@pytest.mark.quick
def test_roles_by_name():
    for name in ("X_train", "x_train", "trainX", "Xtrain", "train_images", "X-Training", "xtr"):
        assert role_of(name) == ("X", "train")
    for name in ("y_val", "valY", "validation_labels", "y_dev", "val_targets"):
        assert role_of(name) == ("y", "validation")
    for name in ("test", "train", "weights", "timestamps", "ids", "extra"):
        assert role_of(name) is None


@pytest.mark.quick
@pytest.mark.parametrize(
    "names",
    [
        ("X_train", "y_train", "X_test", "y_test"),
        ("trainX", "trainY", "testX", "testY"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X", "y", "X_test", "y_test"),
    ],
)
def test_parts_under_other_names(tmp_path, names):
    parts = (X[:40], Y[:40], X[40:], Y[40:])
    dataset = read(
        saved(tmp_path, X=None, y=None, **dict(zip(names, parts, strict=True)))
        if names[0] != "X"
        else saved(tmp_path, **dict(zip(names, parts, strict=True)))
    )
    assert dataset.test_groups == ("test",) and dataset.groups[40:] == ["test"] * 20
    assert len(prepare(dataset).test) == 20


@pytest.mark.quick
def test_a_validation_part_and_copies(tmp_path):
    path = saved(
        tmp_path, X=None, y=None, X_train=X[:30], y_train=Y[:30], X_val=X[30:45], y_val=Y[30:45],
        X_test=np.concatenate([X[45:], X[:6]]), y_test=np.concatenate([Y[45:], Y[:6]]),
    )  # fmt: skip
    dataset = read(path)
    assert dataset.groups[30:45] == ["validation"] * 15
    assert len(prepare(dataset).validation) == 15
    (guess,) = dataset.reading.guesses
    assert guess.doubtful and "6 of 21 rows of X_test are copies" in guess.text


@pytest.mark.quick
def test_arrays_that_lack_or_are_too_many(tmp_path):
    for changed, says in (
        ({"X": None, "signal": X}, r"X is missing; it has y, signal"),
        ({"X": None, "y": None}, "it is empty"),
        ({"y": None}, "y is missing"),
        ({"X": None, "y": None, "X_train": X, "y_train": Y, "X_test": X}, "no labels of it"),
        ({"x": X}, "both X and x"),
        ({"X": None, "y": None, "X_train": X, "y_train": Y, "X_test": X[:, :8], "y_test": Y},
         "all but the first"),
        ({"X": None, "y": None, "X_train": X, "y_train": Y, "X_test": X + 1, "y_test": Y + 1},
         "has 3, which the training part lacks"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=says):
            read(saved(tmp_path, **changed))
    dataset = read(saved(tmp_path, notes=np.arange(3), data=X))
    left_out = [c.name for c in dataset.reading.columns if c.role == "left out"]
    assert left_out == ["notes", "data"]
    named = read(saved(tmp_path, other=Y + 3, who=Y), ReadOptions(label="other", group="who"))
    assert set(named.labels) == {"3", "4", "5"} and named.grouping == "group"


@pytest.mark.quick
def test_rate_and_names_of_channels(tmp_path):
    path = saved(tmp_path, fs=np.array(50), channel_names=np.array(["ax (g)", "ay (g)"]))
    dataset = read(path)
    assert dataset.rate_mhz == 50_000 and dataset.channels == ("ax (g)", "ay (g)")
    one = read(path, ReadOptions(channels=("ay",), sample_rate=10))
    assert one.rate_mhz == 10_000 and (np.asarray(one.items)[..., 0] == X[..., 1]).all()
    for changed, says in (
        ({"fs": np.array(-1)}, "--rate"),
        ({"channels": np.array(["a"])}, "1 ch"),
    ):
        with pytest.raises(DataError, match=says):
            read(saved(tmp_path, **changed))


@pytest.mark.quick
def test_a_folder_of_arrays(tmp_path):
    for name, array in {
        "X_train": X[:40],
        "y_train": Y[:40],
        "X_test": X[40:],
        "y_test": Y[40:],
    }.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "unused.npy", np.array([{}], object))
    assert len(prepare(read(tmp_path)).test) == 20


@pytest.mark.quick
def test_a_folder_of_archives(tmp_path):
    saved(tmp_path)
    assert len(read(tmp_path).items) == COUNT
    np.savez(tmp_path / "more.npz", X=X, y=Y)
    with pytest.raises(DataError, match=r"holds 2 \.npz files"):
        read(tmp_path)
