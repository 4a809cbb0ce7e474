"""What a saved classifier says of its input, above all behind a scaler."""

import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from tests.host.test_classifier import quick
from xnornode.errors import DataError
from xnornode.model.model_file import load_model

pytestmark = pytest.mark.quick
ROWS = 80
Y = np.arange(ROWS) % 2
X = np.random.default_rng(0).normal(0, (2, 30, 500), (ROWS, 3)) + np.outer(Y, (4, 50, 700)) + 9


def fitted(*steps):
    return make_pipeline(*steps, quick(layers=(8,))).fit(X, Y)


@pytest.mark.parametrize(
    ("scaler", "says"),
    [
        (StandardScaler(), "mean 0 and deviation 1"),
        (MinMaxScaler(), "minimum 0 and maximum 1"),
        (RobustScaler(), "median 0 and quartiles 1 apart"),
        (MaxAbsScaler(), "largest absolute value 1"),
        (StandardScaler(with_mean=False), "deviation 1"),
    ],
)
def test_scaled_data_are_not_saved_in_silence(scaler, says, tmp_path):
    clf = fitted(scaler)[-1]
    with pytest.raises(DataError, match=rf"{says}.*needs no scaler.*scaler=pipeline\[:-1\]"):
        clf.save(tmp_path / "m.bnn")
    assert not list(tmp_path.iterdir())
    assert clf.save(tmp_path / "m.bnn", scaler=False) == (tmp_path / "m.bnn").stat().st_size


def test_scaled_by_hand(tmp_path):
    for ddof, windows in ((0, X), (1, X), (0, X.astype(np.float32))):
        scaled = (windows - windows.mean(axis=0)) / windows.std(axis=0, ddof=ddof)
        with pytest.raises(DataError, match="scaled data"):
            quick(epochs=1).fit(scaled, Y).save(tmp_path / "m.bnn")
    windows = np.random.default_rng(0).normal(5, 3, (ROWS, 16, 2))
    windows = (windows - windows.mean(axis=(0, 1))) / windows.std(axis=(0, 1))
    with pytest.raises(DataError, match="scaled data"):
        quick(epochs=1).fit(windows, Y).save(tmp_path / "m.bnn")


def test_data_that_are_not_scaled(tmp_path):
    flags = X > 9
    for x in (X, X.astype(int), flags, flags.astype(float), np.c_[flags, X[:, 0]]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quick(epochs=1).fit(x, Y).save(tmp_path / "m.bnn")


@pytest.mark.parametrize(
    "steps",
    [(MaxAbsScaler(),), (StandardScaler(with_mean=False),), (MaxAbsScaler(), MaxAbsScaler())],
)
def test_a_scaler_that_multiplies_is_folded_in(steps, tmp_path):
    pipeline = fitted(*steps)
    pipeline[-1].save(tmp_path / "m.bnn", scaler=pipeline[:-1])
    model = load_model(tmp_path / "m.bnn")
    scales = np.array(model.window.scales) / 1e9
    counts = np.clip(np.rint(X / scales), -32768, 32767).astype(np.int16)  # as a node does
    # Scales are kept in billionths, so that few counts may differ by one.
    same = pipeline[-1].classes_[model.predict(counts[:, None])] == pipeline.predict(X)
    assert same.mean() > 0.97
    assert np.allclose(counts, pipeline[:-1].transform(X) / pipeline[-1].units_, atol=1.5)


@pytest.mark.parametrize(
    ("scaler", "says"),
    [
        (StandardScaler(), "subtracts an offset.*with_mean=False"),
        (MinMaxScaler(), "subtracts an offset"),
        (PCA(3), "mixes features"),
        (PCA(2), "makes"),
        ("scaler", "cannot transform"),
    ],
)
def test_scalers_that_do_not_fold(scaler, says, tmp_path):
    given = scaler if isinstance(scaler, str) else scaler.fit(X)
    clf = quick(epochs=1).fit(X, Y)
    with pytest.raises(DataError, match=says):
        clf.save(tmp_path / "m.bnn", scaler=given)
    assert not list(tmp_path.iterdir())


def test_scales_and_names_that_the_file_cannot_hold(tmp_path):
    with pytest.warns(UserWarning, match=r"scale of feature 0.*mV in place of V"):
        quick(epochs=1).fit(X * 1e-9, Y).save(tmp_path / "m.bnn")
    names = np.array(["class 1", "a\n"])[Y]
    clf = quick(epochs=1).fit(X, names)
    assert clf.model_.labels == ("class 0", "class 1") and set(clf.predict(X)) <= set(names)
    with pytest.warns(UserWarning, match="names of classes"):
        clf.save(tmp_path / "m.bnn")
    clash = quick(epochs=1).fit(X, np.array(["class 1", "x\n"])[Y])
    assert len(set(clash.model_.labels)) == 2
