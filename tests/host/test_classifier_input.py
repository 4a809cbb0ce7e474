"""What a classifier takes as X, y and parameters: right, or refused with the remedy."""

import warnings

import numpy as np
import pandas as pd
import pytest

from tests.host.test_classifier import quick, series
from xnornode.classifier import XnorClassifier
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
ROWS = 24
Y = np.arange(ROWS) % 2
X = np.random.default_rng(0).normal(0, 1, (ROWS, 4)) + 3 * Y[:, None]
WORDS = np.array(["off", "on"])


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (Y.astype(float), [0.0, 1.0]),
        (Y > 0, [False, True]),
        (Y.astype(object), [0, 1]),
        ((Y > 0).astype(object), [False, True]),
        (WORDS[Y].tolist(), ["off", "on"]),
        (WORDS[Y].astype(object), ["off", "on"]),
        (pd.Series(WORDS[Y]), ["off", "on"]),
        (pd.Series(WORDS[Y]).astype("category"), ["off", "on"]),
        (pd.Series(WORDS[Y], dtype="string"), ["off", "on"]),
        (pd.Series(Y, dtype="category"), [0, 1]),
        (pd.Series(Y, dtype="Int64"), [0, 1]),
        (pd.Series(Y > 0, dtype="boolean"), [False, True]),
        (np.ma.array(Y), [0, 1]),
    ],
)
def test_labels(y, classes):
    clf = quick(epochs=1, layers=(8,)).fit(X, y)
    assert clf.classes_.tolist() == classes
    assert [type(c) for c in clf.classes_.tolist()] == [type(c) for c in classes]
    assert clf.predict(X).shape == (ROWS,)


def test_a_column_of_labels():
    with pytest.warns(UserWarning, match="column-vector"):
        clf = quick(epochs=1).fit(X, pd.DataFrame({"y": Y}))
    assert clf.classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(["off", None] * 12, dtype="string"),
        pd.Series([1, None] * 12, dtype="Int64"),
        pd.Series(["off", None] * 12, dtype="category"),
        pd.Series(["off", np.nan] * 12),
        pd.Series(pd.to_datetime(["2024-01-01", None] * 12)),
    ],
    ids=lambda y: str(y.dtype),
)
def test_labels_that_lack_values(y):
    with pytest.raises(DataError, match=r"no class|times"):
        quick().fit(X, y)


def test_labels_as_a_table():
    with pytest.raises(DataError, match="one-hot"):
        quick().fit(X, pd.get_dummies(pd.Series(Y)))
    with pytest.raises(DataError, match="300 different values"):
        quick().fit(np.zeros((300, 2)), np.arange(300))


@pytest.mark.parametrize(
    "x",
    [
        pd.DataFrame(X, columns=list("abcd")),
        pd.DataFrame(X).astype("Float64"),
        pd.DataFrame((100 * X).astype(int)).astype("Int64"),
        pd.DataFrame(X > 0),
        X.astype(object),
        X.astype(">f8"),
        X.astype(np.float16),
        np.asfortranarray(X),
        X.tolist(),
        (1e15 * np.abs(X)).astype(np.uint64),
        1e300 * X,
    ],
)
def test_numbers(x):
    plain = np.asarray(x, np.float64)
    clf, same = (quick(epochs=2, layers=(8,)).fit(given, Y) for given in (x, plain))
    assert (clf.predict(x) == same.predict(plain)).all() and (clf.units_ == same.units_).all()


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (["x"] * ROWS, r"b \(str|b \(object"),
        (pd.Series(["x"] * ROWS, dtype="category"), r"b \(category"),
        (pd.date_range("2024", periods=ROWS), r"b \(datetime"),
        (pd.Series([1, None] * 12, dtype="Int64"), "NaN in rows 1, 3"),
        (pd.Series([1, pd.NA] * 12, dtype=object), r"b \(object"),
    ],
)
def test_columns_that_are_no_numbers(column, says):
    frame = pd.DataFrame({"a": X[:, 0], "b": column})
    with pytest.raises(DataError, match=says):
        quick().fit(frame, Y)
    clf = quick(epochs=1).fit(frame[["a", "a"]].set_axis(["a", "b"], axis=1), Y)
    with pytest.raises(DataError, match=says):
        clf.predict(frame)


