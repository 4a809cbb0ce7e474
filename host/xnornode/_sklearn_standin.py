"""What `XnorClassifier` uses of scikit-learn, for computers without it.

Names, arguments and attributes are scikit-learn's; there is only what the classifier needs.
"""

import inspect
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class NotFittedError(ValueError, AttributeError):
    """A method was called before fit."""


class BaseEstimator:
    """Keeps its constructor's arguments as attributes."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments and their values."""
        names = sorted(inspect.signature(type(self)).parameters)
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Set constructor's arguments. Raises ValueError for other names."""
        known = list(self.get_params())
        for name in params:
            if name not in known:
                raise ValueError(f"Invalid parameter {name!r}. Valid parameters are: {known}")
        vars(self).update(params)
        return self


class ClassifierMixin:
    """Scores by accuracy."""

    _estimator_type = "classifier"  # scikit-learn before 1.6 has no tags, but reads this

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of predict(X) against y."""
        right = self.predict(X) == np.reshape(y, -1)  # type: ignore[attr-defined]
        return float(np.average(right, weights=sample_weight))


def check_is_fitted(estimator: Any) -> None:
    """Raise NotFittedError before fit."""
    if not estimator.__sklearn_is_fitted__():
        raise NotFittedError(f"this {type(estimator).__name__} is not fitted yet: call fit first")


def validate_data(
    estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool = True, allow_nd: bool = True
) -> Any:
    """X, or (X, y), as arrays of finite values. Raises TypeError or ValueError."""
    names = getattr(X, "columns", ())
    X = np.asarray(X)
    if X.dtype.kind == "O":
        X = X.astype(np.float64)
    if X.dtype.kind not in "biufc":
        raise ValueError(f"X must be numeric, not {X.dtype}")
    _check_finite(X, "X")
    if X.ndim < 2:
        raise ValueError(
            f"Expected 2D array, got an array of shape {X.shape}. Reshape your data with "
            "array.reshape(-1, 1) or array.reshape(1, -1)"
        )
    if len(X) == 0:
        raise ValueError(f"Found array with 0 sample(s), shape {X.shape}; at least 1 is required")
    if reset:
        estimator.n_features_in_ = X.shape[1]
        vars(estimator).pop("feature_names_in_", None)
        if len(names) and all(isinstance(name, str) for name in names):
            estimator.feature_names_in_ = np.asarray(names, dtype=object)
    elif X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    if isinstance(y, str):
        return X
    y = np.asarray(y)
    if y.shape not in ((len(X),), (len(X), 1)):
        raise ValueError(
            f"X of shape {X.shape} and y of shape {y.shape} have inconsistent numbers of samples: "
            "y must have one class per row of X"
        )
    _check_finite(y, "y")
    return X, y.ravel()


def check_classification_targets(y: Array) -> None:
    """Raise ValueError for measured values in place of classes."""
    if y.dtype.kind == "f" and (y != np.rint(y)).any():
        raise ValueError("Unknown label type: continuous. A classifier needs classes")


def _check_finite(values: Array, name: str) -> None:
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported in {name}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else "infinity or a value too large"
        raise ValueError(f"Input {name} contains {what}: clean or drop it first")
