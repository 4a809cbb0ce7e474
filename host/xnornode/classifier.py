"""A classifier with scikit-learn's conventions, for its tools and without need of it.

    from xnornode import XnorClassifier

    classifier = XnorClassifier(layers="conv 32x5/2 pool 2, dense 64", epochs=40)
    cross_val_score(classifier, X, y, groups=people, cv=GroupKFold())
    classifier.fit(X, y).save("model.bnn")

What predicts is the integer network, bit for bit as on the node.
"""

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from xnornode._sklearn_validation import check_X, check_y, not_fitted
from xnornode._typing import Int16
from xnornode.data.prepare import Splits
from xnornode.data.scaling import choose_units, to_units
from xnornode.data.windows import Windows, check_names
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model import file_format
from xnornode.model.limits import MAX_CHANNELS
from xnornode.model.model import Model, Window
from xnornode.nn.layer_spec import Dense, Spec, parse_layers
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trainer import train

Array = npt.NDArray[Any]


class XnorClassifier:
    """Binary neural network for windows of samples or for feature vectors.

    X: (n, features), (n, length, channels), or images (n, height, width[, channels]) where `grid`
    is given; numbers of any type. Whole numbers within int16 are taken as they are, others are
    divided by `units_`, chosen per channel from the training data. A feature is a channel of its
    own; more than 255 features are one channel.

    layers: hidden layers, as text (see `layerspec`), widths of dense layers, or `network.Dense` and
    `Conv`. code: how values become inputs, "bytes", or "thermometer", "learned" and "planes", whose
    bits per value are `bits`.
    grid: (height, width) of images. class_weight: None, "balanced", or a number per class.
    teacher: the share that distillation from a float network takes of the loss, 0 for none; or a
    `Teacher`. rate, front, batch, estimator (the gradient of sign), loss, smoothing, augment: as in
    `TrainConfig`. random_state: an int makes training repeatable.

    After fit: classes_, n_features_in_, model_ (the folded `Model`), history_ (one `Epoch` each),
    units_ (physical units of one count, per channel, 1 for counts).
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        layers: str | Sequence[int | Spec] = (64,),
        *,
        encoding: str = "int8",
        bits: int = 8,
        features: Any = None,
        image_shape: tuple[int, int] | None = None,
        epochs: int = 100,
        batch: int = 32,
        learning_rate: float = 0.01,
        ste: str = "clipped",
        loss: str = "cross-entropy",
        smoothing: float = 0.0,
        class_weight: str | Mapping[Any, float] | None = None,
        teacher: float | Teacher = 0.0,
        augment: Any = None,
        random_state: Any = None,
    ) -> None:
        self.layers = layers
        self.encoding = encoding
        self.bits = bits
        self.features = features
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.ste = ste
        self.loss = loss
        self.smoothing = smoothing
        self.class_weight = class_weight
        self.teacher = teacher
        self.augment = augment
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train on X and the classes y (n,). Raises DataError, a ValueError, for bad data.

        The same `random_state` gives the same model on the same processor (see `train`).
        """
        given = check_X(X, self)
        labels = check_y(y, len(given))
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y has 1 class, {self.classes_[0]!r}: a classifier needs at least two")
        samples = self._shaped(given)
        self.units_ = choose_units(samples)
        names = tuple(_name(c, i) for i, c in enumerate(self.classes_))
        check_names((), names)
        counts = to_units(samples, self.units_)
        groups = np.zeros(len(counts), dtype="U1")
        windows = Windows(counts, index.astype(np.int64).ravel(), groups, names)
        splits = Splits(type(self).__name__, self._window(counts), names, windows)
        trained = train(splits, self._config(names))
        self.model_: Model = fold(trained)
        self.history_ = trained.history
        self._gain = _gain(self.model_, counts, trained.logits(counts))
        return self

    def predict(self, X: Any) -> Array:
        """The class of each row of X, (n,)."""
        counts = self._counts(X)
        return self.classes_[self.model_.predict(counts)]

    def predict_proba(self, X: Any) -> Array:
        """Softmax of the integer scores in the scale of the logits, float64 (n, classes)."""
        counts = self._counts(X)
        logits = self.model_.scores(counts) / self._gain
        logits -= logits.max(axis=1, keepdims=True)
        power = np.exp(logits)
        proba: Array = power / power.sum(axis=1, keepdims=True)
        return proba

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of predict(X) against y."""
        return float(np.average(self.predict(X) == np.asarray(y), weights=sample_weight))

    def save(self, path: str | os.PathLike[str], name: str = "") -> int:
        """Write the model for a node; the file's size in bytes."""
        self._check_fitted()
        return file_format.save(replace(self.model_, name=name) if name else self.model_, path)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments and their values."""
        return {name: getattr(self, name) for name in _parameters(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Set constructor's arguments; ValueError for a name that is none."""
        known = _parameters(type(self))
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self!r}: valid are {known}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name].default)
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(three_d_array=True),
            non_deterministic=self.random_state is None,
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise not_fitted(type(self).__name__)

    def _counts(self, X: Any) -> Int16:
        self._check_fitted()
        given = check_X(X, self, fitted=True)
        return to_units(self._shaped(given), self.units_)

    def _shaped(self, x: Array) -> Array:
        """X as windows (n, length, channels)."""
        if self.image_shape is not None and x.ndim > 1:
            if x[0].size % (self.image_shape[0] * self.image_shape[1]):
                raise DataError(f"X of shape {x.shape} holds no images of {self.image_shape}")
            return x.reshape(len(x), self.image_shape[0] * self.image_shape[1], -1)
        if x.ndim == 2:
            return x[:, None, :] if x.shape[1] <= MAX_CHANNELS else x[:, :, None]
        return x

    def _config(self, names: Sequence[str]) -> TrainConfig:
        layers, mean = self.layers, False
        if isinstance(layers, str):
            specs, mean = parse_layers(layers, image=self.image_shape is not None)
        else:
            specs = tuple(Dense(int(x)) if isinstance(x, int | np.integer) else x for x in layers)
        teacher = self.teacher
        if not isinstance(teacher, Teacher):
            teacher = Teacher(share=teacher) if teacher else None  # type: ignore[assignment]
        weights = self.class_weight
        if isinstance(weights, Mapping):
            weights = tuple(float(weights.get(c, 1.0)) for c in self.classes_)  # type: ignore
        given = {} if self.features is None else {"features": self.features}
        return TrainConfig(
            layers=specs,
            global_average_pooling=mean,
            encoding=self.encoding,  # type: ignore[arg-type]
            bits=self.bits,
            image_shape=self.image_shape,
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            ste=self.ste,
            loss=self.loss,
            smoothing=self.smoothing,
            class_weights=weights,  # type: ignore[arg-type]
            teacher=teacher,  # type: ignore[arg-type]
            augment=self.augment,
            seed=_seed(self.random_state),
            **given,
        )

    def _window(self, counts: Int16) -> Window:
        length, channels = counts.shape[1:]
        names = getattr(self, "feature_names_in_", None)
        titles = [f"feature {i}" if length == 1 else f"channel {i}" for i in range(channels)]
        if names is not None and len(names) == channels:
            titles = [_ascii(str(n)) or t for n, t in zip(names, titles, strict=True)]
        nano = np.rint(1e9 * self.units_)
        # A scale of 0 says that it is not known: what does not fit the field, and counts.
        known = (self.units_ != 1) & (nano >= 1000) & (nano < 2**32)
        scales = tuple(int(n) for n in np.where(known, nano, 0))
        return Window(tuple(titles), length, length, 0, scales)


def _parameters(kind: type) -> list[str]:
    return sorted(inspect.signature(kind).parameters)


def _gain(model: Model, counts: Int16, logits: Array, most: int = 1000) -> float:
    """The factor between scores and logits, by least squares."""
    scores = model.scores(counts[:most]).astype(np.float64)
    real = logits[:most].astype(np.float64)
    return max(float((scores * real).sum() / max(float((real * real).sum()), 1e-30)), 1e-30)


def _seed(state: Any) -> int:
    """A seed from an int, a RandomState, a Generator, or None: any, by NumPy's global state."""
    if state is None:
        return int(np.random.randint(2**31 - 1))
    if isinstance(state, np.random.RandomState):
        return int(state.randint(2**31 - 1))
    if isinstance(state, np.random.Generator):
        return int(state.integers(2**31 - 1))
    return int(state)


def _ascii(text: str) -> str:
    return "".join(c for c in text if " " <= c <= "~")[:63]


def _name(value: Any, i: int) -> str:
    text = str(value)
    return text if text and text == _ascii(text) else f"class {i}"