def test_channels_first():
    x, y = series(60)
    right = quick(epochs=3).fit(x, y)
    turned = x.transpose(0, 2, 1)
    clf = quick(epochs=3, channels_first=True).fit(turned, y)
    assert clf.model_.window == right.model_.window
    assert (clf.predict(turned) == right.predict(x)).all()
    with pytest.raises(DataError, match="channels_first=False if it is right"):
        quick().fit(turned, y)
    as_it_is = quick(epochs=1, channels_first=False).fit(turned, y)
    assert as_it_is.model_.window.length == 2
    images = np.random.default_rng(0).integers(0, 255, (20, 3, 4, 6))
    shape = {"image_shape": (4, 6), "epochs": 1, "layers": "conv 4x3"}
    clf = quick(channels_first=True, **shape).fit(images, np.arange(20) % 2)
    assert clf.model_.layers[0].input_shape == (4, 6, 3)
    last = quick(**shape).fit(np.moveaxis(images, 1, 3), np.arange(20) % 2)
    assert (last.predict(np.moveaxis(images, 1, 3)) == clf.predict(images)).all()


@pytest.mark.parametrize(
    ("shape", "given"),
    [((4, 6), (6, 4)), ((4, 6), (5, 5)), ((4, 6), (0, 4)), ((4, 6), 24), ((3, 4, 6), (4, 6))],
)
def test_images_of_another_shape(shape, given):
    with pytest.raises(DataError, match="image"):
        quick(image_shape=given, layers="conv 4x3").fit(np.zeros((10, *shape)), np.arange(10) % 2)


@pytest.mark.parametrize(
    ("weight", "says"),
    [
        ({"0": 2.0}, "class_weight has '0', which is no class of y: its classes are 0, 1"),
        ({0: 1.0, 7: 2.0, 9: 1.0}, "7, 9, which are no class"),
        ({0: "much"}, "weights must be numbers"),
        ({0: -1.0}, "at least 0"),
        ([1.0, 2.0], "mapping from members of y"),
        ("weighted", "mapping from members of y"),
    ],
)
def test_class_weights_that_do_not_fit(weight, says):
    with pytest.raises(DataError, match=says):
        quick(class_weight=weight).fit(X, Y)


def test_class_weights_of_other_types_of_number():
    for y, weight in ((Y.astype(float), {0: 2.0}), (Y > 0, {True: 2.0}), (Y, {np.int8(1): 2.0})):
        quick(epochs=1, class_weight=weight).fit(X, y)


def test_what_fit_does_not_take():
    quick(epochs=1).fit(X, Y, sample_weight=None)
    for given, says in (
        ({"sample_weight": np.ones(ROWS)}, r"class_weight.*numpy\.repeat"),
        ({"epochs": 3}, r"XnorClassifier\(epochs=...\)"),
        ({"groups": Y}, "fit takes no groups: leave it out"),
    ):
        with pytest.raises(DataError, match=says):
            quick().fit(X, Y, **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("random_state", "a"), ("random_state", -1), ("random_state", 1.5)),
        *(("layers", 64), ("layers", None), ("layers", [1.5]), ("layers", ["conv 4x3"])),
        *(("bits", "3"), ("epochs", "3"), ("epochs", 1.5), ("epochs", None), ("batch", "a")),
        *(("learning_rate", "a"), ("smoothing", None), ("teacher", "a"), ("channels_first", "a")),
        *(("features", "raw"), ("augment", 3), ("image_shape", "8x8")),
    ],
)
def test_parameters_of_another_type(name, value):
    with pytest.raises(DataError, match=name.removesuffix("s")):
        quick(**{name: value}).fit(X, Y)


def test_many_columns_of_different_ranges_are_a_warning():
    X = np.random.default_rng(0).normal(size=(40, 300))
    y = np.arange(40) % 2
    X[:, 0] += 3 * y
    clf = XnorClassifier(layers=(8,), epochs=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        clf.fit(X, y)
    with pytest.warns(UserWarning, match="300 columns.*one scale.*MaxAbsScaler"):
        clf.fit(X * np.where(np.arange(300) == 7, 1e5, 1), y)
