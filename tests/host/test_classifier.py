"""The classifier among scikit-learn's tools, and without scikit-learn."""

import doctest
import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from tools.firmware.sources import ROOT
from xnornode import classifier
from xnornode.classifier import XnorClassifier
from xnornode.errors import DataError
from xnornode.model import file_format, model_file
from xnornode.model.answers import probabilities
from xnornode.model.model_file import load_model
from xnornode.nn.layer_spec import Conv, Dense

# This one needs a package that we have no other use for: array_api_compat.
NEED_MORE = ("check_array_api_input",)


def conventions() -> list[object]:
    checks = estimator_checks_generator(XnorClassifier(random_state=0))
    pairs = [(check.func.__name__, est, check) for est, check in checks]
    return [pytest.param(*pair, id=name) for name, *pair in pairs if name not in NEED_MORE]


@pytest.mark.parametrize(("estimator", "check"), conventions())
def test_scikit_learns_conventions(estimator, check):
    check(estimator)


def quick(**options: object) -> XnorClassifier:
    return XnorClassifier(**{"epochs": 10, "random_state": 0, **options})


@pytest.fixture(params=["scikit-learn", "stand-in"])
def kind(request, monkeypatch) -> type:
    """The class on either base."""
    if request.param == "scikit-learn":
        return XnorClassifier
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)  # an import fails
    spec = importlib.util.spec_from_file_location("classifier_alone", classifier.__file__)
    alone = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(alone)
    assert alone.BaseEstimator is not classifier.BaseEstimator
    return alone.XnorClassifier


