"""A classifier with scikit-learn's conventions, which also works without scikit-learn."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from xnornode import _classifier_arguments as arguments
from xnornode._classifier_input import check_labels, check_rows
from xnornode._classifier_save import gain_of, saved_window, scaled_as
from xnornode._typing import Int16
from xnornode.data.scaling import choose_units, to_units
from xnornode.data.splits import Splits
from xnornode.data.windows import Windows, check_names
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model import model_file
from xnornode.model.model import Model
from xnornode.nn.layer_spec import Spec
from xnornode.training.config import Teacher
from xnornode.training.trainer import train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:  # not installed, or older than 1.6
    from xnornode._sklearn_standin import (
        BaseEstimator,
        ClassifierMixin,
        check_classification_targets,
        check_is_fitted,
        validate_data,
    )

Array = npt.NDArray[Any]


class XnorClassifier(ClassifierMixin, BaseEstimator):
    """Binary neural network with scikit-learn's conventions, for windows, features or images.

    The folded integer network predicts, bit for bit as on a node. The base classes are
    scikit-learn's if it is installed; scikit-learn is not needed.

    Parameters
    ----------
    layers : str, or sequence of int, Dense or Conv, default (64,)
        Hidden layers: text ("conv 32x5/2 pool 2, dense 64"), widths of dense layers, or layers.
    encoding : {"int8", "thermometer", "learned-thermometer", "bit-planes"}, default "int8"
        How values become the network's input.
    bits : int, default 8
        Bits per value of thermometers and bit planes, 1 to 32.
    features : Features, optional
        What a window becomes first. Default: `Raw()`, the samples themselves.
    image_shape : tuple of int, optional
        (height, width) in pixels if X holds images.
    channels_first : bool, optional
        Whether X is (n, channels, length), or (n, channels, height, width) of images, as in
        PyTorch. Default: no, and an X with more channels than samples is refused.
    epochs : int, default 100
        Passes over the data.
    batch : int, default 32
        Windows per step, at least 4.
    learning_rate : float, default 0.01
        The highest learning rate of the schedule.
    ste : str, default "clipped"
        The gradient that stands in for sign's; a key of `xnornode.nn.quantizers.STES`.
    loss : {"cross-entropy", "squared-hinge"}, default "cross-entropy"
        What training makes small.
    smoothing : float, default 0.0
        Label smoothing: the share of the target that all classes get alike, 0 to below 1.
    class_weight : "balanced", mapping or None, default None
        "balanced": all classes count alike. A mapping: weights of members of y; else 1.
    teacher : float or Teacher, default 0.0
        Share of the loss that distillation from a float network takes; 0 for no distillation.
    augment : Augmentation, optional
        Random changes of the training data. Default: none.
    random_state : int, RandomState, Generator or None, default None
        An int repeats a training on one processor (see `train`).

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The members of y, sorted.
    n_features_in_ : int
        Length of the second axis of X.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Columns of X if X is a data frame whose columns all are strings.
    units_ : ndarray of float64, shape (channels,)
        Units of X per count; 1 for channels of whole numbers within int16.
    model_ : Model
        The integer network.
    history_ : tuple of Epoch
        How each epoch went.

    Notes
    -----
    `predict` returns members of y, as scikit-learn's tools compare it with y. `Model.predict` knows
    no y and returns class indexes, as a node does. `predict(X)` is
    ``classes_[model_.predict(counts)]``, where ``counts`` is X divided by `units_`, as int16.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import XnorClassifier
    >>> X = np.random.default_rng(0).normal(0, 1, (80, 16, 2))
    >>> X[40:] += 3
    >>> y = np.repeat(["rest", "walk"], 40)
    >>> clf = XnorClassifier(layers="dense 16", epochs=10, random_state=0).fit(X, y)
    >>> clf.predict(X[[0, -1]])
    array(['rest', 'walk'], dtype='<U4')
    >>> clf.score(X, y)
    1.0
    """

    def __init__(
        self,
        layers: str | Sequence[int | Spec] = (64,),
        *,
        encoding: str = "int8",
        bits: int = 8,
        features: Any = None,
        image_shape: tuple[int, int] | None = None,
        channels_first: bool | None = None,
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
        self.channels_first = channels_first
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

    def fit(self, X: Any, y: Any, **others: Any) -> Self:
        """Train a network.

        Parameters
        ----------
        X : array_like, shape (n, features), (n, length, channels) or (n, height, width[, channels])
            Numbers. Up to 255 features are a channel each. More are one channel with one scale: a
            series for `features` and convolutions, plain values for dense layers. Columns whose
            ranges differ much are better brought to one range first, which a warning says; or
            reshape them to (n, length, channels). Images: `image_shape`.
        y : array_like, shape (n,)
            The class of each row, a number or a string.
        **others
            Refused with the remedy, as is `sample_weight`.

        Returns
        -------
        XnorClassifier
            The classifier itself.

        Raises
        ------
        DataError
            The data or a parameter make no sense. It is a ValueError.
        """
        arguments.refuse(others, self.get_params())
        X, y = self._validated(X, check_labels(y), reset=True)
        self._shape_in = X.shape[1:]
        try:
            check_classification_targets(y)
            self.classes_, index = np.unique(y, return_inverse=True)
        except (TypeError, ValueError) as error:
            raise DataError(f"y: {error}. Make all classes strings, or all numbers") from None
        if len(self.classes_) < 2:
            raise DataError(
                f"y has 1 class, {self.classes_.tolist()[0]!r}: a classifier needs at least two"
            )
        config = arguments.as_config(self, self.classes_)
        samples = arguments.as_windows(X, self.image_shape, self.channels_first)
        self._scaled = scaled_as(samples)
        self.units_ = choose_units(samples)
        names = arguments.as_labels(self.classes_)
        check_names("classifier", (), names)
        counts = to_units(samples, self.units_)
        windows = Windows(counts, index.astype(np.int64), np.full(len(counts), ""), names)
        window = arguments.as_window(counts, self.units_, getattr(self, "feature_names_in_", ()))
        splits = Splits(type(self).__name__, window, names, windows)
        trained = train(splits, config)
        self.model_: Model = fold(trained)
        self.history_ = trained.history
        self._gain = gain_of(self.model_, counts, trained.logits(counts))
        return self

    def predict(self, X: Any) -> Array:
        """The class of each row.

        Parameters
        ----------
        X : array_like
            Numbers in the shape of fit's X.

        Returns
        -------
        ndarray, shape (n,)
            Members of y, where `Model.predict` returns class indexes.

        Raises
        ------
        DataError
            X is not finite, or its rows have another shape than fit's.
        NotFittedError
            `fit` was not called. It is a ValueError.
        """
        counts = self._counts(X)
        return self.classes_[self.model_.predict(counts)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class: softmax of the integer scores, scaled as the logits.

        Parameters
        ----------
        X : array_like
            Numbers in the shape of fit's X.

        Returns
        -------
        ndarray of float64, shape (n, classes)
            In the order of `classes_`.
        """
        counts = self._counts(X)
        logits = self.model_.scores(counts) / self._gain
        power = np.exp(logits - logits.max(axis=1, keepdims=True))
        return power / power.sum(axis=1, keepdims=True)

    def save(self, path: str | os.PathLike[str], name: str = "", scaler: Any = None) -> int:
        """Write the model file for a node.

        Parameters
        ----------
        path : str or path-like
            The `.bnn` file.
        name : str, optional
            The model's name, up to 63 bytes of text in UTF-8. Default: "XnorClassifier".
        scaler : fitted transformer or False, optional
            What came before the classifier in a Pipeline, ``pipeline[:-1]``. The file then takes
            values as they were before it. It may multiply features, and not shift them. False: the
            node's values are scaled already. Default: nothing came before it.

        Returns
        -------
        int
            Size of the file in bytes.

        Raises
        ------
        DataError
            fit's X was scaled and `scaler` is not given, or the file cannot hold what it does.
        ModelError, NotFittedError, OSError
            The name does not fit the format; `fit` was not called; the file cannot be written.
        """
        check_is_fitted(self)
        model = replace(self.model_, window=saved_window(self, scaler))
        return model_file.save_model(replace(model, name=name) if name else model, path)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = self.random_state is None
        return tags

    def _validated(self, X: Any, *y: Any, reset: bool) -> Any:
        check_rows(X)
        try:
            return validate_data(self, X, *y, reset=reset, allow_nd=True)
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None

    def _counts(self, X: Any) -> Int16:
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        if X.shape[1:] != self._shape_in:
            raise DataError(f"X has the shape {X.shape}, but fit was given (n, *{self._shape_in})")
        samples = arguments.as_windows(X, self.image_shape, self.channels_first)
        return to_units(samples, self.units_)