def series(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Windows (n, 24, 2) whose level is the class."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    return 0.4 * (y - 1)[:, None, None] + rng.normal(0, 0.5, (count, 24, 2)), y


@pytest.mark.quick
def test_iris_by_cross_validation():
    x, y = load_iris(return_X_y=True)
    scores = cross_val_score(XnorClassifier(random_state=0), x, y, cv=3)
    assert scores.mean() > 0.9


@pytest.mark.quick
def test_grid_search_groups_and_a_pipeline():
    x, y = make_blobs(150, 4, centers=3, random_state=1, cluster_std=2.0)
    groups = np.arange(150) % 5
    pipe = make_pipeline(StandardScaler(), quick())
    grid = {"xnorclassifier__bits": [1, 3], "xnorclassifier__encoding": ["thermometer"]}
    search = GridSearchCV(pipe, grid, cv=GroupKFold(3)).fit(x, y, groups=groups)
    assert search.best_score_ > 0.8 and search.best_params_["xnorclassifier__bits"] in (1, 3)
    assert search.predict(x).shape == (150,)


@pytest.mark.quick
def test_clone_and_parameters():
    first = quick(layers=(32, 16), bits=2)
    again = clone(first)
    assert again is not first and again.get_params() == first.get_params()
    assert again.set_params(epochs=7).epochs == 7 and first.epochs == 10
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        first.set_params(depth=3)
    assert repr(first) == "XnorClassifier(bits=2, epochs=10, layers=(32, 16), random_state=0)"


@pytest.mark.quick
def test_the_integer_network_predicts_and_is_saved(tmp_path):
    x, y = series()
    names = np.array(["low", "middle", "high"])[y]
    clf = quick(encoding="thermometer").fit(x, names)
    assert clf.n_features_in_ == 24 and list(clf.classes_) == ["high", "low", "middle"]
    assert clf.score(x, names) > 0.9 and len(clf.history_) == 10
    size = clf.save(tmp_path / "m.bnn", "levels")
    model = model_file.load_model(tmp_path / "m.bnn")
    assert size == (tmp_path / "m.bnn").stat().st_size and model.name == "levels"
    assert model.labels == ("high", "low", "middle") and model.window.length == 24
    counts = np.clip(np.rint(x / clf.units_), -32768, 32767).astype(np.int16)
    assert (clf.classes_[model.predict(counts)] == clf.predict(x)).all()
    assert np.allclose(np.array(model.window.scales) / 1e9, clf.units_, rtol=1e-3)


@pytest.mark.quick
def test_classes_keep_their_names_in_a_model_file_where_it_can_hold_them(tmp_path):
    x, y = series()
    names = np.array(["läufen", "走る", 32 * "ö"])[y]
    clf = quick().fit(x, names)
    clf.save(tmp_path / "m.bnn", "größe")
    model = model_file.load_model(tmp_path / "m.bnn")
    assert model.name == "größe"
    assert model.labels == ("läufen", "class 1", "走る")


@pytest.mark.quick
def test_probabilities_are_those_of_the_logits():
    x, y = series()
    clf = quick().fit(x, y)
    proba = clf.predict_proba(x)
    assert np.allclose(proba.sum(axis=1), 1) and (proba >= 0).all()
    assert (clf.classes_[proba.argmax(axis=1)] == clf.predict(x)).all()
    sure = proba.max(axis=1)
    right = clf.predict(x) == y
    assert 0.4 < sure.mean() < 1 and sure[right].mean() > sure[~right].mean()


@pytest.mark.quick
def test_a_node_computes_the_same_probabilities_in_integers(tmp_path):
    x, y = series()
    clf = quick().fit(x, y)
    clf.save(tmp_path / "m.bnn")
    model = load_model(tmp_path / "m.bnn")
    assert model.answers is not None
    counts = np.clip(np.rint(x / clf.units_), -32768, 32767).astype(np.int16)
    found = probabilities(model.scores(counts), model.answers) / 65535
    assert np.abs(found - clf.predict_proba(x)).max() < 0.01


@pytest.mark.quick
def test_layers_as_text_widths_and_specs():
    x, y = series()
    specs = (Conv(8, (5, 1), (2, 1), pool=(2, 1)), Dense(16))
    for layers in ("conv 8x5/2 pool 2, dense 16", specs):
        first, second, _ = quick(layers=layers, epochs=2).fit(x, y).model_.layers
        assert (first.geometry.kernel, first.stride, first.pool) == ((5, 1), (2, 1), (2, 1))
        assert second.weights.shape == (16, 1, 1, 8 * 5)
    images = np.random.default_rng(0).integers(0, 255, (60, 8, 8))
    clf = quick(layers="conv 4x3", image_shape=(8, 8), epochs=1).fit(images, np.arange(60) % 2)
    assert clf.model_.layers[0].input_shape == (8, 8, 1)
    with pytest.raises(DataError, match="'cnv 3' is no layer"):
        quick(layers="cnv 3").fit(x, y)


@pytest.mark.quick
def test_whole_numbers_are_taken_as_they_are():
    x = np.random.default_rng(0).integers(-3000, 3000, (40, 3))
    clf = quick(epochs=1).fit(x, x[:, 0] > 0)
    assert (clf.units_ == 1).all() and clf.model_.window.scales == (0, 0, 0)
    assert (clf.model_.predict(x[:, None].astype(np.int16)) == clf.predict(x)).all()


@pytest.mark.quick
def test_random_state_repeats_a_training():
    x, y = series(60)
    files = [
        file_format.to_bytes(quick(epochs=3, random_state=s).fit(x, y).model_) for s in (1, 1, 2)
    ]
    assert files[0] == files[1] != files[2]


@pytest.mark.quick
def test_class_weights_by_label():
    x, y = make_blobs(200, 2, centers=2, random_state=0, cluster_std=6.0)
    names = np.array(["rare", "often"])[y]
    light = quick(class_weight={"rare": 1.0, "often": 20.0}).fit(x, names)
    heavy = quick(class_weight={"rare": 20.0, "often": 1.0}).fit(x, names)
    assert (heavy.predict(x) == "rare").mean() > (light.predict(x) == "rare").mean() + 0.1


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"X": np.full((6, 2), np.nan)}, "NaN"),
        ({"X": np.full((6, 2), np.inf)}, "infinity"),
        ({"X": np.zeros(6)}, "Reshape your data"),
        ({"y": np.zeros(6)}, "1 class"),
        ({"y": np.linspace(0, 1, 6)}, "Unknown label type"),
        ({"y": np.arange(6)}, "too little data"),
        ({"y": np.arange(5) % 2}, "inconsistent numbers of samples"),
        ({"y": np.array([1, "a", 1, "a", 1, "a"], object)}, "all classes strings, or all numbers"),
        ({"y": np.array([0, 1, 0, 1, 0, np.nan])}, "NaN"),
        ({"X": np.full((6, 2), 1j)}, "Complex data not supported"),
        ({"X": np.full((6, 2), "a")}, "numeric"),
        ({"X": np.zeros((0, 2)), "y": ()}, r"0 sample\(s\)"),
        ({"X": np.zeros((6, 0, 2))}, "holds no windows"),
        ({"X": np.zeros((6, 1, 1, 1, 1))}, "holds no windows"),
        ({"X": np.zeros((6, 2, 9))}, "channels_first=True"),
        ({"X": np.zeros((6, 4, 4, 3))}, r"image_shape=\(4, 4\)"),
        ({"X": [[1], [1, 2]] * 3}, "same shape"),
        ({"X": [[1, None]] * 6}, r"NaN in rows 0, 1, 2, 3, 4, ... \(6 of 6\)"),
        ({"X": np.zeros((6, 2), "M8[s]")}, "times"),
        ({"X": np.zeros(6, [("a", int), ("b", int)])}, "structured_to_unstructured"),
        ({"X": np.ma.masked_equal(np.eye(6), 1)}, "masked in 6 places"),
        ({"X": csr_matrix(np.eye(6))}, r"X is sparse.*toarray"),
        ({"X": None}, "X is None"),
        ({"X": {"a": 1}}, "X is a dict"),
        ({"y": np.eye(3)[[0, 1, 2] * 2]}, r"one-hot.*argmax\(y, axis=1\)"),
        ({"y": np.full((6, 2), 0.5)}, "probabilities"),
        ({"y": np.array([b"a", b"b"] * 3)}, "char.decode"),
        ({"y": np.array([b"a", b"\xe4"] * 3, object)}, "char.decode"),
        ({"y": ["a", None] * 3}, r"no class .* in rows 1, 3, 5 \(3 of 6\)"),
        ({"y": ["a", float("nan")] * 3}, "no class"),
        ({"y": np.array(["a", "nan"] * 3)}, "no class"),
        ({"y": ["a", ""] * 3}, "no class"),
        ({"y": [1, "a"] * 3}, "all classes strings, or all numbers"),
        ({"y": [object(), "a"] * 3}, "type object"),
        ({"y": np.arange(6).astype("M8[D]")}, "times"),
        ({"y": np.zeros(6, [("a", int), ("b", int)])}, "fields"),
        ({"y": np.ma.masked_equal(np.arange(6), 1)}, "y is masked in 1 place"),
        ({"y": csr_matrix(np.eye(6))}, "y is sparse"),
        ({"y": {0, 1}}, "y is a set"),
        ({"y": np.array([0, 1j] * 3)}, "Complex"),
    ],
)
def test_bad_data_are_refused(kind, change, says):
    given = {"X": np.zeros((6, 2)), "y": np.arange(6) % 2, **change}
    with pytest.raises(DataError, match=says):
        kind(random_state=0).fit(given["X"], given["y"])


@pytest.mark.quick
def test_not_fitted_and_other_features(kind):
    x, y = series(30)
    with pytest.raises(ValueError, match="not fitted"):
        kind().predict(x)
    clf = kind(epochs=1, random_state=0).fit(x, y)
    with pytest.raises(DataError, match="expecting 24 features"):
        clf.predict(x[:, :20])
    with pytest.raises(DataError, match="fit was given"):
        clf.predict(x[:, :, :1])


@pytest.mark.quick
def test_both_bases_train_the_same_model(kind):
    x, y = series(60)
    clf = kind().set_params(epochs=3, random_state=0).fit(x, y)
    assert clf.get_params() == quick(epochs=3).get_params()
    theirs = quick(epochs=3).fit(x, y)
    assert file_format.to_bytes(clf.model_) == file_format.to_bytes(theirs.model_)
    assert clf.score(x, y) == (theirs.predict(x) == y).mean()
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        clf.set_params(depth=3)


@pytest.mark.quick
def test_the_example():
    assert doctest.testmod(classifier).failed == 0


@pytest.mark.quick
def test_scikit_learn_is_imported_for_the_classifier_alone():
    program = "import sys, xnornode; xnornode.train; xnornode.Classifier; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    modules = done.stdout.split()
    assert "xnornode.training.trainer" in modules and "sklearn" not in modules


@pytest.mark.quick
def test_it_needs_no_scikit_learn():
    program = """
import sys
sys.modules["sklearn"] = None  # an import would fail
import numpy as np
from xnornode.classifier import XnorClassifier
x = np.random.default_rng(0).normal(size=(40, 3))
clf = XnorClassifier(epochs=2, random_state=0).fit(x, x[:, 0] > 0)
print(clf.predict(x).shape, clf.predict_proba(x).shape, clf.score(x, x[:, 0] > 0) > 0.5)
try:
    XnorClassifier().predict(x)
except ValueError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(40,) (40, 2) True\nthis XnorClassifier is not fitted")


def test_readme_classifier(tmp_path, monkeypatch):
    readme = (ROOT / "README.md").read_text()
    (block,) = [
        b for b in re.findall(r"```python\n(.*?)```", readme, re.S) if "XnorClassifier" in b
    ]
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.normal(0, 100, (60, 64, 3)) + 300 * y[:, None, None]
    monkeypatch.chdir(tmp_path)
    exec(block, {"X": X, "y": y})
    assert load_model(tmp_path / "model.bnn").selftest()
